"""A TLS failure's note says what the mode demanded, what the server did, and what to change."""

from __future__ import annotations

import ssl
from typing import Any

import asyncpg
import pytest

from connmgr.engine.tls_advice import explain
from connmgr.target import PostgresTarget, Server

SERVER = Server("db.test", 5433)
NO_TLS = ConnectionError('PostgreSQL server at "192.0.2.1:5433" rejected SSL upgrade')


def note_of(error: BaseException, sslmode: str = "verify-full", **words: Any) -> str | None:
    target = PostgresTarget((SERVER,), "orders", "app", None, sslmode, "rig", **words)  # type: ignore[arg-type]
    return explain(error, target, SERVER, encrypted=sslmode != "disable")


def refused_certificate(reason: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = reason
    return error


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("sslmode", "sslrootcert", "demand"),
    [
        ("prefer", None, "sslmode 'prefer' without sslrootcert asks for TLS, and goes on in clear text"),
        ("allow", None, "sslmode 'allow' without sslrootcert asks for TLS only where clear text is refused"),
        ("require", None, "sslmode 'require' without sslrootcert demands TLS;"),
        (
            "require",
            "/ca.crt",
            "sslmode 'require' with sslrootcert '/ca.crt' demands TLS and a certificate of that authority's;",
        ),
        (
            "verify-ca",
            None,
            "sslmode 'verify-ca' without sslrootcert demands TLS and a certificate of an authority in the "
            "system's store;",
        ),
        (
            "verify-full",
            "/ca.crt",
            "sslmode 'verify-full' with sslrootcert '/ca.crt' demands TLS and a certificate of that "
            "authority's, made out to 'db.test';",
        ),
    ],
)
def test_it_says_what_the_mode_demanded(sslmode: str, sslrootcert: str | None, demand: str) -> None:
    note = note_of(NO_TLS, sslmode, sslrootcert=sslrootcert)

    assert note is not None
    assert note.startswith(demand)


@pytest.mark.parametrize(
    ("error", "did", "change"),
    [
        (NO_TLS, "db.test:5433 has no TLS", "turn it on there (ssl = on)"),
        (
            refused_certificate("Hostname mismatch, certificate is not valid for 'db.test'."),
            "showed a certificate that does not pass (Hostname mismatch, certificate is not valid",
            "set `host` to a name that the certificate holds",
        ),
        (
            refused_certificate("certificate has expired"),
            "(certificate has expired)",
            "renew what has expired",
        ),
        (refused_certificate("certificate is not yet valid"), "(certificate is not yet valid)", "the clocks"),
        (refused_certificate("certificate revoked"), "(certificate revoked)", "that sslcrl does not name"),
        (
            refused_certificate("unable to get certificate CRL"),
            "certificate CRL)",
            "let sslcrl hold a current list",
        ),
        (refused_certificate("self-signed certificate"), "(self-signed certificate)", "set sslrootcert to"),
        (alert("TLSV1_ALERT_UNKNOWN_CA"), "could not agree on TLS", "check sslcert and sslkey"),
        (alert("TLSV1_ALERT_PROTOCOL_VERSION"), "(TLSV1_ALERT_PROTOCOL_VERSION)", "ssl_min_protocol_version"),
        (alert("UNSUPPORTED_PROTOCOL"), "(UNSUPPORTED_PROTOCOL)", "let ssl_min_protocol_version"),
        (alert("WRONG_VERSION_NUMBER"), "(WRONG_VERSION_NUMBER)", "check that host and port lead to"),
        (ConnectionResetError(104, "reset"), "ended the connection", "the client's certificate (sslcert)"),
        (
            asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
            "ended the connection",
            "the client's certificate (sslcert)",
        ),
        (
            asyncpg.InvalidAuthorizationSpecificationError("connection requires a valid client certificate"),
            "wants a certificate of the client's",
            "set sslcert and sslkey",
        ),
    ],
)
def test_it_says_what_the_server_did_and_what_to_change(error: Exception, did: str, change: str) -> None:
    note = note_of(error)

    assert note is not None
    demanded, done, advice = note.split("; ", 2)
    assert "sslmode" in demanded
    assert "sslrootcert" in demanded
    assert done.startswith("db.test:5433 ")
    assert did in done
    assert change in advice


def test_a_server_that_wants_tls_is_told_of_in_clear_text_too() -> None:
    error = asyncpg.InvalidAuthorizationSpecificationError("no pg_hba.conf entry for host, no encryption")

    assert note_of(error, "disable") == (
        "sslmode 'disable' without sslrootcert asks for no TLS; db.test:5433 lets nobody in without TLS; "
        "raise sslmode to require or more"
    )


@pytest.mark.parametrize(
    ("error", "sslmode"),
    [
        (ConnectionRefusedError(111, "Connect call failed"), "verify-full"),
        (TimeoutError(), "verify-full"),
        (asyncpg.InvalidPasswordError("password authentication failed"), "verify-full"),
        (asyncpg.InvalidAuthorizationSpecificationError("role does not exist"), "verify-full"),
        (ConnectionResetError(104, "reset"), "disable"),
    ],
)
def test_a_failure_in_which_tls_had_no_part_has_no_such_note(error: BaseException, sslmode: str) -> None:
    assert note_of(error, sslmode) is None
