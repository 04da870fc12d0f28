"""A host with several addresses: a silent one leaves time for the next."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import Registry

Load = Callable[..., Registry]
OTHER = "127.0.0.2"


@pytest.fixture
def two_addresses(postgres: Any, database: str, load: Load, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry of `orders`, whose host has a first address of the test's and then the server's."""

    def look_up(_host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        return [(*kind, (address, port)) for address in (OTHER, "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    url = postgres.url(dbname=database, host="db.test", sslmode="disable")
    return load(orders={"url": url, "timeouts": {"connect": 1.0}, "health": {"timeout": 1.0}})


async def ask(registry: Registry) -> Any:
    async with registry.session("orders") as session:
        return (await session.execute(text("SELECT 1"))).scalar()


async def test_a_silent_address_leaves_time_for_the_next(postgres: Any, two_addresses: Registry) -> None:
    with socket.create_server((OTHER, postgres.port)):
        async with two_addresses as registry:
            assert await ask(registry) == 1
            assert (await registry.health("orders")).reason == "ok"
