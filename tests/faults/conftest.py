"""Registries on real files, and peers that go away without a word."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from connmgr import Registry
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.profiles import Document, asked_each_time, write_profiles
from tests.rig.proxy import FaultProxy

Load = Callable[..., Registry]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write one profile file per keyword and load them."""

    def load(**documents: Document) -> Registry:
        fresh = {name: asked_each_time(document) for name, document in documents.items()}
        return Registry.load(write_profiles(tmp_path / "profiles", **fresh))

    return load


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that can fall silent, on connections that are open and on new ones, and come back."""

    server: PostgresServer
    url: str
    die: Callable[[], None]
    revive: Callable[[], None]


@pytest.fixture(params=["frozen", "black hole"])
async def peer(request: pytest.FixtureRequest, own_postgres: PostgresServer) -> AsyncIterator[Peer]:
    """A server that SIGSTOP silences, and one behind a network that swallows every packet."""
    if request.param == "frozen":
        yield Peer(own_postgres, own_postgres.url(), own_postgres.freeze, own_postgres.thaw)
        return
    async with FaultProxy(LOOPBACK, own_postgres.port) as proxy:
        yield Peer(own_postgres, own_postgres.url(port=proxy.port), proxy.blackhole, proxy.heal)
