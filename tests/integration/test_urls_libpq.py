"""libpq itself reads the URLs of the table as connmgr does."""

from __future__ import annotations

import ctypes
from ctypes.util import find_library
from typing import Any

import pytest

from tests.rig.availability import unavailable
from tests.rig.urls import GIVEN

# Words that came after PostgreSQL 15, and forms that only connmgr takes.
TOO_NEW = ("load_balance_hosts", "sslnegotiation", "sslcertmode", "sslrootcert=system")
OWN = ("postgresql+asyncpg:", "POSTGRESQL:", "p@ss")


class Option(ctypes.Structure):
    """libpq's PQconninfoOption."""

    _fields_ = (
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")),
        ("dispsize", ctypes.c_int),
    )


@pytest.fixture(scope="module")
def libpq() -> Any:
    """libpq, for its own reading of a URL."""
    name = find_library("pq")
    if name is None:
        unavailable("libpq is not installed")
    library = ctypes.CDLL(name)
    library.PQconninfoParse.restype = ctypes.POINTER(Option)
    return library


def words(libpq: Any, url: str) -> dict[str, str]:
    """What libpq says a URL says."""
    error = ctypes.c_char_p()
    options = libpq.PQconninfoParse(url.encode(), ctypes.byref(error))
    assert options, error.value
    found = {}
    for option in options:
        if option.keyword is None:
            break
        if option.val:
            found[option.keyword.decode()] = option.val.decode()
    libpq.PQconninfoFree(options)
    return found


def servers(words: dict[str, str]) -> str:
    """The servers as the table writes them, by libpq's rules and connmgr's defaults."""
    hosts = words.get("host", "").split(",")
    addresses = words["hostaddr"].split(",") if "hostaddr" in words else [""] * len(hosts)
    ports = words.get("port", "").split(",")
    ports = ports * len(hosts) if not ports[1:] else ports
    return ",".join(
        f"{host or address or 'localhost'}{f'={address}' if host and address else ''}:{port or 5432}"
        for host, address, port in zip(hosts, addresses, ports, strict=True)
    )


@pytest.mark.parametrize(
    ("url", "where", "user", "dbname", "password"),
    [row[:5] for row in GIVEN if not any(word in row[0] for word in (*TOO_NEW, *OWN))],
)
def test_libpq_reads_the_same(
    libpq: Any, url: str, where: str, user: str | None, dbname: str, password: str | None
) -> None:
    found = words(libpq, url.replace("$$", "$"))

    assert servers(found) == where
    assert found.get("user") == user
    assert (found.get("dbname") or user) == dbname
    assert found.get("password") == password
