"""A pytest plugin for SQLAlchemy's own tests: puts connmgr's pool in the place of its queue pools."""

from __future__ import annotations

import json
import os
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import sqlalchemy.pool
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine.default import DefaultDialect

from tests.sqlalchemy_suite.expected import Expectations, short_name
from tests.sqlalchemy_suite.faces import face_of

REPORT = "CONNMGR_SUITE_REPORT"
"""Names the environment variable with the path that the outcomes are written to."""

_outcomes: dict[str, tuple[str, str]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    """Make connmgr's pool what dialects use by themselves, before SQLAlchemy makes its engines."""
    if os.environ.get("CONNMGR_SUITE_STOCK"):
        return
    for dialect in (DefaultDialect, SQLiteDialect_aiosqlite):
        stock = dialect.__dict__["get_pool_class"].__func__
        dialect.get_pool_class = classmethod(lambda cls, url, stock=stock: face_of(stock(cls, url)))  # type: ignore[method-assign,assignment]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what does not apply; put the pool in where the rest names a pool class."""
    expectations = Expectations.read()
    outside = [item for item in items if expectations.why_not(short_name(item.nodeid))]
    for item in outside:
        _outcomes[short_name(item.nodeid)] = ("does not apply", "")
    items[:] = [item for item in items if item not in outside]
    config.hook.pytest_deselected(items=outside)
    if not os.environ.get("CONNMGR_SUITE_STOCK"):
        _replace({item.module for item in items if isinstance(item, pytest.Function)})


def _replace(modules: Iterable[types.ModuleType]) -> None:
    pools = _copy(sqlalchemy.pool, {n: face_of(v) for n, v in vars(sqlalchemy.pool).items() if _is_pool(v)})
    whole = _copy(sqlalchemy, {"pool": pools})
    for module in modules:
        for name, value in list(vars(module).items()):
            if value is sqlalchemy.pool:
                setattr(module, name, pools)
            elif value is sqlalchemy:
                setattr(module, name, whole)
            elif _is_pool(value):
                setattr(module, name, face_of(value))


def _is_pool(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, sqlalchemy.pool.Pool)


def _copy(module: types.ModuleType, changed: dict[str, Any]) -> types.ModuleType:
    """Return a module with other values for some names, for the tests alone: SQLAlchemy keeps its own."""
    copy = types.ModuleType(module.__name__)
    copy.__dict__.update(vars(module) | changed)
    return copy


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the outcome of a test: the worst of its phases."""
    if report.when == "call" or report.outcome != "passed":
        text = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else report.longreprtext
        line = next((line for line in reversed(text.splitlines()) if line.strip()), "").strip()
        _outcomes[short_name(report.nodeid)] = (report.outcome, line)


def pytest_sessionfinish() -> None:
    """Write the outcomes for the runner."""
    if REPORT in os.environ:
        Path(os.environ[REPORT]).write_text(json.dumps(_outcomes), encoding="utf-8")
