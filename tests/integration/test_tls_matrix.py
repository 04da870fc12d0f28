"""Every `sslmode` against servers that are right, or wrong in one way: one table, which libpq agrees with."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from tests.rig.access import Access
from tests.rig.driver import Known, at, connected_by, settings_for
from tests.rig.pki import PASS_PHRASE, Pki
from tests.rig.postgres import PostgresServer
from tests.rig.template import DATABASE, ROLE, Template

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
IN_TLS = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

# What is refused is named by a part of the message; "clear" and "tls" are connections.
CHAIN, HOST = "self-signed certificate in certificate chain", "Hostname mismatch"
EXPIRED, REVOKED, NONE = "certificate has expired", "certificate revoked", "rejected SSL upgrade"
CLEAR, UNASKED = "no encryption", "requires a valid client certificate"
# The server hangs up as it says so, and the reset may overtake the word.
UNKNOWN = "unknown ca|closed in the middle of operation|reset by peer"
NAME = "certificate authentication failed"
LOCKED, OPEN_KEY = "sslpassword", "others than its owner can use it"

# case: (server, files), and the outcome of each mode, in the order of MODES.
TABLE: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "no root": ("server", {}, ("clear", "clear", "tls", "tls", CHAIN, CHAIN)),
    "right CA": ("server", {"sslrootcert": "ca"}, ("clear", "clear", "tls", "tls", "tls", "tls")),
    "other CA": ("server", {"sslrootcert": "other_ca"}, ("clear", "clear", "clear", CHAIN, CHAIN, CHAIN)),
    "wrong host": ("other_host_server", {"sslrootcert": "ca"}, ("clear", "clear", "tls", "tls", "tls", HOST)),
    "expired": (
        "expired_server",
        {"sslrootcert": "ca"},
        ("clear", "clear", "clear", EXPIRED, EXPIRED, EXPIRED),
    ),
    "expired, no root": ("expired_server", {}, ("clear", "clear", "tls", "tls", CHAIN, CHAIN)),
    "revoked": (
        "revoked_server",
        {"sslrootcert": "ca", "sslcrl": "crl"},
        ("clear", "clear", "clear", REVOKED, REVOKED, REVOKED),
    ),
    "not revoked": (
        "server",
        {"sslrootcert": "ca", "sslcrl": "crl"},
        ("clear", "clear", "tls", "tls", "tls", "tls"),
    ),
    "no list": ("revoked_server", {"sslrootcert": "ca"}, ("clear", "clear", "tls", "tls", "tls", "tls")),
    "no TLS": ("no TLS", {"sslrootcert": "ca"}, ("clear", "clear", "clear", NONE, NONE, NONE)),
    "no client certificate": (
        "certificates",
        {"sslrootcert": "ca"},
        (CLEAR, UNASKED, CLEAR, UNASKED, UNASKED, UNASKED),
    ),
    "client certificate": (
        "certificates",
        {"sslrootcert": "ca", "client": "client"},
        (CLEAR, "tls", "tls", "tls", "tls", "tls"),
    ),
    "client of unknown CA": (
        "certificates",
        {"sslrootcert": "ca", "client": "unknown_client"},
        (CLEAR, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
    ),
    "client of another name": (
        "certificates",
        {"sslrootcert": "ca", "client": "other_client"},
        (CLEAR, NAME, CLEAR, NAME, NAME, NAME),
    ),
    "encrypted key": (
        "certificates",
        {"sslrootcert": "ca", "client": "locked_client", "sslpassword": PASS_PHRASE},
        (CLEAR, "tls", "tls", "tls", "tls", "tls"),
    ),
    "encrypted key, another pass phrase": (
        "certificates",
        {"sslrootcert": "ca", "client": "locked_client", "sslpassword": "another"},
        (CLEAR, LOCKED, LOCKED, LOCKED, LOCKED, LOCKED),
    ),
    "encrypted key, no pass phrase": (
        "certificates",
        {"sslrootcert": "ca", "client": "locked_client"},
        (CLEAR, LOCKED, LOCKED, LOCKED, LOCKED, LOCKED),
    ),
    "key 0644": (
        "certificates",
        {"sslrootcert": "ca", "client": "open_client"},
        (CLEAR, OPEN_KEY, OPEN_KEY, OPEN_KEY, OPEN_KEY, OPEN_KEY),
    ),
}
ROWS = [
    pytest.param(server, files, mode, outcome, id=f"{case}-{mode}")
    for case, (server, files, outcomes) in TABLE.items()
    for mode, outcome in zip(MODES, outcomes, strict=True)
]


@pytest.fixture(scope="module")
def server_of(postgres_template: Template, pki: Pki) -> Iterator[Callable[[str], PostgresServer]]:
    """Lend servers by name, each started when it is first asked for: named for the certificate they show,
    and taking clients with and without TLS; or "no TLS"; or "certificates", which takes these alone.
    """
    started: dict[str, PostgresServer] = {}
    with ExitStack() as stack:

        def server_of(name: str) -> PostgresServer:
            if name not in started:
                shown = None if name == "certificates" else getattr(pki, name, None)
                access = Access.CERTIFICATE if name == "certificates" else Access.OPTIONAL
                tls = None if name == "no TLS" else pki.tls(shown, access=access)
                started[name] = stack.enter_context(PostgresServer(postgres_template, tls=tls))
            return started[name]

        yield server_of


def words_of(pki: Pki, files: dict[str, str]) -> dict[str, str]:
    """The files of a row as libpq's words."""
    words = {name: value for name, value in files.items() if name == "sslpassword"}
    words |= {name: str(getattr(pki, files[name])) for name in ("sslrootcert", "sslcrl") if name in files}
    if "client" in files:
        client = getattr(pki, files["client"])
        words |= {"sslcert": str(client.certificate), "sslkey": str(client.key)}
    return words


