"""The minutes in which server and source disagree, with `previous`: in both directions nothing fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.rig.rotation import Load, Role, replace_file
from tests.rig.wait import wait_until

NewRegistry = Callable[..., Registry]


def profile(role: Role, **pool: object) -> dict[str, Any]:
    return {
        "url": role.url,
        "password": {"file": str(role.file), "previous": {"file": str(role.older)}},
        "pool": {"size": 5, "max_overflow": 0, "connecting_limit": 1, "max_lifetime": "300ms", **pool},
    }


def fallbacks(log: list[dict[str, Any]]) -> list[str]:
    return [record["message"] for record in log if "let in with the previous secret" in record["message"]]


@pytest.mark.parametrize("direction", ["the file is ahead", "the server is ahead"])
async def test_the_previous_secret_serves_until_both_agree(
    load: NewRegistry, role: Role, log: list[dict[str, Any]], direction: str
) -> None:
    """AC4. Ahead is the file, with a secret that the server is yet to get; or the server, whose new secret
    stands in `previous` first, as a rotation's pending one does.
    """
    old, new = role.secrets[0], role.new()
    async with load(orders=profile(role)) as registry:
        work = Load(registry, "orders")
        work.start(10)
        await wait_until(lambda: registry.stats("orders").created >= 5)
        if direction == "the file is ahead":
            replace_file(role.older, old)
            role.write(new)
        else:
            replace_file(role.older, new)
            await role.altered(new)
        await wait_until(lambda: role.refusals >= 1, 10)
        created = registry.stats("orders").created
        await wait_until(lambda: registry.stats("orders").created >= created + 10, 10)
        begun = time.monotonic()
        # For longer than the first pause: the new secret is offered again, and refused again.
        await wait_until(lambda: time.monotonic() > begun + 1.5, 10)
        refusals = role.refusals
        if direction == "the file is ahead":
            await role.altered(new)
        else:
            role.write(new)
        created = registry.stats("orders").created
        await wait_until(lambda: registry.stats("orders").created >= created + 10, 10)
        await work.stop()

    assert work.failed == []
    assert 1 <= refusals <= 3
    assert role.refusals <= refusals + 1
    assert 1 <= len(fallbacks(log)) <= 3
    assert not any(secret in str(log) for secret in (old, new))


async def test_a_previous_secret_that_is_not_there_is_no_trouble(load: NewRegistry, role: Role) -> None:
    async with load(orders=profile(role)) as registry, registry.connect("orders") as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
