"""A thread that reads a directory lets an event loop go on beside it; the main thread reads without rest."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from connmgr.config.directory import ProfileDirectory


def sleeps_in(work: Callable[[], object]) -> int:
    """How often Python sleeps in this thread while it does the work."""
    slept = []
    sys.setprofile(
        lambda _, event, what: slept.append(what) if (event, what) == ("c_call", time.sleep) else None
    )
    try:
        work()
    finally:
        sys.setprofile(None)
    return len(slept)


def test_only_in_another_thread_than_the_main_one_a_read_sleeps_now_and_then(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"t{number}.yaml").write_text("url: sqlite://\n")
    directory, counts = ProfileDirectory(tmp_path), []

    counts.append(sleeps_in(directory.read))
    thread = threading.Thread(target=lambda: counts.append(sleeps_in(directory.read)))
    thread.start()
    thread.join()

    assert counts[0] == 0
    assert counts[1] >= 5
