"""Where a SQLite database is; a module by itself, for checking profiles imports it and not libpq's words."""

from __future__ import annotations

from dataclasses import dataclass, field

from connmgr.problem import Code, Place, Problem


@dataclass(frozen=True, slots=True)
class Fence:
    """The directory that a relative path begins at and may not leave, and where the path is written.

    `origin` ends a message about the path: `, from ORDERS_FILE`.
    """

    root: str
    place: Place
    origin: str = ""

    def problem(self, how: str) -> Problem:
        """Return what is wrong with a path that leaves the directory by `how`."""
        found = f"a SQLite file outside of {self.root}{self.origin}: {how} leads there"
        accepted = "a path that stays below the working directory, or an absolute path"
        hint = "if that is meant, write sqlite: {allow_outside: true}"
        return Problem(self.place, "url", found, accepted, hint, code=Code.URL)


@dataclass(frozen=True, slots=True)
class SQLiteTarget:
    """A SQLite database: an absolute file path, or None for one in memory.

    `allow_attach` lets SQL reach other files. `allow_outside` takes away the `fence`, which only a path
    that was written relative has. Two targets with one path are equal whatever lines they stand in.
    """

    path: str | None
    allow_attach: bool = False
    allow_outside: bool = False
    fence: Fence | None = field(default=None, compare=False)

    @property
    def url(self) -> str:
        """The target for people."""
        return f"sqlite:///{self.path}" if self.path else "sqlite://"

    def to_dict(self) -> dict[str, object]:
        """Return the target as plain values."""
        allowed = {"allow_attach": self.allow_attach, "allow_outside": self.allow_outside}
        return {"url": self.url, "sqlite": allowed}
