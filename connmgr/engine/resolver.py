"""Host names to addresses, so that no slow resolver holds up a deadline or the end of the process."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from contextlib import suppress
from typing import TypeAlias

_Outcome: TypeAlias = list[str] | Exception
_Key: TypeAlias = tuple[asyncio.AbstractEventLoop, str, int]

# Look-ups under way. An entry is made in its loop's thread and taken out in the look-up's thread.
_running: dict[_Key, asyncio.Future[_Outcome]] = {}


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, both families, in the order in which they should be tried.

    An address or a socket directory (`/…`) comes back as it is. Otherwise the look-up runs in a thread;
    callers who ask the same meanwhile, in the same event loop, join it. It cannot be interrupted: after a
    cancellation it goes on alone, and its answer goes to those who joined, or is dropped.

    Raises:
        socket.gaierror: the name has no address, or the resolver failed; the message names the host.
    """
    if host.startswith("/") or _is_address(host):
        return [host]
    key = (asyncio.get_running_loop(), host, port)
    # A thread per name and loop at most: while a resolver hangs, every retry would leave one more.
    answer = _running.get(key) or _start(key)
    # Shielded, or the caller who gives up first would take the answer from all the others.
    outcome = await asyncio.shield(answer)
    if isinstance(outcome, Exception):
        raise _failure(host, outcome) from outcome
    return outcome.copy()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _start(key: _Key) -> asyncio.Future[_Outcome]:
    loop, host, _port = key
    answer = loop.create_future()
    # A daemon, and not asyncio's executor: `asyncio.run` and the interpreter wait for the executor's
    # threads, so a resolver that hangs would keep a process alive that has nothing left to do.
    thread = threading.Thread(target=_run, args=(key, answer), name=f"connmgr-resolve-{host}", daemon=True)
    _running[key] = answer
    try:
        thread.start()
    except BaseException:
        # No thread could be had. Without this the next caller would join a look-up that never runs.
        del _running[key]
        raise
    return answer


def _run(key: _Key, answer: asyncio.Future[_Outcome]) -> None:
    loop, host, port = key
    outcome = _look_up(host, port)
    del _running[key]
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(answer.set_result, outcome)


def _look_up(host: str, port: int) -> _Outcome:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except Exception as exc:  # noqa: BLE001 - whatever it is, callers wait: they would wait for ever
        return exc
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _failure(host: str, outcome: Exception) -> socket.gaierror:
    """Make an error for one caller: raised in several tasks, a shared one would mix their tracebacks."""
    if isinstance(outcome, OSError):
        return socket.gaierror(outcome.errno, f"cannot resolve host {host!r}: {outcome.strerror}")
    return socket.gaierror(socket.EAI_NONAME, f"cannot resolve host {host!r}: {outcome}")
