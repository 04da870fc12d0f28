"""Pools on a real server whose time the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from connmgr import Registry
from tests.rig.pool import Lab
from tests.rig.postgres import PostgresServer

NewLab = Callable[..., Lab]
Load = Callable[..., Registry]


@pytest.fixture
async def new_lab(load: Load, postgres: PostgresServer) -> AsyncIterator[NewLab]:
    """Make a pool: `new_lab(size=2)`; `url`, `timeouts` and `breaker` as in a profile."""
    labs: list[Lab] = []

    def new_lab(
        url: str | None = None,
        timeouts: dict[str, object] | None = None,
        breaker: dict[str, object] | None = None,
        **pool: object,
    ) -> Lab:
        profile = {
            "url": url or postgres.url(sslmode="disable"),
            "pool": pool,
            "timeouts": timeouts or {},
            "breaker": breaker or {},
        }
        labs.append(Lab(load(orders=profile).settings("orders")))
        return labs[-1]

    yield new_lab

    for lab in labs:
        await lab.close()
