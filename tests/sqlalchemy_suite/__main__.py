"""Runs SQLAlchemy's own pool and engine tests against connmgr's pool: `python -m tests.sqlalchemy_suite`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from tests.rig.postgres import PostgresServer
from tests.rig.template import DATABASE, ROLE, new_template
from tests.sqlalchemy_suite.expected import Expectations
from tests.sqlalchemy_suite.plugin import REPORT
from tests.sqlalchemy_suite.sources import fetch
from tests.sqlalchemy_suite.verdicts import Verdicts

ROOT = Path(__file__).parents[2]
REAL = ("ext/asyncio", "engine/test_reconnect.py", "engine/test_transaction.py")
MOCKS = (
    "engine/test_pool.py",
    "engine/test_logging.py",
    "engine/test_execute.py",
    "engine/test_transaction.py",
    "ext/asyncio",
    # The other classes there close once more what the pool has ended, and aiosqlite would wait for ever.
    *(
        f"engine/test_reconnect.py::{name}"
        for name in ("CursorErrTest", "MockReconnectTest", "PrePingMockTest")
    ),
)
"""SQLAlchemy runs each test in an event loop when its database has an async driver: with SQLite, where
everything is in one process, those of a mocked DBAPI too."""

LONGEST = 900.0
"""Seconds for the tests of one database; they take a tenth of that."""

NOT_THEIRS = ("asyncio", "cov", "hypothesispytest", "cacheprovider")
"""pytest's plugins that would take part in tests which do not expect them."""


def main() -> int:
    """Run all, say name by name what was not as expected, and return 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.sqlalchemy_suite", description=__doc__)
    parser.add_argument("--stock", action="store_true", help="leave SQLAlchemy's pools in, to compare")
    parser.add_argument("--list", action="store_true", help="name every test with its outcome")
    options = parser.parse_args()
    sources = fetch(version("sqlalchemy"))
    is_well = True
    for name, url, tests in _databases(sources):
        outcomes = _run(sources, url, tests, stock=options.stock)
        verdicts = Verdicts.of(outcomes, Expectations.read())
        title = f"SQLAlchemy {version('sqlalchemy')}, {name}"
        print(verdicts.text(title, everything=options.list), flush=True)  # noqa: T201 - its job
        is_well = is_well and verdicts.is_well
    return 0 if is_well else 1


@contextmanager
def _postgres() -> Iterator[str]:
    """Lend the URL of a server with what SQLAlchemy's tests want to find on it."""
    settings = {"max_prepared_transactions": "10"}
    with new_template() as template, PostgresServer(template, settings=settings) as server:
        server.sql(
            f"CREATE SCHEMA test_schema AUTHORIZATION {ROLE}; GRANT ALL ON SCHEMA public TO {ROLE}",
            dbname=DATABASE,
        )
        yield server.url().replace("postgresql:", "postgresql+asyncpg:")


def _databases(sources: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name each database, with its URL and the tests that are for it."""
    with tempfile.TemporaryDirectory(dir=sources) as directory:
        yield "aiosqlite and mocks", f"sqlite+aiosqlite:///{directory}/test.db", MOCKS
    with _postgres() as url:
        yield "asyncpg", url, REAL


def _run(sources: Path, url: str, tests: tuple[str, ...], *, stock: bool) -> dict[str, tuple[str, str]]:
    """Run tests in a process of their own and return the outcome of each, with the last line of its error."""
    report = sources / "connmgr-report.json"
    report.unlink(missing_ok=True)
    # "-s" keeps SQLAlchemy's `conftest.py` from putting its sources before what is installed.
    command = [sys.executable, "-s", "-m", "pytest", "-qq", "--tb=short", "--dburi", url]
    plugins = [word for name in NOT_THEIRS for word in ("-p", f"no:{name}")]
    plugins += ["-p", "tests.sqlalchemy_suite.plugin"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), REPORT: str(report)}
    if stock:
        environ["CONNMGR_SUITE_STOCK"] = "1"
    paths = [f"test/{test}" for test in tests]
    command += [*plugins, *paths]
    done = subprocess.run(
        command, cwd=sources, env=environ, capture_output=True, text=True, check=False, timeout=LONGEST
    )
    if not report.exists():
        raise SystemExit(f"SQLAlchemy's tests did not come to their end:\n{done.stdout}\n{done.stderr}")
    (sources / "connmgr-output.txt").write_text(done.stdout, encoding="utf-8")
    return {name: tuple(outcome) for name, outcome in json.loads(report.read_text(encoding="utf-8")).items()}


if __name__ == "__main__":
    sys.exit(main())
