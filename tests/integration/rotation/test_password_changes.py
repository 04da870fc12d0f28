"""A password that changes on the server and in the file, under load: nothing restarts and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.rig.rotation import Load, Role
from tests.rig.wait import wait_until

NewRegistry = Callable[..., Registry]
ORDERS = pytest.mark.parametrize("server_first", [True, False], ids=["server first", "file first"])


def profile(role: Role, **pool: object) -> dict[str, Any]:
    return {
        "url": role.url,
        "password": {"file": str(role.file)},
        "pool": {"size": 10, "max_overflow": 0, "timeout": "20s", "connecting_limit": 1, **pool},
    }


async def rotate(role: Role, load: Load, *, server_first: bool) -> float:
    """Change the password at one side, see a login refused, change the other; return when both agreed."""
    password, before = role.new(), role.refusals
    if server_first:
        await role.altered(password)
    else:
        role.write(password)
    await wait_until(lambda: role.refusals > before, 10, what="a login to be refused")
    if server_first:
        role.write(password)
    else:
        await role.altered(password)
    role.secrets.append(password)
    return time.monotonic()


@ORDERS
async def test_open_connections_serve_on_while_the_password_changes(
    load: NewRegistry, role: Role, server_first: bool
) -> None:
    """AC1: 20 tasks on 10 connections, none of which has to log in again."""
    async with load(orders=profile(role)) as registry:
        work = Load(registry, "orders")
        work.start(20)
        await wait_until(lambda: len(work.pids) == 10)
        pids = set(work.pids)

        password = role.new()
        for change in (role.altered, role.write) if server_first else (role.write, role.altered):
            done = work.done
            if (waited := change(password)) is not None:
                await waited
            await wait_until(lambda done=done: work.done > done + 50)
        await work.stop()
        stats = registry.stats("orders")

    assert work.failed == []
    assert work.pids == pids
    assert (stats.created, role.refusals) == (10, 0)


@ORDERS
async def test_twenty_rotations_under_load_fail_nothing_once_both_sides_agree(
    load: NewRegistry, role: Role, server_first: bool
) -> None:
    """Connections live half a second, so that logins happen all the time, one at a time."""
    async with load(orders=profile(role, max_lifetime="500ms")) as registry:
        work = Load(registry, "orders")
        work.start(50)
        await wait_until(lambda: registry.stats("orders").open == 10)
        per_rotation: list[int] = []
        for _ in range(20):
            before = role.refusals
            agreed = await rotate(role, work, server_first=server_first)
            created, done = registry.stats("orders").created, work.done
            await wait_until(
                lambda created=created, done=done: (
                    registry.stats("orders").created >= created + 5 and work.done >= done + 50
                ),
                20,
                what="logins with the new password",
            )
            per_rotation.append(role.refusals - before)
            assert work.failed_since(agreed) == []
        await work.stop()

    assert per_rotation == [1] * 20
    assert work.done > 20 * 50
    # Who waited for the one login that was refused heard of it; nobody else did.
    assert len(work.failed) <= 20 * 50


async def test_the_next_connection_uses_a_changed_password_and_live_ones_stay(
    load: NewRegistry, role: Role
) -> None:
    async with (
        load(orders=profile(role)) as registry,
        registry.connect("orders") as first,
    ):
        pid = (await first.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        password = role.new()
        await role.altered(password)
        role.write(password)

        async with registry.connect("orders") as second:
            other = (await second.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        still = (await first.execute(text("SELECT pg_backend_pid()"))).scalar_one()

    assert (still, role.refusals) == (pid, 0)
    assert other != pid
