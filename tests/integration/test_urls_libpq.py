"""libpq itself reads the URLs of the table as connmgr does."""

from __future__ import annotations

import pytest

from tests.rig.libpq import Libpq
from tests.rig.urls import GIVEN

# Words that came after PostgreSQL 15, and forms that only connmgr takes.
TOO_NEW = ("load_balance_hosts", "sslnegotiation", "sslcertmode", "sslrootcert=system")
OWN = ("postgresql+asyncpg:", "POSTGRESQL:", "p@ss")


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
    libpq: Libpq, url: str, where: str, user: str | None, dbname: str, password: str | None
) -> None:
    found = libpq.parse(url.replace("$$", "$"))

    assert found is not None
    assert servers(found) == where
    assert found.get("user") == user
    assert (found.get("dbname") or user) == dbname
    assert found.get("password") == password
