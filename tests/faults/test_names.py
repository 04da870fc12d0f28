"""Names that do not exist, take too long, or lead elsewhere now: each connect looks them up, in time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from connmgr import FailureKind, PoolTimeout, Registry, failure_of
from tests.rig.failed import error_of
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer

Load = Callable[..., Registry]
LookUp = Callable[[Callable[[], list[str]]], None]
NAME, HOST, NOWHERE = "orders", "db.test", "127.0.0.2"


@pytest.fixture
def look_up(monkeypatch: pytest.MonkeyPatch) -> LookUp:
    """Have the name server say what a function returns, or raise what it raises."""

    def answer_with(addresses: Callable[[], list[str]]) -> None:
        def getaddrinfo(_host: str, port: int, **_: object) -> list[tuple[object, ...]]:
            kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
            return [(*kind, (address, port)) for address in addresses()]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return answer_with


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """What a look-up waits for that takes too long."""
    event = threading.Event()
    yield event
    event.set()


def profile(postgres: PostgresServer, timeout: str = "10s") -> dict[str, object]:
    url = postgres.url(host=HOST, sslmode="disable")
    return {"url": url, "pool": {"timeout": timeout}, "timeouts": {"connect": "200ms"}}


async def ask(registry: Registry) -> int:
    async with registry.session(NAME) as session:
        return int(await session.scalar(text("SELECT 1")) or 0)


def failing(error: int) -> Callable[[], list[str]]:
    def addresses() -> list[str]:
        raise socket.gaierror(error, "made up")

    return addresses


async def test_a_name_that_does_not_exist_is_told_at_once(
    load: Load, postgres: PostgresServer, look_up: LookUp
) -> None:
    look_up(failing(socket.EAI_NONAME))
    async with load(orders=profile(postgres)) as registry:
        failure = failure_of(await error_of(ask(registry)))

        assert (failure.kind, failure.retry_connect) == (FailureKind.NAME_RESOLUTION, False)
        assert registry.stats(NAME).failed == 1


async def test_a_name_server_that_is_away_may_be_back_in_time(
    load: Load, postgres: PostgresServer, look_up: LookUp
) -> None:
    answers = [failing(socket.EAI_AGAIN), failing(socket.EAI_AGAIN), lambda: [LOOPBACK]]
    look_up(lambda: answers.pop(0)())
    async with load(orders=profile(postgres)) as registry:
        assert await ask(registry) == 1
        assert registry.stats(NAME).failed == 2


async def test_a_look_up_that_takes_too_long_ends_with_the_connect(
    load: Load, postgres: PostgresServer, look_up: LookUp, stuck: threading.Event
) -> None:
    def addresses() -> list[str]:
        stuck.wait(60)
        return [LOOPBACK]

    look_up(addresses)
    async with load(orders=profile(postgres, "500ms")) as registry:
        error = await error_of(ask(registry))

        assert isinstance(error, PoolTimeout)
        assert failure_of(error).kind is FailureKind.TIMEOUT


async def test_a_name_that_leads_elsewhere_now_is_looked_up_by_the_next_connect(
    load: Load, postgres: PostgresServer, look_up: LookUp
) -> None:
    seen: list[str] = []

    def addresses() -> list[str]:
        seen.append(NOWHERE if len(seen) < 2 else LOOPBACK)
        return seen[-1:]

    look_up(addresses)
    async with load(orders=profile(postgres)) as registry:
        assert await ask(registry) == 1

    assert seen == [NOWHERE, NOWHERE, LOOPBACK]
