"""Twelve profiles: eight databases, each broken in its own way, beside four that are well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rig import processes
from tests.rig.client import connected
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.profiles import write_profiles
from tests.rig.proxy import FaultProxy
from tests.rig.template import SUPERUSER, Template
from tests.rig.wait import wait_until

WRONG_PASSWORD = "wr0ng-c4n4ry-pa55"
SLOTS = 5
RESERVED = 3  # of the slots, for superusers
REASONS = {
    "stopped": "refused",
    "frozen": "timeout",
    "full": "too_many_connections",
    "password": "authentication",
    "database": "database_missing",
    "host": "name_resolution",
    "resolver": "timeout",
    "swallowed": "timeout",
    "server_1": "ok",
    "server_2": "ok",
    "sqlite_file": "ok",
    "sqlite_memory": "ok",
}
HEALTHY = {name for name, reason in REASONS.items() if reason == "ok"}


@dataclass(frozen=True, slots=True)
class Outage:
    """The directory of the profiles, and every secret that stands in them."""

    directory: Path
    secrets: tuple[str, ...]


@asynccontextmanager
async def new_outage(
    template: Template, postgres: PostgresServer, directory: Path, *, unresolvable: str
) -> AsyncIterator[Outage]:
    """Break eight databases and lend the profiles; `resolver` names a host that a name server must know."""
    async with AsyncExitStack() as stack:
        stopped, frozen = (stack.enter_context(PostgresServer(template)) for _ in range(2))
        full = stack.enter_context(PostgresServer(template, max_connections=SLOTS))
        await wait_until(lambda: not _superusers(full), what="the slot of the rig's own session")
        for _ in range(SLOTS - RESERVED):
            await stack.enter_async_context(connected(full.url()))
        proxy = await stack.enter_async_context(FaultProxy(LOOPBACK, postgres.port))
        stopped.stop()
        frozen.freeze()
        proxy.blackhole()
        urls = {
            "stopped": stopped.url(),
            "frozen": frozen.url(),
            "full": full.url(),
            "password": postgres.url(password=WRONG_PASSWORD),
            "database": postgres.url(dbname="nowhere"),
            "host": postgres.url(host=unresolvable),
            "resolver": postgres.url(host="db.example.test"),
            "swallowed": postgres.url(port=proxy.port),
            "server_1": postgres.url(),
            "server_2": postgres.url(),
            "sqlite_file": f"sqlite:///{directory}/healthy.db",
            "sqlite_memory": "sqlite://",
        }
        write_profiles(directory, **{name: {"url": url} for name, url in urls.items()})
        servers = (stopped, frozen, full, postgres)
        yield Outage(directory, (WRONG_PASSWORD, *(server.password for server in servers)))


def _superusers(server: PostgresServer) -> list[int]:
    backends = processes.children(server.pid)
    return [pid for pid in backends if processes.command(pid).startswith(f"postgres: {SUPERUSER} ")]
