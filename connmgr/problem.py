"""One thing wrong in a profile file, with its place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; lines and columns count from 1, columns in characters."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What was found where, what would be accepted, and what to do about it.

    `path` is the place in the document (`pool.size`), empty for the file as a whole. `found` never
    holds a secret's value. `accepted` and `hint` are empty when there is nothing to say.
    """

    place: Place
    path: str
    found: str
    accepted: str = ""
    hint: str = ""

    def __str__(self) -> str:
        subject = f"{self.path}: " if self.path else ""
        accepted = f"; accepted: {self.accepted}" if self.accepted else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.place}: {subject}{self.found}{accepted}{hint}"
