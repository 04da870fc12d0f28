"""A heap for benchmarks that does not hold what the rest of the run left in it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def small_heap() -> Iterator[None]:
    """Keep what there is out of the collections between two visits: at a quarter of a second each, by the
    end of the run, they would be all that these tests do.
    """
    gc.freeze()

    yield

    gc.unfreeze()
