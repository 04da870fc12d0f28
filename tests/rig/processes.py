"""Look at, stop, continue and kill whole families of processes (Linux, through /proc)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path

from tests.rig.wait import wait_until_sync

STOPPED = "tT"
GONE = "ZX"


def state(pid: int) -> str:
    """The letter of ps(1): R, S, T stopped, Z ended and not waited for; X when there is no such process."""
    return _stat(pid)[0]


def children(pid: int) -> list[int]:
    """The living direct children of `pid`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            child_state, parent = _stat(int(entry.name))
            if parent == pid and child_state not in GONE:
                found.append(int(entry.name))
    return sorted(found)


def command(pid: int) -> str:
    """The command line of `pid`, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def freeze(parent: int) -> None:
    """SIGSTOP `parent` and its children; on return every one of them stands still."""
    # The parent first, and until it really stands: a child that it forks meanwhile would run on unseen.
    _stop([parent])
    _stop(children(parent))


def thaw(parent: int) -> None:
    """SIGCONT `parent` and its children."""
    send(signal.SIGCONT, [*children(parent), parent])


def kill(parent: int) -> None:
    """SIGKILL `parent` and its children; on return none of them runs. The caller waits for `parent`."""
    _stop([parent])
    family = [*children(parent), parent]
    send(signal.SIGKILL, family)
    wait_until_sync(lambda: all(state(pid) in GONE for pid in family), what=f"the end of {family}")


def send(signal_number: signal.Signals, pids: Iterable[int]) -> None:
    """Send a signal to each of `pids` that still exists."""
    for pid in pids:
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            continue


def _stop(pids: list[int]) -> None:
    send(signal.SIGSTOP, pids)
    wait_until_sync(lambda: all(state(pid) in STOPPED + GONE for pid in pids), what=f"{pids} to stand still")


def _stat(pid: int) -> tuple[str, int]:
    """State and parent. The name before them is in parentheses and may itself hold any character."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "X", 0
    return fields[0], int(fields[1])
