"""How libpq's words have to fit together, found as soon as the words are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connmgr.config.libpq.servers import is_local
from connmgr.config.libpq.sheet import Sheet
from connmgr.config.libpq.words import PATHS
from connmgr.problem import Code

if TYPE_CHECKING:
    from connmgr.target import Server

_STRONG: Final = ("require", "verify-ca", "verify-full")
_VERIFYING: Final = ("verify-ca", "verify-full")
_RULED: Final = frozenset((*PATHS, "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version"))


def check_rules(sheet: Sheet, servers: tuple[Server, ...] | None) -> None:
    """Report the words that do not fit each other; one that is not known yet fits."""
    if _RULED.isdisjoint(sheet.words):
        return
    mode = sslmode(sheet, servers)
    _check_paths(sheet)
    _check_negotiation(sheet, mode)
    _check_authorities(sheet, mode)
    _check_client_certificate(sheet)
    _check_versions(sheet)


def sslmode(sheet: Sheet, servers: tuple[Server, ...] | None) -> str | None:
    """Return the TLS mode that holds, the default among it; None when it is not known yet."""
    if sheet.value("sslmode") is not None or sheet.is_unknown("sslmode"):
        return sheet.text("sslmode")
    if sheet.value("sslrootcert") == "system":
        return "verify-full"
    if servers is None or sheet.is_unknown("sslrootcert"):
        return None
    return "prefer" if all(map(is_local, servers)) else "verify-full"


def _check_paths(sheet: Sheet) -> None:
    for word in PATHS:
        text = sheet.text(word)
        if text and text.startswith("~"):
            found = f"a path in {word} that begins with ~, which only a shell understands"
            sheet.refuse(
                sheet.words[word], Code.PARAMETER, found, "a whole path", "write ${HOME} in its place"
            )


def _check_negotiation(sheet: Sheet, mode: str | None) -> None:
    if sheet.value("sslnegotiation") == "direct" and mode is not None and mode not in _STRONG:
        found = f"sslnegotiation=direct with sslmode={mode}, which may do without TLS"
        accepted = "sslmode=require, verify-ca or verify-full"
        sheet.refuse(sheet.words["sslnegotiation"], Code.PARAMETER, found, accepted, "write sslmode too")


def _check_authorities(sheet: Sheet, mode: str | None) -> None:
    if sheet.value("sslrootcert") == "system" and mode not in (None, "verify-full"):
        found = f"sslrootcert=system with sslmode={mode}: everybody can get a certificate of those"
        hint = "leave sslmode out"
        sheet.refuse(sheet.words["sslrootcert"], Code.PARAMETER, found, "sslmode=verify-full", hint)
    checks = "sslrootcert" in sheet.words or sheet.is_open
    if sheet.value("sslcrl") is not None and not checks and mode is not None and mode not in _VERIFYING:
        found = f"sslcrl with sslmode={mode}, which checks no certificate"
        hint = "write sslrootcert too, or leave sslcrl out"
        sheet.refuse(sheet.words["sslcrl"], Code.PARAMETER, found, "sslmode=verify-ca or verify-full", hint)


def _check_client_certificate(sheet: Sheet) -> None:
    if "sslkey" in sheet.words and "sslcert" not in sheet.words and not sheet.is_open:
        found = "an sslkey without the certificate it was made for"
        sheet.refuse(sheet.words["sslkey"], Code.PARAMETER, found, "sslcert beside it")


def _check_versions(sheet: Sheet) -> None:
    low, high = sheet.words.get("ssl_min_protocol_version"), sheet.words.get("ssl_max_protocol_version")
    if low is None or high is None or low.value is None or high.value is None:
        return
    # Two of `connection` itself are compared where all settings are.
    if str(low.value) > str(high.value) and (low.by, high.by) != ("connection", "connection"):
        found = "an ssl_min_protocol_version over ssl_max_protocol_version"
        hint = "no protocol lies between them, and no connection would ever be opened"
        sheet.refuse(low, Code.PARAMETER, found, "one that is not over it", hint)
