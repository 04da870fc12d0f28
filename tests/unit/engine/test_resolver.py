"""Names become addresses; a resolver that hangs holds up nothing and piles up nothing."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from connmgr.engine.resolver import resolve

DEADLINE = 5.0


class BlockedResolver:
    """Stands in for `socket.getaddrinfo`: blocks its thread, as a resolver without an answer does."""

    def __init__(self) -> None:
        self.calls = 0
        self.entered = threading.Event()
        self.released = threading.Event()

    def __call__(self, host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        self.calls += 1
        self.entered.set()
        assert self.released.wait(DEADLINE), "the test never released the resolver"
        found = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*found, ("192.0.2.7", port)), (*found, ("192.0.2.1", port)), (*found, ("192.0.2.7", port))]

    async def wait_until_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, DEADLINE)


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlockedResolver]:
    resolver = BlockedResolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver)

    yield resolver

    resolver.released.set()
    for thread in lookup_threads():
        thread.join(DEADLINE)
    assert lookup_threads() == []


def lookup_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("connmgr-resolve-")]


async def test_a_name_gives_the_addresses_that_the_system_knows() -> None:
    found = await resolve("localhost", 5432)

    known = [str(sockaddr[0]) for *_, sockaddr in socket.getaddrinfo("localhost", 5432)]
    assert found == list(dict.fromkeys(known))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%lo", "/var/run/postgresql"])
async def test_an_address_or_a_socket_directory_needs_no_look_up(blocked: BlockedResolver, host: str) -> None:
    found = await resolve(host, 5432)

    assert found == [host]
    assert blocked.calls == 0


async def test_the_order_is_kept_and_an_address_comes_once(blocked: BlockedResolver) -> None:
    blocked.released.set()

    found = await resolve("db.test", 5432)

    assert found == ["192.0.2.7", "192.0.2.1"]


async def test_an_unknown_name_fails_with_the_name_in_the_message() -> None:
    with pytest.raises(socket.gaierror, match=r"cannot resolve host 'nosuch\.invalid': ") as caught:
        await resolve("nosuch.invalid", 5432)

    assert caught.value.errno in (socket.EAI_NONAME, socket.EAI_AGAIN)


async def test_a_name_that_no_resolver_takes_fails_as_an_unknown_one() -> None:
    with pytest.raises(socket.gaierror, match=r"cannot resolve host 'a\.\.b': "):
        await resolve("a..b", 5432)


async def test_callers_of_one_name_share_one_thread(blocked: BlockedResolver) -> None:
    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
        callers = [group.create_task(resolve("db.test", 5432)) for _ in range(50)]
        await blocked.wait_until_entered()

        assert len(lookup_threads()) == 1
        blocked.released.set()

    assert {tuple(caller.result()) for caller in callers} == {("192.0.2.7", "192.0.2.1")}
    assert blocked.calls == 1


async def test_one_caller_giving_up_does_not_take_the_answer_from_another(blocked: BlockedResolver) -> None:
    impatient = asyncio.create_task(resolve("db.test", 5432))
    patient = asyncio.create_task(resolve("db.test", 5432))
    await blocked.wait_until_entered()

    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    blocked.released.set()

    assert await asyncio.wait_for(patient, DEADLINE) == ["192.0.2.7", "192.0.2.1"]


async def test_a_caller_under_a_deadline_leaves_on_time(blocked: BlockedResolver) -> None:
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await resolve("db.test", 5432)

    assert time.monotonic() - started < 1.0


async def test_callers_who_gave_up_leave_no_second_thread(blocked: BlockedResolver) -> None:
    for _ in range(20):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await resolve("db.test", 5432)

    assert len(lookup_threads()) == 1


async def test_the_next_caller_after_an_answer_asks_again(blocked: BlockedResolver) -> None:
    blocked.released.set()

    await resolve("db.test", 5432)
    await resolve("db.test", 5432)

    assert blocked.calls == 2


async def test_a_thread_that_cannot_start_does_not_block_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            await resolve("localhost", 5432)

    assert await asyncio.wait_for(resolve("localhost", 5432), DEADLINE)


def test_an_answer_after_the_loop_is_closed_is_dropped_in_silence(blocked: BlockedResolver) -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await resolve("db.test", 5432)

    asyncio.run(give_up())
    (thread,) = lookup_threads()
    blocked.released.set()
    thread.join(DEADLINE)

    # An exception in the thread would reach pytest as a warning, and warnings are errors.
    assert not thread.is_alive()


def test_a_process_ends_at_once_although_a_look_up_hangs() -> None:
    script = """
import asyncio, socket, threading
socket.getaddrinfo = lambda *args, **options: threading.Event().wait()
from connmgr.engine.resolver import resolve
async def main():
    try:
        async with asyncio.timeout(0.1):
            await resolve("db.test", 5432)
    except TimeoutError:
        print("gave up")
asyncio.run(main())
"""

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=DEADLINE)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "gave up\n", "")
