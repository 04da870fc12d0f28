"""A hundred thousand checkouts leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr import Registry
from tests.rig.postgres import PostgresServer

Load = Callable[..., Registry]
WORKERS = 8
CHECKOUTS = 100_000
MEBIBYTE = 2**20


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def work(registry: Registry, checkouts: int) -> None:
    for _ in range(checkouts // WORKERS):
        async with registry.connect("orders"):
            await asyncio.sleep(0)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
async def test_memory_and_descriptors_stay_as_they_are(load: Load, postgres: PostgresServer) -> None:
    pool = {"size": 3, "max_overflow": 2, "timeout": "20s"}
    async with load(orders={"url": postgres.url(), "pool": pool}) as registry:
        await asyncio.gather(*(work(registry, CHECKOUTS // 5) for _ in range(WORKERS)))
        memory, files = resident(), descriptors()
        before = registry.stats("orders").checkouts

        await asyncio.gather(*(work(registry, CHECKOUTS) for _ in range(WORKERS)))
        stats = registry.stats("orders")
        grown = resident() - memory

        assert stats.checkouts - before == CHECKOUTS
        assert stats.created - stats.closed == stats.open
        assert grown <= MEBIBYTE
        assert descriptors() <= files
