"""Each `sslmode` checks what libpq checks, against the name in the profile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, get_args

import pytest

from connmgr.engine.tls import build_context, is_encrypted
from connmgr.target import PostgresTarget, Server, SSLMode
from tests.rig.pki import Pki

Serve = Callable[..., AbstractAsyncContextManager[int]]
ENCRYPTED = [mode for mode in get_args(SSLMode) if mode != "disable"]


def target(sslmode: SSLMode, host: str = "localhost", **files: Path | None) -> PostgresTarget:
    paths: dict[str, Any] = {name: str(path) for name, path in files.items() if path}
    return PostgresTarget((Server(host),), "orders", "app", None, sslmode, "connmgr", **paths)


def context_for(sslmode: SSLMode, host: str = "localhost", **files: Path | None) -> ssl.SSLContext:
    return build_context(target(sslmode, host, **files), Server(host))


async def handshake(context: ssl.SSLContext, port: int) -> str:
    """Connect as the driver does: to an address, which is then passed as the server's name."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    answer = await reader.readline()
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return answer.decode().strip()


@pytest.mark.parametrize(
    ("sslmode", "server", "encrypted"),
    [
        ("disable", Server("localhost"), False),
        ("verify-full", Server("/var/run/postgresql"), False),
        ("verify-full", Server("/var/run/postgresql", hostaddr="192.0.2.1"), True),
        ("allow", Server("localhost"), True),
    ],
)
def test_disable_and_socket_directories_are_not_encrypted(
    sslmode: SSLMode, server: Server, encrypted: bool
) -> None:
    assert is_encrypted(target(sslmode), server) is encrypted


@pytest.mark.parametrize(
    ("sslmode", "authority", "host"),
    [
        ("allow", None, "elsewhere.test"),
        ("prefer", None, "elsewhere.test"),
        ("prefer", "ca", "elsewhere.test"),
        ("require", None, "elsewhere.test"),
        ("require", "ca", "elsewhere.test"),
        ("verify-ca", "ca", "elsewhere.test"),
        ("verify-full", "ca", "localhost"),
        ("verify-full", "ca", "127.0.0.1"),
    ],
)
async def test_a_certificate_that_the_mode_accepts(
    pki: Pki, serve_tls: Serve, sslmode: SSLMode, authority: str | None, host: str
) -> None:
    context = context_for(sslmode, host, sslrootcert=getattr(pki, authority) if authority else None)

    async with serve_tls() as port:
        answer = await handshake(context, port)

    # An address is never asked for by name: SNI knows names alone.
    assert answer == f"asked for {None if host == '127.0.0.1' else host}, client None"


@pytest.mark.parametrize(
    ("sslmode", "authority", "host", "reason"),
    [
        ("allow", "other_ca", "localhost", "unable to get local issuer certificate"),
        ("prefer", "other_ca", "localhost", "unable to get local issuer certificate"),
        ("require", "other_ca", "localhost", "unable to get local issuer certificate"),
        ("verify-ca", "other_ca", "localhost", "unable to get local issuer certificate"),
        ("verify-ca", None, "localhost", "unable to get local issuer certificate"),
        ("verify-full", "other_ca", "localhost", "unable to get local issuer certificate"),
        ("verify-full", None, "localhost", "unable to get local issuer certificate"),
        ("verify-full", "ca", "elsewhere.test", "Hostname mismatch"),
        ("verify-full", "ca", "192.0.2.1", "IP address mismatch"),
    ],
)
async def test_a_certificate_that_the_mode_refuses(
    pki: Pki, serve_tls: Serve, sslmode: SSLMode, authority: str | None, host: str, reason: str
) -> None:
    context = context_for(sslmode, host, sslrootcert=getattr(pki, authority) if authority else None)

    async with serve_tls() as port:
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            await handshake(context, port)


@pytest.mark.parametrize("sslmode", ENCRYPTED)
async def test_the_client_certificate_is_shown_in_every_mode_that_encrypts(
    pki: Pki, serve_tls: Serve, sslmode: SSLMode
) -> None:
    files = {"sslcert": pki.client.certificate, "sslkey": pki.client.key}
    context = context_for(sslmode, sslrootcert=pki.ca, **files)

    async with serve_tls(client_certificates=True) as port:
        answer = await handshake(context, port)

    assert answer == "asked for localhost, client ((('commonName', 'app'),),)"


async def test_a_blocking_socket_is_checked_against_the_name_too(pki: Pki, serve_tls: Serve) -> None:
    context = context_for("verify-full", "elsewhere.test", sslrootcert=pki.ca)

    async with serve_tls() as port:
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            await asyncio.to_thread(ssl_connect, context, port)


def ssl_connect(context: ssl.SSLContext, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as plain:
        context.wrap_socket(plain, server_hostname="localhost").close()


async def test_without_sslrootcert_the_systems_store_decides(
    pki: Pki, serve_tls: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.ca))  # OpenSSL's own way to say where
    context = context_for("verify-full")

    async with serve_tls() as port:
        assert await handshake(context, port) == "asked for localhost, client None"


async def test_neither_the_home_folder_nor_libpqs_environment_is_read(
    pki: Pki, serve_tls: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql" / "root.crt").write_bytes((pki.ca).read_bytes())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PGSSLROOTCERT", str(pki.ca))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    context = context_for("verify-full")

    async with serve_tls() as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await handshake(context, port)

    assert not (tmp_path / "keys.log").exists()


@pytest.mark.parametrize("sslmode", ENCRYPTED)
def test_nothing_older_than_tls_1_2_is_spoken(sslmode: SSLMode) -> None:
    assert context_for(sslmode).minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"sslrootcert": "missing.crt"}, r"sslrootcert '.*/missing\.crt': No such file or directory"),
        ({"sslrootcert": "."}, r"sslrootcert '.*': no regular file; expected a readable file of PEM"),
        ({"sslrootcert": "index.txt"}, r"sslrootcert '.*/index\.txt': .*no certificate or crl found"),
        ({"sslcert": "client.crt"}, r"sslcert '.*/client\.crt': .*; expected readable PEM files"),
        (
            {"sslcert": "client.crt", "sslkey": "missing.key"},
            r"sslkey '.*/missing\.key': No such file or directory; expected a readable PEM file",
        ),
        (
            {"sslcert": "client.crt", "sslkey": "server.key"},
            r"sslkey '.*/server\.key': .*key values mismatch",
        ),
        ({"sslkey": "client.key"}, r"sslkey '.*/client\.key': there is no certificate .* set sslcert too"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_its_setting(
    pki: Pki, files: dict[str, str], message: str
) -> None:
    paths = {name: pki.ca.parent / file for name, file in files.items()}

    with pytest.raises(ssl.SSLError, match=message):
        context_for("verify-full", **paths)


@pytest.mark.parametrize("word", ["sslrootcert", "sslcrl", "sslcert", "sslkey"])
def test_a_fifo_that_nobody_writes_to_is_not_waited_for(pki: Pki, tmp_path: Path, word: str) -> None:
    os.mkfifo(tmp_path / "fifo", mode=0o600)
    files = {"sslrootcert": pki.ca, "sslcert": pki.client.certificate, word: tmp_path / "fifo"}

    with pytest.raises(ssl.SSLError, match=f"{word} '.*fifo'.*: no regular file"):
        context_for("verify-full", **files)
