"""A wrong secret: few logins whatever the load, a clear error, and the right one at once when it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import Registry
from connmgr.failure import FailureKind
from tests.rig.rotation import Load, Role
from tests.rig.wait import wait_until

NewRegistry = Callable[..., Registry]


def profile(role: Role, **pool: object) -> dict[str, Any]:
    pool = {"size": 10, "max_overflow": 0, "timeout": "2s", **pool}
    return {
        "url": role.url,
        "password": {"file": str(role.file)},
        "pool": pool,
        "timeouts": {"connect": "2s"},
    }


async def use(registry: Registry) -> None:
    async with registry.connect("orders") as connection:
        await connection.execute(text("SELECT 1"))


async def test_a_wrong_secret_costs_few_logins_under_load_and_the_right_one_works_at_once(
    load: NewRegistry, role: Role
) -> None:
    """AC2, every connection lost when the secret turns wrong. Pauses of 1, 2 and 4 s: 3 logins in 5 s."""
    async with load(orders=profile(role)) as registry:
        work = Load(registry, "orders")
        work.start(50)
        await wait_until(lambda: len(work.pids) == 10)
        role.write("c4n4ry-wrong")
        role.server.sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role.name}'"
        )
        await wait_until(lambda: role.refusals >= 1)
        begun = time.monotonic()
        # With the health check, whose connection was lost too, on the same pauses.
        report = await registry.health("orders")
        await wait_until(lambda: time.monotonic() > begun + 5, 10)
        refusals, failed = role.refusals, [*work.failed]
        role.write(role.secrets[0])
        done, mended = work.done, time.monotonic()
        await wait_until(lambda: work.done > done + 50, 5)
        took = time.monotonic() - mended
        await work.stop()

    assert 1 <= refusals <= 3
    assert len(failed) > 50
    assert took < 2
    assert work.failed_since(mended) == []
    assert report.reason in {FailureKind.AUTHENTICATION.value, FailureKind.TIMEOUT.value}
    assert "c4n4ry" not in str([(str(error), getattr(error, "__notes__", ())) for _, error in work.failed])


async def test_the_error_names_profile_and_source_and_when_it_is_tried_again(
    load: NewRegistry, role: Role
) -> None:
    role.write("c4n4ry-wrong")
    async with load(orders=profile(role)) as registry:
        errors = []
        for _ in range(3):
            with pytest.raises(Exception, match="password authentication failed") as caught:
                await use(registry)
            errors.append("\n".join(caught.value.__notes__))

    assert role.refusals == 1
    for error in errors:
        assert "profile 'orders'" in error
        assert f"file {role.file}" in error
        assert "unless it changes" in error
        assert "c4n4ry" not in error


async def test_a_profile_that_never_logged_in_hears_at_once_and_uses_a_changed_secret_at_once(
    load: NewRegistry, role: Role
) -> None:
    role.write("wrong")
    async with load(orders=profile(role)) as registry:
        begun = time.monotonic()
        outcomes = await asyncio.gather(*(use(registry) for _ in range(20)), return_exceptions=True)
        took = time.monotonic() - begun
        role.write(role.secrets[0])
        await use(registry)

    assert all(isinstance(outcome, Exception) for outcome in outcomes)
    assert took < 1.5
    assert role.refusals == 1


async def test_a_role_that_may_log_in_again_is_let_in_after_the_pause(load: NewRegistry, role: Role) -> None:
    """28000: the secret is right, and the next connect waits for its turn."""
    async with load(orders=profile(role, mode="none")) as registry:
        await use(registry)
        role.server.sql(f"ALTER ROLE {role.name} NOLOGIN")
        with pytest.raises(Exception, match="not permitted to log in"):
            await use(registry)
        role.server.sql(f"ALTER ROLE {role.name} LOGIN")
        begun = time.monotonic()
        await use(registry)
        took = time.monotonic() - begun

    assert 0.5 < took < 1.9


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_as_many_logins_are_refused_as_are_under_way_when_the_server_changes_first(
    load: NewRegistry, role: Role, limit: int
) -> None:
    async with load(orders=profile(role, connecting_limit=limit)) as registry:
        await use(registry)
        new = role.new()
        await role.altered(new)
        role.server.sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role.name}'"
        )
        await asyncio.gather(*(use(registry) for _ in range(20)), return_exceptions=True)
        role.write(new)
        await asyncio.gather(*(use(registry) for _ in range(20)))

    assert 1 <= role.refusals <= limit
