"""A source is asked as often as it should be, once for all who ask at one time, and never by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from connmgr.engine.drivers.asked import Asked
from connmgr.engine.drivers.lasting import Lasting
from connmgr.errors import ConfigError
from connmgr.problem import Code, Place, Problem
from connmgr.secret import Secret
from tests.rig.wait import wait_until


class Scripted:
    """A source that gives one answer after the other, each when it is let go."""

    ttl = None
    previous = None

    def __init__(self, answers: Iterable[str | Exception], *, waits: bool = False) -> None:
        self._answers = iter(answers)
        self.asked = self.cancelled = 0
        self.go = asyncio.Event()
        if not waits:
            self.go.set()

    def describe(self) -> str:
        return "the script"

    async def get(self) -> Secret:
        self.asked += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return Secret(answer)


def refusal() -> ConfigError:
    return ConfigError([Problem(Place("orders.yaml", 2, 1), "password", "gone", code=Code.FILE_REFERENCE)])


def revealed(secrets: Iterable[Secret]) -> list[str]:
    return sorted({secret.reveal() for secret in secrets})


async def test_each_question_after_the_other_is_asked() -> None:
    source = Scripted(["one", "two"])
    asked = Asked(source)

    assert [(await asked.ask()).reveal() for _ in range(2)] == ["one", "two"]


async def test_all_who_ask_at_one_time_share_the_answer_and_the_failure() -> None:
    source = Scripted(["one", refusal()], waits=True)
    asked = Asked(source)
    for outcome in ("one", "ConfigError"):
        source.go.clear()
        before = source.asked
        tasks = [asyncio.create_task(asked.ask()) for _ in range(20)]
        await wait_until(lambda before=before: source.asked == before + 1)  # type: ignore[misc]
        source.go.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)

        assert source.asked == before + 1
        assert {a.reveal() if isinstance(a, Secret) else type(a).__name__ for a in answers} == {outcome}


async def test_an_asker_that_is_cancelled_does_not_cancel_the_question() -> None:
    source = Scripted(["one"], waits=True)
    asked = Asked(source)
    first, second = asyncio.create_task(asked.ask()), asyncio.create_task(asked.ask())
    await wait_until(lambda: source.asked == 1)

    first.cancel()
    source.go.set()

    assert (await second).reveal() == "one"
    assert first.cancelled()
    assert (source.asked, source.cancelled) == (1, 0)


async def test_close_ends_a_question_and_whoever_waits_for_it() -> None:
    source = Scripted([], waits=True)
    asked = Asked(source)
    asker = asyncio.create_task(asked.ask())
    await wait_until(lambda: source.asked == 1)

    await asked.close()

    assert source.cancelled == 1
    with pytest.raises(ConnectionAbortedError):
        await asker


async def test_a_slow_source_is_left_alone_by_who_has_an_answer() -> None:
    source = Scripted(["one", "two", "three"], waits=True)
    asked = Asked(source)
    asker = asyncio.create_task(asked.ask())
    await wait_until(lambda: source.asked == 1)
    asyncio.get_running_loop().call_later(0.15, source.go.set)
    await asker

    again = await asked.ask_again()
    fresh = await asked.ask()
    fast = await asked.ask_again()

    assert [secret.reveal() for secret in (again, fresh, fast)] == ["one", "two", "three"]


async def test_what_is_masked_is_the_answer_of_now_and_the_two_that_were_accepted_last() -> None:
    asked = Asked(Scripted(["one", "two", "three", "four"]))
    for _ in range(3):
        asked.accepted(await asked.ask())
    await asked.ask()

    assert revealed(asked.known) == ["four", "three", "two"]


async def test_a_life_is_asked_for_once_and_again_after_a_refusal() -> None:
    source = Scripted(["one", "two"])
    lasting = Lasting(source, 3600, "orders")

    assert [(await lasting.ask()).reveal() for _ in range(3)] == ["one"] * 3
    assert (await lasting.ask_again()).reveal() == "two"
    assert source.asked == 2


async def test_in_its_last_fifth_a_secret_still_serves_and_the_next_is_fetched_by_one() -> None:
    source = Scripted(["one", "two"])
    lasting = Lasting(source, 0.5, "orders")
    await lasting.ask()
    source.go.clear()
    loop = asyncio.get_running_loop()
    end = lasting.ends_at
    assert end is not None
    await wait_until(lambda: loop.time() > end - 0.1)

    served = [(await lasting.ask()).reveal() for _ in range(10)]
    await wait_until(lambda: source.asked == 2)
    source.go.set()
    await wait_until(lambda: lasting.now is not None and lasting.now.reveal() == "two")

    assert served == ["one"] * 10
    assert source.asked == 2
    assert lasting.ends_at is not None
    assert lasting.ends_at > end


async def test_a_fetch_that_fails_is_told_once_and_the_secret_serves_to_its_end(log: list[object]) -> None:
    source = Scripted(["one", refusal(), refusal(), "two"])
    lasting = Lasting(source, 0.5, "orders")
    await lasting.ask()
    loop, end = asyncio.get_running_loop(), lasting.ends_at
    assert end is not None
    await wait_until(lambda: loop.time() > end - 0.1)
    for _ in range(5):
        assert (await lasting.ask()).reveal() == "one"
    await wait_until(lambda: lasting.trouble is not None)
    for _ in range(5):
        assert (await lasting.ask()).reveal() == "one"
        await asyncio.sleep(0)
    asked = source.asked
    await wait_until(lambda: loop.time() >= end)

    with pytest.raises(ConfigError):
        await lasting.ask()
    assert (await lasting.ask()).reveal() == "two"

    assert asked == 2
    assert lasting.trouble is None
    assert [record["level"].name for record in log] == ["WARNING", "INFO"]  # type: ignore[index]


async def test_a_question_that_nobody_waits_for_ends_with_its_owner() -> None:
    source = Scripted(["one"])
    lasting = Lasting(source, 0.3, "orders")
    await lasting.ask()
    loop, end = asyncio.get_running_loop(), lasting.ends_at
    assert end is not None
    await wait_until(lambda: loop.time() > end - 0.06)
    source.go.clear()
    await lasting.ask()
    await wait_until(lambda: source.asked == 2)

    await lasting.close()

    assert source.cancelled == 1
