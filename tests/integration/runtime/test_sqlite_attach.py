"""SQL reaches no other file than the profile's own, unless the profile says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connmgr import Registry
from connmgr.engine.failures import classify

Load = Callable[..., Registry]
REACHES_OUT = {
    "attach": "ATTACH '{other}' AS other",
    "attach by an expression": "ATTACH '{other}' || '' AS other",
    "attach as a uri": "ATTACH 'file:{other}' AS other",
    "attach memory": "ATTACH ':memory:' AS other",
    "vacuum into": "VACUUM INTO '{other}'",
}
URLS = ["sqlite:///{path}", "sqlite://"]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return tmp_path / "other.db"


@pytest.fixture(params=URLS, ids=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.param).format(path=tmp_path / "orders.db")


def is_there(file: Path) -> bool:
    return file.exists()


async def run(registry: Registry, *statements: str) -> Any:
    async with registry.connect("orders", autocommit=True) as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


@pytest.mark.parametrize("statement", REACHES_OUT.values(), ids=REACHES_OUT)
async def test_another_file_is_refused(load: Load, url: str, other: Path, statement: str) -> None:
    async with load(orders={"url": url}) as registry:
        with pytest.raises(DBAPIError, match=r"not authorized|authorization denied"):
            await run(registry, statement.format(other=other))

    assert not is_there(other)


async def test_the_refusal_says_what_allows_it(load: Load, url: str, other: Path) -> None:
    async with load(orders={"url": url}) as registry:
        with pytest.raises(DBAPIError) as caught:
            await run(registry, f"ATTACH '{other}' AS other")

    assert sum("sqlite: {allow_attach: true}" in note for note in caught.value.__notes__) == 1
    assert "sqlite: {allow_attach: true}" in classify(caught.value).hint


async def test_an_extension_is_refused(load: Load, url: str) -> None:
    async with load(orders={"url": url, "sqlite": {"allow_attach": True}}) as registry:
        with pytest.raises(DBAPIError, match="not authorized"):
            await run(registry, "SELECT load_extension('orders')")


async def test_vacuum_of_the_own_file_and_temporary_tables_go_on_working(load: Load, url: str) -> None:
    async with load(orders={"url": url}) as registry:
        rows = await run(
            registry,
            "CREATE TABLE item (id INTEGER)",
            "VACUUM",
            "CREATE TEMP TABLE kept AS SELECT 7 AS id",
            "SELECT id FROM kept",
        )

    assert rows == 7


@pytest.mark.parametrize("allowed", [True, "${ATTACH}"])
async def test_a_profile_may_allow_it(load: Load, tmp_path: Path, other: Path, allowed: object) -> None:
    profile = {"url": f"sqlite:///{tmp_path}/orders.db", "sqlite": {"allow_attach": allowed}}

    async with load(orders=profile, environ={"ATTACH": "true"}) as registry:
        await run(registry, f"ATTACH '{other}' AS other", "CREATE TABLE other.item (id INTEGER)")

    assert is_there(other)
