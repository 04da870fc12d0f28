"""A sqlite3 connection that keeps to its own file, and nothing of which stays open once it is closed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import weakref
from pathlib import Path
from typing import Any

from connmgr.errors import ConfigError
from connmgr.target import SQLiteTarget


class Connection(sqlite3.Connection):
    """A connection whose close is one, whoever still has a cursor of it.

    While a statement lives, SQLite keeps a closed connection open: its files, its transaction and the
    locks of that. The exception of a cancelled task holds the cursor until the garbage collector comes,
    and so every other writer would be told that the database is locked.
    """

    file: tuple[int, int] | None = None
    """What tells its file from another one of the same name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.cursors: weakref.WeakSet[Cursor] = weakref.WeakSet()
        super().__init__(*args, **kwargs)

    def cursor(self, factory: Any = None) -> Any:
        """Return a cursor that the close finds."""
        return super().cursor(Cursor if factory is None else factory)

    def close(self) -> None:
        """End every statement and close; what was not committed is rolled back."""
        for cursor in list(self.cursors):
            with contextlib.suppress(sqlite3.Error):
                cursor.close()
        super().close()


class Cursor(sqlite3.Cursor):
    """A cursor that its connection knows."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        connection.cursors.add(self)


def keep_to_own_file(connection: sqlite3.Connection) -> None:
    """Refuse ATTACH and VACUUM INTO, by which SQL from outside could read or write any file.

    SQLite asks when it prepares a statement, which takes it a fifth longer (0.5 to 3 microseconds).
    Its limit on attached databases costs nothing, but refuses the plain VACUUM too, which attaches one
    without a name.
    """
    connection.set_authorizer(_judge)


def _judge(action: int, file: str | None, *_: object) -> int:
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH and file != "" else sqlite3.SQLITE_OK


def path_to_open(target: SQLiteTarget) -> str:
    """Return the path of a file, its links followed, if it leads to where the profile lets it; does I/O.

    SQLite opens by path alone, so a moment remains between this look and its own, in which whoever may
    write below the fence could swap in a link. One that was there before is judged here.

    Raises:
        ConfigError: a relative path leads out of the directory that it begins at.
    """
    path, fence = target.path or "", target.fence
    if fence is None:
        return path
    resolved = os.path.realpath(path)
    if Path(resolved).is_relative_to(os.path.realpath(fence.root)):
        return resolved
    raise ConfigError([fence.problem("a link")])
