"""A rebuilt profile's new work goes to a new engine from one instant on; the old one ends with its work."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from connmgr import Effect, EngineRetired, ProfileRemoved, Registry, UnknownProfile
from tests.rig.failed import error_of
from tests.rig.load import counted_connections, load_on
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.wait import wait_until

NAME, APPLICATION = "orders", "connmgr-swap-test"
BACKEND = text("SELECT pg_backend_pid()")


class Profile:
    """One file, which leads to one server by the names that it has."""

    def __init__(self, directory: Path, server: PostgresServer) -> None:
        self._file = directory / f"{NAME}.yaml"
        self._server = server
        self._edits = 0

    def write(self, *, host: str = LOOPBACK, **values: Any) -> None:
        url = self._server.url(host=host, application_name=APPLICATION, sslmode="disable")
        self._file.write_text(json.dumps({"url": url, **values}))

    def move(self, **values: Any) -> None:
        """Write a change that takes another engine."""
        self._edits += 1
        self.write(host="localhost" if self._edits % 2 else LOOPBACK, **values)

    def delete(self) -> None:
        self._file.unlink()


@pytest.fixture
def profile(tmp_path: Path, postgres: PostgresServer) -> Profile:
    profile = Profile(tmp_path, postgres)
    profile.write()
    return profile


@pytest.fixture
async def registry(profile: Profile, tmp_path: Path) -> AsyncIterator[Registry]:
    async with Registry.load(tmp_path, environ={}) as registry:
        yield registry


async def backend(session: AsyncSession) -> int:
    return int(await session.scalar(BACKEND) or 0)


async def test_open_work_goes_on_with_the_old_engine_over_several_transactions(
    registry: Registry, profile: Profile, postgres: PostgresServer
) -> None:
    engine = registry.engine(NAME)
    async with registry.session(NAME) as old:
        first = await backend(old)
        profile.move()
        plan = await registry.reload()
        assert plan.profiles[0].effect is Effect.REBUILD
        async with registry.session(NAME) as new:
            assert await backend(new) != first
            assert new.bind is registry.engine(NAME) is not engine
        assert await backend(old) == first
        await old.commit()
        assert await backend(old)
        assert old.bind is engine
        assert registry.stats(NAME).retiring == 1

    await wait_until(lambda: registry.stats(NAME).retiring == 0, what="the old engine to end")
    await wait_until(lambda: postgres.backends(APPLICATION) == registry.stats(NAME).open)


async def test_idle_connections_of_the_old_engine_close_at_once(
    registry: Registry, profile: Profile, postgres: PostgresServer
) -> None:
    async with registry.session(NAME), registry.connect(NAME), registry.connect(NAME):
        pass
    assert registry.stats(NAME).idle == 2
    profile.move()

    await registry.reload()

    assert registry.stats(NAME).open == 0
    await wait_until(lambda: postgres.backends(APPLICATION) == 0, what="the old connections to close")


async def test_a_kept_engine_serves_until_the_work_has_ended_and_is_retired_then(
    registry: Registry, profile: Profile
) -> None:
    engine = registry.engine(NAME)
    async with engine.connect() as unleased:
        profile.move()
        await registry.reload()
        await unleased.execute(BACKEND)
        with pytest.raises(EngineRetired):
            async with engine.connect():
                pass

    await wait_until(lambda: registry.stats(NAME).retiring == 0, what="the old engine to end")
    assert isinstance(await error_of(engine.connect().start()), EngineRetired)


async def test_stragglers_are_cut_at_the_end_of_the_drain_and_named(
    registry: Registry, profile: Profile, log: list[dict[str, Any]]
) -> None:
    session = registry.session(NAME)
    await session.execute(BACKEND)
    profile.move(reload={"drain_timeout": "300ms"})
    begun = time.monotonic()
    await registry.reload()

    await wait_until(lambda: registry.stats(NAME).retiring == 0, what="the cut")

    assert 0.3 <= time.monotonic() - begun < 2
    assert await error_of(session.execute(BACKEND))
    await session.close()
    assert isinstance(await error_of(session.execute(BACKEND)), Exception)
    task = asyncio.current_task()
    assert task is not None
    (told,) = [
        record for record in log if record["level"].name == "WARNING" and "closed under" in record["message"]
    ]
    assert told["extra"]["task"] == task.get_name()


async def test_reloads_in_a_row_during_a_drain_leave_one_engine(
    registry: Registry, profile: Profile, postgres: PostgresServer
) -> None:
    sessions = []
    for _ in range(5):
        session = registry.session(NAME)
        await session.execute(BACKEND)
        sessions.append(session)
        profile.move()
        await registry.reload()
    assert len([*registry._engines]) == 6
    assert registry.stats(NAME).retiring == 5

    for session in sessions:
        await session.close()

    await wait_until(lambda: len([*registry._engines]) == 1, what="the old engines to end")
    await wait_until(lambda: postgres.backends(APPLICATION) == 0)


async def test_a_removed_profile_finishes_what_is_out_and_may_come_back(
    registry: Registry, profile: Profile
) -> None:
    make = registry.sessionmaker(NAME)
    async with registry.session(NAME) as session:
        await session.execute(BACKEND)
        profile.delete()
        (gone,) = (await error_of(registry.reload()),)
        assert "CM107" in str(gone)  # without any file a directory is taken for a mistake
        (profile._file.parent / "other.yaml").write_text("url: sqlite://\n")
        await registry.reload()

        for refused in (make, lambda: registry.engine(NAME), lambda: registry.settings(NAME)):
            with pytest.raises(ProfileRemoved):
                refused()
        assert NAME not in registry
        await session.execute(BACKEND)
        await session.commit()
        await session.execute(BACKEND)

    with pytest.raises(UnknownProfile, match="gone"):
        registry.session(NAME)
    profile.write()
    await registry.reload()
    async with make() as session:
        await session.execute(BACKEND)


async def test_sizes_change_in_place_under_running_transactions(
    registry: Registry, profile: Profile, postgres: PostgresServer
) -> None:
    engine = registry.engine(NAME)
    async with load_on(registry, NAME, 50) as load:
        for size in (4, 12, 2):
            done = load.committed
            profile.write(pool={"size": size, "max_overflow": 0})
            plan = await registry.reload()
            assert plan.profiles[0].effect is Effect.LIVE
            await wait_until(lambda n=size: registry.stats(NAME).open == n, what="the size")
            await wait_until(lambda n=done: load.committed > n + 100, 20, what="the load to go on")

    assert load.errors == []
    assert registry.engine(NAME) is engine
    await wait_until(lambda: postgres.backends(APPLICATION) == 2)


@pytest.mark.parametrize("times", [1, 1.5, 2])
async def test_all_engines_together_keep_to_the_bound(
    registry: Registry, profile: Profile, postgres: PostgresServer, times: float
) -> None:
    limits = {"pool": {"size": 4, "max_overflow": 2}, "reload": {"max_overlap": times}}
    profile.write(**limits)
    await registry.reload()
    async with counted_connections(postgres, APPLICATION) as counts, load_on(registry, NAME, 20) as load:
        for _ in range(15):
            holding = [registry.session(NAME) for _ in range(2)]
            for session in holding:
                await session.execute(BACKEND)
            profile.move(**limits)
            await registry.reload()
            done = load.committed
            await wait_until(lambda n=done: load.committed > n + 5, 10, what="the load to go on")
            for session in holding:
                await session.close()

    assert load.errors == []
    assert 6 <= max(counts) <= 6 * times


async def test_an_unchanged_profile_keeps_its_engine_and_its_connections(
    registry: Registry, profile: Profile
) -> None:
    async with registry.session(NAME) as session:
        first = await backend(session)
    engine = registry.engine(NAME)
    (profile._file.parent / "other.yaml").write_text("url: sqlite://\n")

    plan = await registry.reload()

    assert ([each.profile for each in plan.profiles], plan.unchanged) == (["other"], 1)
    assert registry.engine(NAME) is engine
    async with registry.session(NAME) as session:
        assert await backend(session) == first
    assert registry.stats(NAME).created == 1


async def test_closing_ends_a_drain_in_its_own_time(registry: Registry, profile: Profile) -> None:
    session = registry.session(NAME)
    await session.execute(BACKEND)
    profile.move()
    await registry.reload()
    begun = time.monotonic()

    cut_off = await registry.close(grace=0.2)

    assert time.monotonic() - begun < 3
    assert [holder.profile for holder in cut_off] == [NAME]
    await session.close()
