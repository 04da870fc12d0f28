"""Read what a postmaster writes about itself into `postmaster.pid`."""

from __future__ import annotations

import ctypes
from pathlib import Path

PID, SHARED_MEMORY, STATUS = 0, 6, 7
SERVING = ("ready", "standby")
IPC_RMID = 0


def says_ready(data: Path, pid: int) -> bool:
    """Whether the server on `data` that runs as `pid` accepts connections."""
    lines = _lines(data)
    # After a kill the file of the previous life is still there, and says "ready" as well.
    return len(lines) > STATUS and lines[PID] == str(pid) and lines[STATUS] in SERVING


def remove_shared_memory(data: Path) -> None:
    """Remove the System V segment that a killed server left behind; one that was shut down left none."""
    lines = _lines(data)
    if len(lines) > SHARED_MEMORY and lines[SHARED_MEMORY]:
        segment = int(lines[SHARED_MEMORY].split()[-1])
        ctypes.CDLL(None).shmctl(segment, IPC_RMID, None)


def _lines(data: Path) -> list[str]:
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []
