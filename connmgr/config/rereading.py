"""Read files again only where they changed: by their status, and by their bytes where that may be too old.

A status tells two writes apart only when its clock ticked in between. So of a file that was written just
before it was read, the bytes are compared the next time, as Git does ("racy git").
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TypeAlias, TypeVar, cast

from connmgr.config.files import read_with_status
from connmgr.problem import Problem

T = TypeVar("T")
Stamp: TypeAlias = tuple[int, ...]

COARSEST: Final = 3 * 10**9
"""Nanoseconds for which a status is not trusted: FAT counts in 2 s, and file systems' clocks lag behind."""


@dataclass(slots=True, eq=False)
class Reading:
    """What was made of a file. `stamp` is None where only another look into the file can tell a change.

    Of what the file held there is a digest, or the problem with reading it, and no more: it may hold secrets.
    """

    stamp: Stamp | None
    held: bytes | Problem = field(repr=False)
    given: object = field(repr=False)
    product: object = field(repr=False)


class Rereading:
    """Reads the files of one go, each once; `before` are the `readings` of the last one.

    `key` is a secret of the process: without it, a digest would let a password in the file be guessed.
    """

    def __init__(self, before: Mapping[str, Reading], key: bytes) -> None:
        self.readings: dict[str, Reading] = {}
        self._before = before
        self._key = key

    def __call__(self, path: str, parse: Callable[[bytes | Problem], T], given: object = None) -> T:
        """Return what `parse` makes of a file; what it made before, when that still holds."""
        before = self._before.get(path)
        if before is not None and before.given != given:
            before = None
        if before is None or before.stamp is None or before.stamp != _stamp(path):
            self.readings[path] = self._read(path, parse, given, before)
        else:
            self.readings[path] = before
        return cast("T", self.readings[path].product)

    def _read(
        self, path: str, parse: Callable[[bytes | Problem], T], given: object, before: Reading | None
    ) -> Reading:
        # Taken before the file is opened: what is written from here on may have the status that is read.
        now = time.time_ns()
        data, status = read_with_status(path)
        stamp = _settled(status, data, now)
        held = data if isinstance(data, Problem) else blake2b(data, digest_size=32, key=self._key).digest()
        if before is not None and before.held == held:
            # In place: ten thousand new objects, of files that were only touched, would have the collector
            # go through all profiles, which stops every thread.
            before.stamp = stamp
            return before
        return Reading(stamp, held, given, parse(data))


def _settled(status: os.stat_result | None, data: bytes | Problem, now: int) -> Stamp | None:
    """Return the stamp of a file in which every later write will show, else None."""
    # What has another size than it tells, such as the files in /proc, may change without a new status.
    if status is None or isinstance(data, Problem) or len(data) != status.st_size:
        return None
    is_old = max(status.st_mtime_ns, status.st_ctime_ns) < now - COARSEST
    return _stamp_of(status) if is_old else None


def _stamp(path: str) -> Stamp | None:
    try:
        return _stamp_of(os.stat(path))  # noqa: PTH116
    except OSError:
        return None


def _stamp_of(status: os.stat_result) -> Stamp:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
