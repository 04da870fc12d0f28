"""Tidying up after a failed connect ends, whatever the error is chained to."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading

import asyncpg
import pytest

from connmgr.engine.drivers import build_driver
from connmgr.engine.drivers.failed_connect import tidy_up
from connmgr.target import Server
from tests.rig.driver import settings_for
from tests.rig.pki import Pki
from tests.rig.ports import LOOPBACK, open_connections
from tests.rig.wait import wait_until
from tests.rig.wire import NOT_AUTHORIZED

PATIENCE = 5.0


def test_a_chain_of_causes_that_bites_its_own_tail_comes_to_an_end() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    tidy_up(first)

    assert first.__cause__ is second


def test_frames_of_others_keep_their_variables() -> None:
    kept = _failing()

    tidy_up(kept)

    frame = kept.__traceback__.tb_frame
    assert frame.f_locals["mine"] == "still here"


def _failing() -> ValueError:
    mine = "still here"
    try:
        raise ValueError(mine)
    except ValueError as error:
        return error


async def test_a_refused_login_over_tls_does_not_wait_for_the_goodbye_of_a_silent_server(pki: Pki) -> None:
    done = threading.Event()
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(PATIENCE)
        port = listener.getsockname()[1]
        serving = asyncio.create_task(asyncio.to_thread(_refuse_and_fall_silent, listener, pki, done))
        driver = build_driver(
            settings_for(Server("db.test", port, LOOPBACK), password="x", sslmode="require")
        )

        try:
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await driver.connect()
            await wait_until(
                lambda: not any(link.endswith(f"> {port}") for link in open_connections()),
                1.0,
                what="our end to be closed",
            )
        finally:
            done.set()
            await serving


def _refuse_and_fall_silent(listener: socket.socket, pki: Pki, done: threading.Event) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    plain, _ = listener.accept()
    plain.settimeout(PATIENCE)
    plain.recv(8)
    plain.sendall(b"S")
    with context.wrap_socket(plain, server_side=True) as tls:
        (length,) = struct.unpack("!I", tls.recv(4))
        tls.recv(length)
        tls.sendall(NOT_AUTHORIZED.encode())
        done.wait(PATIENCE)
