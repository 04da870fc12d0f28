"""A blocking function runs beside the event loop, once at a time, and holds up nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from connmgr.config.secrets.aside import Aside

DEADLINE = 5.0


class Blocked:
    """A function that counts its runs and waits to be released."""

    def __init__(self) -> None:
        self.runs = 0
        self.released = threading.Event()

    def __call__(self) -> int:
        self.runs += 1
        assert self.released.wait(DEADLINE), "the test never released the function"
        return self.runs


@pytest.fixture
def blocked() -> Iterator[Blocked]:
    function = Blocked()

    yield function

    function.released.set()
    for thread in threads():
        thread.join(DEADLINE)
    assert threads() == []


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "aside"]


async def test_callers_share_a_run(blocked: Blocked) -> None:
    aside = Aside(blocked, "aside")
    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
        callers = [group.create_task(aside.result(DEADLINE)) for _ in range(20)]
        await asyncio.sleep(0)
        blocked.released.set()

    assert [caller.result() for caller in callers] == [1] * 20


async def test_one_caller_giving_up_does_not_take_the_result_from_another(blocked: Blocked) -> None:
    aside = Aside(blocked, "aside")
    impatient, patient = (asyncio.create_task(aside.result(DEADLINE)) for _ in range(2))
    await asyncio.sleep(0)

    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    blocked.released.set()

    assert await patient == 1


async def test_the_next_caller_after_a_result_runs_it_again(blocked: Blocked) -> None:
    aside = Aside(blocked, "aside")
    blocked.released.set()

    assert await aside.result(DEADLINE) == 1
    assert aside.result_now(DEADLINE) == 2


async def test_a_run_that_fails_fails_for_its_callers_alone() -> None:
    outcomes = iter([KeyError("first"), None])

    def fail_once() -> str:
        if error := next(outcomes):
            raise error
        return "second"

    aside = Aside(fail_once, "aside")

    with pytest.raises(KeyError, match="first"):
        await aside.result(DEADLINE)
    assert await aside.result(DEADLINE) == "second"


async def test_a_thread_that_cannot_start_does_not_block_the_next_caller(
    blocked: Blocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    aside = Aside(blocked, "aside")
    blocked.released.set()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            await aside.result(DEADLINE)

    assert await aside.result(DEADLINE) == 1


def test_a_result_after_the_loop_is_closed_is_dropped_in_silence(
    blocked: Blocked, caplog: pytest.LogCaptureFixture
) -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await Aside(blocked, "aside").result(0.01)

    asyncio.run(give_up())
    (thread,) = threads()
    blocked.released.set()
    thread.join(DEADLINE)

    assert not thread.is_alive()
    assert caplog.records == []


def test_a_process_ends_at_once_although_a_run_hangs() -> None:
    script = """
import asyncio, threading
from connmgr.config.secrets.aside import Aside
try:
    asyncio.run(Aside(threading.Event().wait, "aside").result(0.1))
except TimeoutError:
    print("gave up")
"""

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=DEADLINE)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "gave up\n", "")
