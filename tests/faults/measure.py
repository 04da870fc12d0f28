"""Measure what a fault costs and what it leaves behind: time, sockets, threads, tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.rig.ports import CHOICE


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer; for promises about failure, which name a time."""
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert took <= seconds, f"took {took:.3f} s, promised were {seconds:g} s"


class Left(NamedTuple):
    """What this process holds now; compare two of them. What the rig's own peers hold is left out."""

    sockets: int
    threads: int
    tasks: int


def left() -> Left:
    """Count the TCP connections this process has made, its threads, and the tasks of this loop."""
    tasks = [task for task in asyncio.all_tasks() if not task.get_name().startswith("rig ")]
    return Left(_connections(), threading.active_count(), len(tasks))


def _connections() -> int:
    own = _socket_inodes()
    rows = [row.split() for row in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    # A peer of the rig accepts on a port of the rig's; the connection to it is what is counted.
    return sum(row[9] in own and int(row[1].rpartition(":")[2], 16) not in CHOICE for row in rows)


def _socket_inodes() -> set[str]:
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            kind, _, inode = str(descriptor.readlink()).partition(":")
        except OSError:  # the descriptor of this very listing is gone by now
            continue
        if kind == "socket":
            found.add(inode.strip("[]"))
    return found
