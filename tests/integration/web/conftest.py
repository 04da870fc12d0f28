"""Clients of the application, without a server and with one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from connmgr import Registry
from connmgr.runtime.health import Health
from connmgr.web import health_app
from connmgr.web.watch import Watch
from tests.rig.pool import Clock
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.wait import wait_until

Browse = Callable[[Registry], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def write_registry_file(tmp_path: Path) -> Callable[..., None]:
    """Write `_registry.yaml` beside the profiles that `load` will write."""

    def write(**values: object) -> None:
        directory = tmp_path / "profiles"
        directory.mkdir(exist_ok=True)
        (directory / "_registry.yaml").write_text(json.dumps(values), encoding="utf-8")

    return write


@pytest.fixture
def browse() -> Browse:
    """Open a client of the application of a registry, in this process."""

    @asynccontextmanager
    async def browse(registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(health_app(registry))
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            yield client

    return browse


@pytest.fixture
def serve() -> Browse:
    """Serve the application by uvicorn on a free port, and open a client of it."""

    @asynccontextmanager
    async def serve(registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
        port = free_port()
        config: Any = uvicorn.Config(
            health_app(registry), LOOPBACK, port, log_level="critical", lifespan="off"
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        # Its own way in takes over the process's signals.
        serving = asyncio.create_task(server._serve(), name="rig uvicorn")
        await wait_until(lambda: server.started, what="uvicorn to listen")
        try:
            async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=1.0) as client:
                yield client
        finally:
            server.should_exit = True
            await serving

    return serve


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What pages and monitors go by: an answer serves until the test lets its time pass."""
    clock = Clock()
    monkeypatch.setattr("connmgr.opened.Health", partial(Health, clock=clock))
    monkeypatch.setattr("connmgr.web.app.Watch", partial(Watch, clock=clock))
    return clock
