"""What is said over the socket: one line of JSON asks, one answers.

    {"version": 1, "verb": "pause", "profiles": ["orders"]}
    {"version": 1, "waiting": true}
    {"version": 1, "answer": {"orders": {"state": "paused", "holders": []}}}

Lines with `waiting` come while the verb takes its time; the last line has an `answer` or an `error`. Both
ends import this module, and the client's imports nothing of engines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from connmgr.errors import ConnmgrError

VERSION: Final = 1

LONGEST_REQUEST: Final = 1 << 20
"""Bytes of a request: ten thousand names of profiles fit."""

WAITING_EVERY: Final = 2.0
"""Seconds after which a client that waits for its answer is told that it is still under way."""

KEYS: Final = frozenset({"version", "verb", "profiles", "all"})

_SPLIT: Final = 3


class Malformed(ConnmgrError):
    """What came over the socket is no request, or none that this version knows."""


class Verb(StrEnum):
    """What a process can be asked for."""

    PLAN = "plan"
    RELOAD = "reload"
    PAUSE = "pause"
    RESUME = "resume"
    RECONNECT = "reconnect"
    DRAIN = "drain"
    DISABLE = "disable"
    ENABLE = "enable"
    HOLDERS = "holders"
    POOLS = "pools"

    @property
    def changes_something(self) -> bool:
        """Whether the process is another one after it."""
        return self not in (Verb.PLAN, Verb.HOLDERS, Verb.POOLS)

    @property
    def names(self) -> Literal["none", "some", "any"]:
        """Whether it is for the process, for profiles that have to be named, or for all unless named."""
        if self in (Verb.PLAN, Verb.RELOAD):
            return "none"
        return "some" if self.changes_something else "any"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for. Where profiles have to be named, only `every` stands for all of them."""

    verb: Verb
    profiles: tuple[str, ...] = ()
    every: bool = False

    def to_dict(self) -> dict[str, object]:
        """Return plain values, as JSON has them."""
        return {
            "version": VERSION,
            "verb": self.verb.value,
            "profiles": [*self.profiles],
            "all": self.every,
        }


def parse_request(line: bytes) -> Request:
    """Return the request that a line holds.

    Raises:
        Malformed: with what is wrong, and what would be accepted.
    """
    asked = parse(line)
    if asked.get("version") != VERSION:
        raise Malformed(f"version {VERSION} is spoken here, and the request does not say that it is of it")
    unknown = [key for key in asked if key not in KEYS]
    if unknown:
        raise Malformed(f"no key named {unknown[0]!r:.100}; there are: {', '.join(sorted(KEYS))}")
    verb, names, every = asked.get("verb"), asked.get("profiles", []), asked.get("all", False)
    if verb not in list(Verb):
        raise Malformed(f"no verb named {verb!r:.100}; there are: {', '.join(Verb)}")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Malformed("profiles: a list of names is expected")
    if not isinstance(every, bool):
        raise Malformed("all: true or false is expected")
    return _consistent(Request(Verb(verb), tuple(dict.fromkeys(names)), every))


def _consistent(request: Request) -> Request:
    takes = request.verb.names
    if takes == "none" and (request.profiles or request.every):
        raise Malformed(f"{request.verb} is for the process as a whole, and takes no names")
    if takes == "some" and bool(request.profiles) == request.every:
        raise Malformed(f"{request.verb} takes names of profiles, or all of them by `all`, and not both")
    if takes == "any" and request.every:
        raise Malformed(f"{request.verb} is of all profiles where none is named")
    return request


def parse(line: bytes) -> dict[str, Any]:
    """Return the JSON object that a line holds.

    Raises:
        Malformed: it is no JSON, or no object.
    """
    try:
        value = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise Malformed("one JSON object in one line is expected") from None
    if not isinstance(value, dict):
        raise Malformed("a JSON object is expected")
    return value


def encode(value: object) -> bytes:
    """Return a value as one line; an iterator in it is a list.

    Piece by piece: `json.dumps` lets no other thread run, the event loop's neither, until it is done with
    ten thousand profiles.
    """
    return f"{''.join(_pieces(value, _SPLIT))}\n".encode()


def _pieces(value: object, depth: int) -> Iterator[str]:
    if depth and isinstance(value, dict):
        yield "{"
        for index, (key, each) in enumerate(value.items()):
            yield f"{',' if index else ''}{json.dumps(key)}:"
            yield from _pieces(each, depth - 1)
        yield "}"
    elif depth and isinstance(value, (list, Iterator)):
        yield "["
        for index, each in enumerate(value):
            yield "," if index else ""
            yield from _pieces(each, depth - 1)
        yield "]"
    else:
        yield json.dumps(value)
