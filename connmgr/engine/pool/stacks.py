"""Where a connection was checked out, in the application's own lines."""

from __future__ import annotations

import itertools
import linecache
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TypeAlias

import greenlet

Stack: TypeAlias = tuple[tuple[str, int, str], ...]
"""File, line and function of each call, the innermost first. No locals: they hold people's data."""

_DEPTH = 12
_NOT_THE_APPLICATION = frozenset({"asyncio", "connmgr", "contextlib", "sqlalchemy"})


def capture() -> Stack:
    """Return the calls that led here, without SQLAlchemy's and ours.

    SQLAlchemy works in a greenlet, whose stack begins with it: what the application runs in there
    (`run_sync`) comes first, what it awaits is its parent's.
    """
    parent = greenlet.getcurrent().parent
    outside = _calls(parent.gr_frame) if parent is not None else ()
    return tuple(itertools.islice(itertools.chain(_calls(sys._getframe()), outside), _DEPTH))


def _calls(frame: FrameType | None) -> Iterator[tuple[str, int, str]]:
    while frame is not None:
        code = frame.f_code
        # By module, not by file: SQLAlchemy compiles some of its functions, and those have no file.
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in _NOT_THE_APPLICATION:
            yield code.co_filename, frame.f_lineno, code.co_name
        frame = frame.f_back


def render(stack: Stack) -> str:
    """Return a stack as lines of text, with the source where it can be read."""
    return "\n".join(_line(*call) for call in stack)


def _line(file: str, number: int, function: str) -> str:
    source = linecache.getline(file, number).strip()
    where = f"{file}:{number} in {function}"
    return f"{where}: {source}" if source else where
