"""What goes wrong below and beside a server's own answers is classified by what really happened."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy.exc

from connmgr.engine.failures import classify
from connmgr.engine.resolver import resolve
from connmgr.engine.tls import build_context
from connmgr.errors import ConfigError, PoolTimeout
from connmgr.failure import FailureKind
from connmgr.problem import Code, Place, Problem
from connmgr.target import PostgresTarget, Server, SSLMode
from tests.rig.pki import Pki
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.wire import Ending, ScriptedServer, Tls

CREDENTIALS = {"user": "app", "password": "x", "database": "orders", "timeout": 5.0}


def context_of(sslmode: SSLMode, **files: str) -> ssl.SSLContext:
    server = Server("localhost")
    target = PostgresTarget((server,), "orders", "app", None, sslmode, "connmgr", **files)
    return build_context(target, server)


async def failure_of_login(**where: object) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is what the test is about
        await asyncpg.connect(**{"ssl": False, **CREDENTIALS, **where})
    return caught.value


async def test_an_unknown_host_is_name_resolution() -> None:
    with pytest.raises(socket.gaierror) as caught:
        await resolve("nosuch.invalid", 5432)

    failure = classify(caught.value)

    assert (failure.kind, failure.type) == (FailureKind.NAME_RESOLUTION, "gaierror")
    assert "'nosuch.invalid'" in failure.message


async def test_a_port_where_nobody_listens_is_refused() -> None:
    exc = await failure_of_login(host=LOOPBACK, port=free_port())

    assert classify(exc).kind is FailureKind.REFUSED


async def test_a_socket_directory_without_a_socket_is_refused(tmp_path: Path) -> None:
    exc = await failure_of_login(host=str(tmp_path), port=5432)

    assert classify(exc).kind is FailureKind.REFUSED


@pytest.mark.parametrize("code", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPERM])
def test_a_way_that_is_barred_is_refused(code: int) -> None:
    assert classify(OSError(code, "Connect call failed")).kind is FailureKind.REFUSED


async def test_a_server_that_says_nothing_is_a_timeout() -> None:
    async with ScriptedServer(Ending.SILENCE) as server:
        exc = await failure_of_login(host=LOOPBACK, port=server.port, timeout=0.05)

    failure = classify(exc)

    assert failure.kind is FailureKind.TIMEOUT
    assert failure.message == "timeout", "Python's own has no text"


@pytest.mark.parametrize("ending", [Ending.CLOSE, Ending.RESET])
async def test_a_server_that_hangs_up_is_a_lost_connection(ending: Ending) -> None:
    async with ScriptedServer(ending) as server:
        exc = await failure_of_login(host=LOOPBACK, port=server.port)

    failure = classify(exc)

    assert failure.kind is FailureKind.CONNECTION_LOST
    assert "`sslcert`" in failure.hint, "a client certificate that is refused looks the same"


@pytest.mark.parametrize(
    "exc", [ConnectionResetError(104, "reset"), BrokenPipeError(32, "Broken pipe"), ConnectionError("gone")]
)
def test_a_socket_that_breaks_is_a_lost_connection(exc: ConnectionError) -> None:
    assert classify(exc).kind is FailureKind.CONNECTION_LOST


async def test_a_server_without_tls_is_tls() -> None:
    context = context_of("require")
    async with ScriptedServer(Ending.CLOSE, tls=Tls.REFUSE) as server:
        exc = await failure_of_login(host=LOOPBACK, port=server.port, ssl=context)

    failure = classify(exc)

    assert (failure.kind, failure.type) == (FailureKind.TLS, "ConnectionError")
    assert "`sslmode`" in failure.hint


async def test_a_certificate_that_does_not_check_out_is_tls(
    pki: Pki, serve_tls: Callable[..., AbstractAsyncContextManager[int]]
) -> None:
    context = context_of("verify-full", sslrootcert=str(pki.other_ca))
    async with serve_tls() as port:
        with pytest.raises(ssl.SSLError) as caught:
            await asyncio.open_connection(LOOPBACK, port, ssl=context)

    failure = classify(caught.value)

    assert (failure.kind, failure.type) == (FailureKind.TLS, "SSLCertVerificationError")
    assert "certificate verify failed" in failure.message


def test_a_certificate_file_that_is_missing_is_tls_and_named() -> None:
    with pytest.raises(ssl.SSLError) as caught:
        context_of("verify-full", sslrootcert="/nosuch/root.crt")

    failure = classify(caught.value)

    assert failure.kind is FailureKind.TLS
    assert failure.message.startswith("sslrootcert '/nosuch/root.crt': No such file or directory")


@pytest.mark.parametrize("exc", [PoolTimeout("full"), sqlalchemy.exc.TimeoutError("full")])
def test_a_full_pool_is_pool_timeout_and_no_timeout_of_the_server(exc: Exception) -> None:
    assert classify(exc).kind is FailureKind.POOL_TIMEOUT


def test_a_profile_that_cannot_be_settled_is_misconfigured() -> None:
    problem = Problem(Place("orders.yaml", 3, 6), "url", "${ORDERS_URL} is not set", code=Code.NOT_SET)

    failure = classify(ConfigError([problem]))

    assert failure.kind is FailureKind.MISCONFIGURED
    assert failure.message.endswith("orders.yaml:3:6: CM502 url: ${ORDERS_URL} is not set")


def test_a_group_of_one_is_what_is_in_it() -> None:
    exc = BaseExceptionGroup("tasks", [ExceptionGroup("inner", [ConnectionRefusedError(111, "refused")])])

    assert classify(exc).kind is FailureKind.REFUSED


@pytest.mark.parametrize(
    "exc",
    [ValueError("odd"), ExceptionGroup("two", [OSError(), OSError()]), OSError(errno.EMFILE, "Too many")],
)
def test_anything_else_is_unknown_and_still_has_its_name_and_text(exc: BaseException) -> None:
    failure = classify(exc)

    assert (failure.kind, failure.type) == (FailureKind.UNKNOWN, type(exc).__name__)
    assert failure.message == (str(exc) or "unknown")


def test_a_cancellation_is_cancelled() -> None:
    assert classify(asyncio.CancelledError()).kind is FailureKind.CANCELLED


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (ConnectionRefusedError(), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), True),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), False),
        (ssl.SSLCertVerificationError("expired"), False),
        (ValueError("a mistake"), False),
    ],
    ids=repr,
)
def test_only_failures_that_may_pass_by_themselves_are_tried_again(error: Exception, passes: bool) -> None:
    assert classify(error).retry_connect is passes
