"""The servers that `host`, `hostaddr` and `port` name together, by libpq's rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from connmgr.config.libpq.sheet import Sheet
from connmgr.config.references import Reference
from connmgr.config.urls import ESCAPES, Component, Hidden
from connmgr.problem import Code

if TYPE_CHECKING:
    from connmgr.target import Server

LISTS: Final = ("host", "hostaddr", "port")
"""Words whose values hold one entry for each server, with commas between."""

_HOST: Final = re.compile(r"[\w.-]+")
_DEFAULT: Final = "localhost"
_SEVERAL: Final = "one for all hosts, or one for each"


def servers(sheet: Sheet) -> tuple[Server, ...] | None:
    """Return the servers to try, in their order; None when they are not known, or wrong."""
    before = len(sheet.problems)
    unknown = any(map(sheet.is_unknown, LISTS))
    hosts, addresses, ports = (_list(sheet, word) for word in LISTS)
    _check_hosts(sheet, hosts)
    _check_addresses(sheet, addresses)
    _check_ports(sheet, ports)
    if unknown or len(sheet.problems) > before:
        return None
    if not _fit(sheet, hosts, addresses, ports):
        return None
    return tuple(_servers(hosts, addresses, ports))


def brings_another(parts: Component | Hidden, environ: Mapping[str, str]) -> bool:
    """Whether a variable that is a part of one entry would end it with a comma, and begin another.

    `${TENANT}.internal` would lead to a server of the tenant's choice.
    """
    values = (part.value(environ) for part in parts if isinstance(part, Reference))
    return len(parts) > 1 and any("," in (value or "") for value in values)


def is_local(server: Server) -> bool:
    """Whether a server is this machine's: a socket, or loopback."""
    host = server.hostaddr or server.host
    if server.is_socket or host.lower() == _DEFAULT:
        return True
    return _is_address(host) and _loopback(host)


def _list(sheet: Sheet, word: str) -> list[str]:
    text = sheet.text(word)
    return [] if text is None else text.split(",")


def _check_hosts(sheet: Sheet, hosts: list[str]) -> None:
    for host in hosts:
        if host.startswith("~"):
            _refuse(sheet, "host", "a socket directory that begins with ~", "an absolute path", "")
        elif host and not (host.startswith("/") or _HOST.fullmatch(host) or _is_address(host)):
            accepted = "a name, an address, or the absolute path of a socket's directory"
            _refuse(sheet, "host", "a host that is no name and no address", accepted, _hint(sheet))


def _hint(sheet: Sheet) -> str:
    return ESCAPES if sheet.words["host"].by == "url" else ""


def _check_addresses(sheet: Sheet, addresses: list[str]) -> None:
    for address in addresses:
        if address and not _is_address(address):
            hint = "write a name as host"
            _refuse(sheet, "hostaddr", "a hostaddr that is no IP address", "10.0.0.5, or ::1", hint)


def _check_ports(sheet: Sheet, ports: list[str]) -> None:
    for port in ports:
        if port and not 0 < int(port) < 65536:
            _refuse(sheet, "port", "a port that is no number from 1 to 65535", "5432", "")


def _refuse(sheet: Sheet, word: str, found: str, accepted: str, hint: str) -> None:
    said = sheet.words[word]
    code = Code.URL if said.by == "url" and word != "hostaddr" else Code.PARAMETER
    sheet.refuse(said, code, found, accepted, hint)


def _fit(sheet: Sheet, hosts: list[str], addresses: list[str], ports: list[str]) -> bool:
    count = len(addresses or hosts) or 1
    if hosts and addresses and len(hosts) != len(addresses):
        found = f"{_counted(len(hosts), 'host')} and {_counted(len(addresses), 'hostaddr')}"
        sheet.refuse(sheet.words["hostaddr"], Code.PARAMETER, found, "one for each host")
    elif len(ports) not in (0, 1, count):
        found = f"{_counted(count, 'host')} and {_counted(len(ports), 'port')}"
        sheet.refuse(sheet.words["port"], Code.PARAMETER, found, _SEVERAL)
    else:
        return True
    return False


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _servers(hosts: list[str], addresses: list[str], ports: list[str]) -> Iterator[Server]:
    # With `PostgresTarget`, whose many fields take long to import; a url in a variable has no servers yet.
    from connmgr.target import DEFAULT_PORT, Server

    count = len(addresses or hosts) or 1
    for index in range(count):
        address = addresses[index] if addresses else ""
        host = hosts[index] if hosts else ""
        port = ports[index if ports[1:] else 0] if ports else ""
        number = int(port) if port else DEFAULT_PORT
        # A certificate can be checked against nothing else than the address when there is no name.
        yield Server(host or address or _DEFAULT, number, address if host and address else None)


def _is_address(host: str) -> bool:
    # Names have no colon and begin with a letter, as a rule: ipaddress is slow to import.
    if not (":" in host or host[:1].isdecimal()):
        return False
    import ipaddress

    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _loopback(host: str) -> bool:
    import ipaddress

    return ipaddress.ip_address(host).is_loopback
