"""Registries of real files, served on a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connmgr import Registry
from connmgr.admin import serve

Served = Callable[..., AbstractAsyncContextManager[Registry]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the socket is."""
    return tmp_path / "admin.sock"


@pytest.fixture
def pooled(tmp_path: Path) -> dict[str, Any]:
    """A profile that keeps its connections, and waits a fifth of a second for those who have one."""
    return {
        "url": f"sqlite:///{tmp_path}/orders.db",
        "pool": {"mode": "pooled"},
        "reload": {"drain_timeout": "200ms"},
    }


@pytest.fixture
def served(load: Callable[..., Registry], path: Path) -> Served:
    """Open a registry of the profiles given and serve it: `async with served(orders={...}) as registry`."""

    @asynccontextmanager
    async def served(**profiles: Mapping[str, Any]) -> AsyncIterator[Registry]:
        async with load(**profiles) as registry, serve(registry, path):
            yield registry

    return served
