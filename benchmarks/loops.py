"""Runs a benchmark in asyncio's event loop, then in uvloop's where that is installed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from importlib.util import find_spec
from typing import Any, TypeVar

Result = TypeVar("Result")
NewLoop = Callable[[], asyncio.AbstractEventLoop]


def in_each_loop(work: Callable[[str], Coroutine[Any, Any, list[Result]]]) -> list[Result]:
    """Run `work(name of the loop)` to its end in a new loop of each kind; all results, in order."""
    results = []
    for name, new_loop in _loops():
        with asyncio.Runner(loop_factory=new_loop) as runner:
            results += runner.run(work(name))
    return results


def _loops() -> Iterator[tuple[str, NewLoop]]:
    yield "asyncio", asyncio.new_event_loop
    if find_spec("uvloop") is None:
        print("uvloop is not installed, and left out", file=sys.stderr)
        return
    import uvloop

    yield "uvloop", uvloop.new_event_loop
