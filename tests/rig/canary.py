"""A secret that must not show, and how to look for it in whatever shows values."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import pickle
import traceback
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from loguru import logger

# Characters that libraries escape, each in a way of its own.
CANARY: Final = "c4n4ry/pa55 w@rd:%?&é"
URL_CANARY: Final = quote(CANARY, safe="")
WORD: Final = "c4n4ry"  # of it, the part that survives every escape and every cut


def shown(*texts: str) -> list[str]:
    """Where the canary shows: in clear, every letter percent-encoded, in hex, or in base64 at any offset."""
    encoded = "".join(f"%{ord(letter):02x}" for letter in WORD)
    signs = {WORD, encoded, WORD.encode().hex(), *_base64_of(WORD)}
    return [
        line
        for text in texts
        for line in text.splitlines()
        if any(sign in line or sign in line.lower() for sign in signs)
    ]


def _base64_of(word: str) -> Iterator[str]:
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + word.encode()).decode()
        # The first and last letters of each depend on what stands beside the word.
        yield encoded[(0, 2, 3)[offset] : len(encoded.rstrip("=")) - 1]


def faces(value: object) -> list[str]:
    """Every way in which a value turns into text by itself, or is taken apart by a tool."""
    return [
        *(repr(value), str(value), f"{value}", f"{value!r:>80}", f"{[value]}", f"{ {'key': value} }"),
        _attempt(lambda: pickle.dumps(value).decode("latin-1")),
        _attempt(lambda: json.dumps(value, default=str)),
        _attempt(lambda: json.dumps(value, default=_apart)),
        _attempt(lambda: repr(dataclasses.asdict(value))),  # type: ignore[call-overload]
        _attempt(lambda: repr(copy.deepcopy(value))),
        _attempt(lambda: repr(vars(value))),
        _attempt(lambda: repr([getattr(value, name, None) for name in dir(value)])),
    ]


def _apart(value: object) -> object:
    """Take apart what JSON does not know, as encoders of others do."""
    if isinstance(value, MappingProxyType):
        return {str(key): item for key, item in value.items()}
    slots = {name: getattr(value, name, None) for kind in type(value).__mro__ for name in _slots(kind)}
    return {**slots, **getattr(value, "__dict__", {})} or str(value)


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _attempt(show: object) -> str:
    try:
        return str(show())  # type: ignore[operator]
    except (TypeError, AttributeError, ValueError, pickle.PicklingError) as error:
        return str(error)


def told(error: BaseException) -> list[str]:
    """What tools print of an error: with the local variables of every frame, of what it came from too.

    The first frame is the test's own, whose variables may show what they like, and is left out.
    """
    printed: list[str] = []
    ours = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
    sink = logger.add(printed.append, format="{message}", diagnose=True, backtrace=False)
    logger.opt(exception=ours).error("failed")
    logger.remove(sink)
    return [*map(str, printed), *(text for each in _all_of(ours) for text in _locals(each))]


def _locals(error: BaseException) -> Iterator[str]:
    frames = traceback.TracebackException.from_exception(error, capture_locals=True, max_group_width=100)
    yield from frames.format(chain=False)
    yield from (
        str(error),
        repr(error),
        repr(vars(error)),
        repr(error.args),
        *getattr(error, "__notes__", ()),
    )
    yield from faces(error)


def _all_of(error: BaseException) -> list[BaseException]:
    """The error and whatever it came from, suppressed or not: debuggers show that too."""
    found: list[BaseException] = [error]
    for each in found:
        parts = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        below = (each.__cause__, each.__context__, *parts)
        found += [other for other in below if other is not None and other not in found]
    return found
