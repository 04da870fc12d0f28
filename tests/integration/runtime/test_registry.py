"""A registry is a mapping of profiles, open in one event loop at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from connmgr import (
    ConfigError,
    ConnmgrError,
    Profile,
    Registry,
    RegistryClosed,
    UnknownProfile,
    WrongEventLoop,
)

MEMORY = {"url": "sqlite://"}
Load = Callable[..., Registry]


async def one(registry: Registry, name: str = "orders") -> int:
    async with registry.session(name) as session:
        return int((await session.execute(text("SELECT 1"))).scalar_one())


def test_a_registry_is_a_mapping_of_its_profiles(load: Load) -> None:
    registry = load(orders={**MEMORY, "description": "Orders"}, billing=MEMORY)

    assert sorted(registry) == ["billing", "orders"]
    assert len(registry) == 2
    assert "orders" in registry
    assert "oders" not in registry
    assert isinstance(registry["orders"], Profile)
    assert registry["orders"].description == "Orders"
    assert registry.get("oders") is None
    assert {name: profile.name for name, profile in registry.items()} == {
        "billing": "billing",
        "orders": "orders",
    }


async def test_a_repr_says_whether_the_registry_is_open(load: Load) -> None:
    registry = load(orders=MEMORY)

    assert repr(registry) == "<Registry closed: orders>"
    async with registry:
        assert repr(registry) == "<Registry open: orders>"


def test_loading_lists_every_problem_of_every_file(load: Load) -> None:
    with pytest.raises(ConfigError) as failure:
        load(orders={"url": "sqlite://", "pol": {}}, billing={"description": "no url"})

    assert sorted(Path(problem.place.file).name for problem in failure.value.problems) == [
        "billing.yaml",
        "orders.yaml",
    ]


@pytest.mark.parametrize("use", ["session", "begin", "connect", "engine", "health", "is_healthy"])
async def test_before_it_is_open_a_registry_says_how_to_open_it(load: Load, use: str) -> None:
    registry = load(orders=MEMORY)

    with pytest.raises(RegistryClosed, match=r"not open; use it inside `async with registry:`"):
        await _used(registry, use)


@pytest.mark.parametrize("use", ["session", "begin", "connect", "engine", "health", "is_healthy"])
async def test_a_closed_registry_is_not_open(load: Load, use: str) -> None:
    registry = load(orders=MEMORY)
    async with registry:
        await one(registry)

    with pytest.raises(RegistryClosed):
        await _used(registry, use)


async def _used(registry: Registry, use: str) -> None:
    used = getattr(registry, use)("orders")
    if asyncio.iscoroutine(used):
        await used


@pytest.mark.parametrize(
    "use", ["session", "begin", "connect", "engine", "settings", "stats", "sessionmaker", "dependency"]
)
async def test_an_unknown_name_is_told_which_names_there_are(load: Load, use: str) -> None:
    registry = load(orders=MEMORY, billing=MEMORY)

    async with registry:
        with pytest.raises(UnknownProfile) as failure:
            getattr(registry, use)("oders")

    assert str(failure.value) == (
        "no profile named 'oders'; there are: billing, orders; did you mean \"orders\"?"
    )


def test_a_name_that_is_like_no_other_is_not_guessed(load: Load) -> None:
    with pytest.raises(UnknownProfile) as failure:
        load(orders=MEMORY)["xyz"]

    assert str(failure.value) == "no profile named 'xyz'; there are: orders"


async def test_an_open_registry_is_not_opened_twice(load: Load) -> None:
    async with load(orders=MEMORY) as registry:
        with pytest.raises(ConnmgrError, match="the registry is open already"):
            registry.open()

        assert await one(registry) == 1


def test_a_registry_is_opened_inside_an_event_loop(load: Load) -> None:
    with pytest.raises(WrongEventLoop, match="no event loop is running; open the registry inside one"):
        load(orders=MEMORY).open()


def test_a_closed_registry_is_opened_again_in_another_loop(load: Load) -> None:
    registry = load(orders=MEMORY)

    async def run() -> int:
        async with registry:
            return await one(registry)

    assert [asyncio.run(run()), asyncio.run(run())] == [1, 1]


def test_a_registry_left_open_by_a_loop_that_is_gone_is_not_used_but_opened_again(load: Load) -> None:
    registry = load(orders=MEMORY)

    async def leave_open() -> None:
        registry.open()
        await one(registry)

    async def use_then_open() -> int:
        with pytest.raises(WrongEventLoop):
            registry.session("orders")
        async with registry:
            return await one(registry)

    asyncio.run(leave_open())
    assert asyncio.run(use_then_open()) == 1


@pytest.mark.parametrize("use", ["session", "health", "open", "close"])
async def test_a_second_event_loop_is_told_so(load: Load, use: str) -> None:
    errors: list[ConnmgrError] = []

    async def in_another_loop() -> None:
        try:
            if use in ("open", "close"):
                used = getattr(registry, use)()
                await used if asyncio.iscoroutine(used) else used
            else:
                await _used(registry, use)
        except ConnmgrError as error:
            errors.append(error)

    async with load(orders=MEMORY) as registry:
        thread = threading.Thread(target=lambda: asyncio.run(in_another_loop()))
        thread.start()
        await asyncio.to_thread(thread.join)

        assert await one(registry) == 1

    assert [type(error) for error in errors] == [WrongEventLoop]


async def test_without_an_event_loop_an_open_registry_gives_nothing_out(load: Load) -> None:
    async with load(orders=MEMORY) as registry:
        with pytest.raises(WrongEventLoop, match="no event loop is running"):
            await asyncio.to_thread(registry.session, "orders")
