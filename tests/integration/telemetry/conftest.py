"""A profile on a real server, and OpenTelemetry's SDK to read back from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connmgr import Registry
from tests.rig.postgres import PostgresServer
from tests.rig.telemetry import Sdk

Orders = Callable[..., Registry]


@pytest.fixture
def orders(load: Callable[..., Registry], postgres: PostgresServer) -> Orders:
    """Load the profile `orders`: `orders(pool={"size": 1})`."""

    def orders(**settings: Any) -> Registry:
        return load(orders={"url": postgres.url(sslmode="disable"), **settings})

    return orders


@pytest.fixture
def sdk() -> Iterator[Sdk]:
    with Sdk() as sdk:
        yield sdk
