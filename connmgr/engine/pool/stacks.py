"""Where a connection was checked out, in the application's own lines."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import linecache
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TypeAlias

import greenlet
import sqlalchemy

Stack: TypeAlias = tuple[tuple[str, int, str], ...]
"""File, line and function of each call, the innermost first. No locals: they hold people's data."""

_DEPTH = 12
_NOT_THE_APPLICATION = (
    str(Path(__file__).parents[2]),
    str(Path(sqlalchemy.__file__).parent),
    str(Path(asyncio.__file__).parent),
    contextlib.__file__,
)


def capture() -> Stack:
    """Return the calls that led here, without SQLAlchemy's and ours.

    SQLAlchemy works in a greenlet, whose stack begins with it; the application's is its parent's.
    """
    current: greenlet.greenlet | None = greenlet.getcurrent().parent
    frames = _calls(current.gr_frame if current is not None else None)
    return tuple(itertools.islice(frames, _DEPTH))


def _calls(frame: FrameType | None) -> Iterator[tuple[str, int, str]]:
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_NOT_THE_APPLICATION):
            yield code.co_filename, frame.f_lineno, code.co_name
        frame = frame.f_back


def render(stack: Stack) -> str:
    """Return a stack as lines of text, with the source where it can be read."""
    return "\n".join(_line(*call) for call in stack)


def _line(file: str, number: int, function: str) -> str:
    source = linecache.getline(file, number).strip()
    where = f"{file}:{number} in {function}"
    return f"{where}: {source}" if source else where
