"""What leans on SQLAlchemy's internals is in `connmgr.engine.pool` alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool.base import Pool, _ConnectionFairy, _ConnectionRecord

ROOT = Path(__file__).parents[3]
ROOM = ROOT / "connmgr" / "engine" / "pool"
KEPT_PRIVATE = frozenset(
    name
    for owner in (
        AsyncConnection, AsyncEngine, AsyncSession, Connection, DefaultDialect, Engine, Pool, Session,
        SessionTransaction, _ConnectionFairy, _ConnectionRecord,
    )
    for name in dir(owner)
    if name.startswith("_") and not name.startswith("__")
)  # fmt: skip


def test_internals_of_sqlalchemy_are_imported_in_one_room() -> None:
    found = [name for path in _outside() for name in _imported(path)]

    assert found == []


def test_internals_of_sqlalchemys_objects_are_touched_in_one_room() -> None:
    found = [name for path in _outside() for name in _touched(path)]

    assert found == []


def test_the_search_finds_what_the_room_itself_uses() -> None:
    imported = {name for path in ROOM.rglob("*.py") for name in _imported(path)}
    touched = {name for path in ROOM.rglob("*.py") for name in _touched(path)}

    assert "record.py: sqlalchemy.pool.base._ConnectionRecord" in imported
    assert "record.py: pool._close_connection" in touched


def _outside() -> Iterator[Path]:
    return (path for path in (ROOT / "connmgr").rglob("*.py") if ROOM not in path.parents)


def _imported(path: Path) -> Iterator[str]:
    """Name what a module imports of SQLAlchemy's pool, of its utilities, or with an underscore."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            is_inner = str(node.module).startswith(("sqlalchemy.pool", "sqlalchemy.util"))
            for name in node.names:
                if is_inner or name.name.startswith("_"):
                    yield f"{path.name}: {node.module}.{name.name}"


def _touched(path: Path) -> Iterator[str]:
    """Name the attributes that a module uses and SQLAlchemy keeps private; those of `self` are its own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in KEPT_PRIVATE and not _is_own(node):
            yield f"{path.name}: {ast.unparse(node)}"


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