async def outcome_of(server: PostgresServer, **words: Any) -> str | BaseException:
    """Connect as a profile with these words would: "tls", "clear", or what it failed with."""
    if "sslpassword" in words:
        words["sslpassword"] = Known(words["sslpassword"])
    try:
        async with connected_by(settings_for(at(server), password=server.password, **words)) as connection:
            return "tls" if await connection.fetchval(IN_TLS) else "clear"
    except Exception as error:  # noqa: BLE001 - which one it is, is what the table is about
        return error


@pytest.mark.parametrize(("server", "files", "mode", "expected"), ROWS)
async def test_a_mode_lets_in_and_refuses_whom_it_should(
    server_of: Callable[[str], PostgresServer],
    pki: Pki,
    server: str,
    files: dict[str, str],
    mode: str,
    expected: str,
) -> None:
    outcome = await outcome_of(server_of(server), sslmode=mode, **words_of(pki, files))

    if isinstance(outcome, str):
        assert outcome == expected
        return
    failure = classify(outcome)
    advice = " ".join([failure.hint, *getattr(outcome, "__notes__", ())])
    assert re.search(expected, failure.message)
    if expected == NAME:
        assert failure.kind is FailureKind.AUTHENTICATION
    else:
        assert "sslmode" in advice
        assert "sslrootcert" in advice


@pytest.mark.parametrize(("server", "files", "mode", "expected"), ROWS)
def test_libpq_itself_says_the_same(
    server_of: Callable[[str], PostgresServer],
    postgres_template: Template,
    pki: Pki,
    server: str,
    files: dict[str, str],
    mode: str,
    expected: str,
) -> None:
    asked = server_of(server)
    words = {
        "host": "localhost",
        "hostaddr": "127.0.0.1",
        "port": asked.port,
        "user": ROLE,
        "dbname": DATABASE,
    }
    words |= {"sslmode": mode, "connect_timeout": 5, **words_of(pki, files)}

    done = subprocess.run(
        [postgres_template.binaries / "psql", "-X", "-A", "-t", "-w", "-c", IN_TLS, conninfo(words)],
        # No home: libpq would look there for what connmgr is to take from the profile alone.
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PGPASSWORD": asked.password, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=30,
    )

    outcome = {"t": "tls", "f": "clear"}.get(done.stdout.strip(), "refused")
    assert outcome == (expected if expected in ("tls", "clear") else "refused"), done.stderr


def conninfo(words: dict[str, object]) -> str:
    escaped = {name: str(value).replace("\\", r"\\").replace("'", r"\'") for name, value in words.items()}
    return " ".join(f"{name}='{value}'" for name, value in escaped.items())
