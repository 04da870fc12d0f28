"""What the tests of health over HTTP have in common: profiles that are well and ill, and sums of answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager

import httpx

from connmgr import Registry, Status
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.proxy import FaultProxy

Load = Callable[..., Registry]
Browse = Callable[[Registry], AbstractAsyncContextManager[httpx.AsyncClient]]
Write = Callable[..., None]

WELL: dict[str, object] = {"url": "sqlite://"}
HEALTH_JSON = "application/health+json"
ONE = {"size": 1, "max_overflow": 0}


def down(**health: object) -> dict[str, object]:
    """Return a profile whose server does not listen."""
    url = f"postgresql://someuser:hidden-canary@{LOOPBACK}:{free_port()}/orders?sslmode=disable"
    return {"url": url, "health": health}


def cut(proxy: FaultProxy) -> None:
    """Take the server behind a proxy away: what is open is reset, what is new is refused."""
    proxy.refuse()
    proxy.reset()


async def codes(client: httpx.AsyncClient, paths: Iterable[str]) -> list[int]:
    """Ask for all the paths at once; return the status codes in their order."""
    answers = await asyncio.gather(*(client.get(path) for path in paths))
    return [answer.status_code for answer in answers]


def alike(registry: Registry, name: str) -> int:
    """Return how many of a profile's checks in a row, up to the last, came to the same: well or down."""
    results = registry.health_history(name).results
    count = 0
    for point in reversed(results):
        if (point.status is Status.UNHEALTHY) is not (results[-1].status is Status.UNHEALTHY):
            break
        count += 1
    return count
