"""A SQLite file that may only be read is read, in the journal mode it has."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from connmgr import Registry

Load = Callable[..., Registry]
NOBODY = 65534


@pytest.fixture
def path() -> Iterator[Path]:
    """A file with a table, in a directory that every user may enter; pytest's own are closed to others."""
    directory = Path(tempfile.mkdtemp(prefix="connmgr-sqlite-"))
    path = directory / "orders.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE item (id INTEGER)")

    yield path

    directory.chmod(0o700)
    shutil.rmtree(directory)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be a user whom modes hold back: root may write everywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def protect_file(path: Path) -> None:
    path.parent.chmod(0o777)
    path.chmod(0o444)


def protect_directory(path: Path) -> None:
    path.chmod(0o666)
    path.parent.chmod(0o555)


@pytest.mark.parametrize("protect", [protect_file, protect_directory])
async def test_a_file_that_may_only_be_read_is_read_in_the_mode_it_has(
    load: Load, path: Path, protect: Callable[[Path], None]
) -> None:
    registry = load(orders={"url": f"sqlite:///{path}"}, other={"url": "sqlite://"})
    protect(path)

    async with registry:
        async with registry.session("other") as session:  # imports what a user without rights could not
            await session.execute(text("SELECT 1"))
        with unprivileged():
            async with registry.session("orders") as session:
                items = (await session.execute(text("SELECT count(*) FROM item"))).scalar_one()
                mode = (await session.execute(text("PRAGMA journal_mode"))).scalar_one()

    assert (items, mode) == (0, "delete")


async def test_writing_to_a_file_that_may_only_be_read_is_an_error_of_the_database(
    load: Load, path: Path
) -> None:
    registry = load(orders={"url": f"sqlite:///{path}"}, other={"url": "sqlite://"})
    protect_file(path)

    async with registry:
        async with registry.session("other") as session:
            await session.execute(text("SELECT 1"))
        with unprivileged(), pytest.raises(OperationalError, match="readonly database"):
            await _insert(registry)


async def _insert(registry: Registry) -> None:
    async with registry.begin("orders") as session:
        await session.execute(text("INSERT INTO item (id) VALUES (1)"))
