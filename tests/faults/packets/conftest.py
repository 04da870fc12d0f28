"""Networks that lose packets. The tests of this directory run in children, each in a network of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig import namespace
from tests.rig.delegation import Delegation
from tests.rig.partition import Partition

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this directory, and leave them to the child when this is not the child."""
    # A child for each file, as `make test` deals files out: else each of its workers would run all of them.
    delegations: defaultdict[Path, Delegation] = defaultdict(Delegation)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("packets")
            if not namespace.is_private():
                delegations[item.path].take(item)


@pytest.fixture(scope="session", autouse=True)
def network() -> Iterator[Partition]:
    """The network that all tests share. Made before any server: without it loopback is down."""
    with Partition() as partition:
        yield partition


@pytest.fixture
def partition(network: Partition) -> Iterator[Partition]:
    """The network, to be broken; healed at the end."""
    yield network

    network.heal()
