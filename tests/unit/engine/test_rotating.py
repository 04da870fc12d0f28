"""Which secret is offered to a server, and to whom its answer goes; the server is a function here."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from connmgr.engine.drivers.asked import Asked
from connmgr.engine.drivers.refused import FIRST
from connmgr.engine.drivers.rotating import Rotating
from connmgr.errors import ConfigError
from connmgr.problem import Code, Place, Problem
from connmgr.secret import Secret
from tests.rig.wait import wait_until


class Source:
    """Gives what `text` is now; None for nothing."""

    ttl = None
    previous = None

    def __init__(self, text: str | None) -> None:
        self.text = text

    def describe(self) -> str:
        return "the test"

    async def get(self) -> Secret:
        if self.text is None:
            raise ConfigError([Problem(Place("o.yaml", 1, 1), "password", "gone", code=Code.FILE_REFERENCE)])
        return Secret(self.text)


class Server:
    """Accepts one password; answers when it is let to. `logins` are what it was offered."""

    def __init__(self, password: str, profile: Rotating) -> None:
        self.password = password
        self.logins: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self._profile = profile

    async def __call__(self, secret: Secret) -> str:
        self.logins.append(secret.reveal())
        await self.answers.wait()
        if secret.reveal() != self.password:
            raise asyncpg.InvalidPasswordError("password authentication failed")
        self._profile.accepted(secret)
        return "in"


class Stage:
    """A profile with its source, its previous one and its server."""

    def __init__(self, secret: str, on_server: str, previous: str | None = None) -> None:
        self.source, self.older = Source(secret), Source(previous)
        earlier = None if previous is None else Asked(self.older)
        self.rotating = Rotating(Asked(self.source), earlier, "orders")
        self.server = Server(on_server, self.rotating)

    async def log_in(self, within: float = 5.0) -> str:
        end = asyncio.get_running_loop().time() + within
        return await self.rotating.log_in(self.server, end)

    async def is_refused(self, within: float = 5.0) -> bool:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await self.log_in(within)
        return True


async def test_a_secret_that_changed_meanwhile_is_tried_once_in_the_same_login() -> None:
    stage = Stage("old", "new")
    answer = stage.server

    async def login(secret: Secret) -> str:
        stage.source.text = "new"
        return await answer(secret)

    stage.server = login  # type: ignore[assignment]

    assert await stage.log_in() == "in"
    assert answer.logins == ["old", "new"]


async def test_a_profile_that_never_logged_in_hears_at_once_and_costs_one_login() -> None:
    stage = Stage("wrong", "right")

    for _ in range(3):
        assert await stage.is_refused()

    assert stage.server.logins == ["wrong"]


async def test_many_logins_with_an_unproven_secret_are_one_and_then_all() -> None:
    stage = Stage("right", "right")
    stage.server.answers.clear()
    logins = [asyncio.create_task(stage.log_in()) for _ in range(10)]
    await wait_until(lambda: len(stage.server.logins) == 1)
    for _ in range(5):
        await asyncio.sleep(0)
    under_way = len(stage.server.logins)

    stage.server.answers.set()
    await asyncio.gather(*logins)

    assert under_way == 1
    assert len(stage.server.logins) == 10


async def test_a_trial_that_hangs_holds_up_the_others_for_a_moment_only() -> None:
    stage = Stage("right", "right")
    stage.server.answers.clear()
    logins = [asyncio.create_task(stage.log_in()) for _ in range(3)]

    await wait_until(lambda: len(stage.server.logins) == 3, 2)

    stage.server.answers.set()
    await asyncio.gather(*logins)


async def test_a_trial_that_is_cancelled_leaves_its_turn_to_the_next() -> None:
    stage = Stage("right", "right")
    stage.server.answers.clear()
    first = asyncio.create_task(stage.log_in())
    await wait_until(lambda: len(stage.server.logins) == 1)
    second = asyncio.create_task(stage.log_in())
    first.cancel()
    stage.server.answers.set()

    assert await second == "in"
    assert first.cancelled()


async def test_in_the_pause_a_profile_that_logged_in_before_waits_for_a_changed_secret() -> None:
    stage = Stage("one", "one")
    await stage.log_in()
    stage.server.password = "two"
    await stage.is_refused()
    begun = asyncio.get_running_loop().time()
    waiting = asyncio.create_task(stage.log_in())
    asyncio.get_running_loop().call_later(0.3, setattr, stage.source, "text", "two")

    assert await waiting == "in"
    assert 0.25 < asyncio.get_running_loop().time() - begun < FIRST
    assert stage.server.logins == ["one", "one", "two"]


async def test_in_the_pause_it_waits_for_its_end_and_one_tries_again() -> None:
    stage = Stage("one", "one")
    await stage.log_in()
    stage.source.text = "two"
    await stage.is_refused()
    waiting = [asyncio.create_task(stage.log_in()) for _ in range(3)]
    stage.server.password = "two"
    await asyncio.gather(*waiting)

    assert stage.server.logins == ["one", "two", "two", "two", "two"]


async def test_what_would_not_get_there_in_time_hears_the_last_refusal_at_once() -> None:
    stage = Stage("one", "one")
    await stage.log_in()
    stage.source.text = "two"
    await stage.is_refused()
    begun = asyncio.get_running_loop().time()

    with pytest.raises(asyncpg.InvalidPasswordError) as caught:
        await stage.log_in(within=0.5)

    assert asyncio.get_running_loop().time() - begun < 0.2
    assert stage.server.logins == ["one", "two"]
    assert "profile 'orders'" in caught.value.__notes__[0]


async def test_the_previous_secret_is_tried_once_and_serves_while_the_pause_lasts() -> None:
    stage = Stage("new", "old", previous="old")

    for _ in range(3):
        await stage.log_in()

    assert stage.server.logins == ["new", "old", "old", "old"]


async def test_after_the_pause_the_secret_of_now_is_first_again() -> None:
    stage = Stage("new", "old", previous="old")
    await stage.log_in()
    loop = asyncio.get_running_loop()
    over = loop.time() + FIRST
    await wait_until(lambda: loop.time() > over)

    await stage.log_in()

    assert stage.server.logins == ["new", "old", "new", "old"]


async def test_when_the_server_leaves_the_previous_secret_that_of_now_is_due_at_once() -> None:
    stage = Stage("new", "old", previous="old")
    await stage.log_in()
    stage.server.password = "new"

    assert await stage.log_in() == "in"
    assert stage.server.logins == ["new", "old", "old", "new"]


async def test_a_previous_secret_that_is_the_same_or_cannot_be_had_is_not_tried() -> None:
    same, gone = Stage("wrong", "right", previous="wrong"), Stage("wrong", "right", previous="x")
    gone.older.text = None

    for stage in (same, gone):
        await stage.is_refused()
        assert stage.server.logins == ["wrong"]


async def test_both_refused_both_pause() -> None:
    stage = Stage("wrong", "right", previous="old")

    for _ in range(3):
        await stage.is_refused()

    assert stage.server.logins == ["wrong", "old"]


async def test_a_failure_that_is_no_refusal_is_raised_and_pauses_nothing() -> None:
    stage = Stage("right", "right")

    async def fail(_: Secret) -> str:
        raise ConnectionRefusedError

    login, stage.server = stage.server, fail  # type: ignore[assignment]
    with pytest.raises(ConnectionRefusedError):
        await stage.log_in()
    stage.server = login

    assert await stage.log_in() == "in"


async def test_nothing_is_kept_of_a_login_that_went_well() -> None:
    stage = Stage("right", "right")
    await stage.log_in()

    assert stage.rotating.is_at_rest
