"""Closing a registry that nobody holds anything of takes no time and leaves nothing open."""

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import text

from connmgr import EngineRetired, Registry, RegistryClosed

Load = Callable[..., Registry]
LONG = 60.0
SHORT = 0.05
AT_ONCE = 2.0
"""Seconds that are plenty for closing and far less than any grace here."""


async def test_closing_twice_does_nothing_the_second_time(registry: Registry) -> None:
    await registry.close()

    assert await registry.close() == ()


async def test_closing_what_was_never_open_does_nothing(load: Load) -> None:
    assert await load(orders={"url": "sqlite://"}).close() == ()


async def test_closing_that_is_cancelled_during_a_health_check_leaves_nothing_open(load: Load) -> None:
    deaf = await asyncio.start_server(_never_answer, "127.0.0.1", 0)
    port = deaf.sockets[0].getsockname()[1]
    silent = {"url": f"postgresql://app@127.0.0.1:{port}/orders?sslmode=disable", "health": {"timeout": "1s"}}
    registry = load(silent=silent, orders={"url": "sqlite://"})
    registry.open()
    engine = registry.engine("orders")
    checking = asyncio.create_task(registry.health("silent"))
    await asyncio.sleep(0)

    closing = asyncio.create_task(registry.close(grace=LONG))
    await asyncio.wait({closing}, timeout=SHORT)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    with pytest.raises(EngineRetired):
        await engine.connect()
    assert (await checking).reason == "timeout"
    deaf.close()
    await deaf.wait_closed()


async def _never_answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await _reader.read()
    writer.close()


async def test_a_forgotten_session_does_not_hold_up_the_close(registry: Registry) -> None:
    registry.session("orders")
    gc.collect()

    started = time.monotonic()
    holders = await registry.close(grace=LONG)

    assert holders == ()
    assert time.monotonic() - started < AT_ONCE


async def test_a_session_forgotten_with_its_connection_does_not_hold_up_the_close(registry: Registry) -> None:
    async def forget() -> None:
        await registry.session("orders").execute(text("SELECT 1"))

    with warnings.catch_warnings():
        # SQLAlchemy warns of it, and rightly.
        warnings.simplefilter("ignore")
        await forget()
        gc.collect()
        started = time.monotonic()
        holders = await registry.close(grace=LONG)

    assert holders == ()
    assert time.monotonic() - started < AT_ONCE


async def test_leaving_the_block_by_an_error_closes_and_passes_the_error_on(load: Load) -> None:
    registry = load(orders={"url": "sqlite://"})

    with pytest.raises(ValueError, match="of the application"):
        async with registry:
            raise ValueError("of the application")

    with pytest.raises(RegistryClosed):
        registry.session("orders")
