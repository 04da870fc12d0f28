"""`SELECT 1` from ours, from Advanced Alchemy and from two drivers' own pools, against SQLAlchemy by hand.

The drivers' pools are the ceiling and not the same thing: they have no session, and asyncpg's runs the
statement without a transaction.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from importlib.util import find_spec

from benchmarks import clients, report, table
from benchmarks.clients import Client, Work
from benchmarks.harness import concurrent, in_turn
from benchmarks.loops import in_each_loop
from benchmarks.table import Row
from tests.rig.postgres import PostgresServer
from tests.rig.template import new_template

CONCURRENCY = (1, 10, 50)
PACKAGES = ("psycopg", "psycopg-pool", "advanced-alchemy", "uvloop")
CONTROL = "SQLAlchemy"
RIVALS: dict[str, tuple[str, Client]] = {
    "connmgr": ("connmgr", clients.connmgr),
    "SQLAlchemy, pre-ping": ("sqlalchemy", clients.sqlalchemy_pinging),
    "Advanced Alchemy": ("advanced_alchemy", clients.advanced_alchemy),
    "psycopg_pool": ("psycopg_pool", clients.psycopg_pool),
    "psycopg_pool, autocommit": ("psycopg_pool", clients.psycopg_pool_autocommit),
    "asyncpg's pool": ("asyncpg", clients.asyncpg_pool),
}
"""Each with the module that it needs."""


def main() -> None:
    """Measure every contender and print the ratios."""
    parser = report.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=0.15, help="length of one visit")
    options = parser.parse_args()
    rivals = dict(_installed())
    with new_template() as template, PostgresServer(template) as server:
        rows = in_each_loop(
            lambda loop: _rows(loop, server.url(sslmode="disable"), rivals, options.pairs, options.seconds)
        )
    table.show("SELECT 1, against a session of SQLAlchemy's", rows, packages=PACKAGES, as_json=options.json)


def _installed() -> Iterator[tuple[str, Client]]:
    for name, (module, client) in RIVALS.items():
        if find_spec(module):
            yield name, client
        else:
            print(f"{module} is not installed, and {name} left out", file=sys.stderr)


async def _rows(loop: str, url: str, rivals: dict[str, Client], pairs: int, seconds: float) -> list[Row]:
    async with AsyncExitStack() as stack:
        operations = [
            await stack.enter_async_context(client(url, Work()))
            for client in (clients.sqlalchemy, *rivals.values())
        ]
        rows = []
        for concurrency in CONCURRENCY:
            visits = [concurrent(each, concurrency, seconds, lead=seconds / 5) for each in operations]
            control, *samples = await in_turn(visits, pairs)
            rows += [
                table.throughput(f"{loop}, {concurrency} at a time: {name}", of_one, control)
                for name, of_one in zip(rivals, samples, strict=True)
            ]
        return rows


if __name__ == "__main__":
    main()
