"""What is expected of each of SQLAlchemy's tests: `expected.toml`, read and compared."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

FILE = Path(__file__).with_name("expected.toml")
_DATABASE = re.compile(r"(?<=Test)_[a-z]+\+\w+?(?=::)")


def short_name(nodeid: str) -> str:
    """Return a test's name without what differs from database to database: `engine/test_pool.py::…`."""
    return _DATABASE.sub("", nodeid).removeprefix("test/")


@dataclass(frozen=True, slots=True)
class Group:
    """Tests that share one reason; `tests` are patterns in which `*` stands for anything."""

    reason: str
    tests: tuple[str, ...]

    def holds(self, name: str) -> bool:
        """Whether a test is one of these. A parameter's brackets mean themselves."""
        return any(fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in self.tests)


@dataclass(frozen=True, slots=True)
class Expectations:
    """Which tests do not apply to connmgr's pool, and which fail because it is meant to differ."""

    does_not_apply: tuple[Group, ...]
    differs: tuple[Group, ...]

    @classmethod
    def read(cls) -> Self:
        """Return what `expected.toml` says."""
        table = tomllib.loads(FILE.read_text(encoding="utf-8"))
        return cls(_groups(table["does_not_apply"]), _groups(table["differs"]))

    def why_not(self, name: str) -> str:
        """Say why a test does not apply; empty when it does."""
        return next((group.reason for group in self.does_not_apply if group.holds(name)), "")

    def difference(self, name: str) -> str:
        """Say in what connmgr's pool is meant to differ, so that the test fails; empty when in nothing."""
        return next((group.reason for group in self.differs if group.holds(name)), "")


def _groups(table: list[dict[str, object]]) -> tuple[Group, ...]:
    return tuple(Group(str(entry["reason"]), tuple(entry["tests"])) for entry in table)  # type: ignore[arg-type]
