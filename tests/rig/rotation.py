"""A role whose password changes on the server and in the file that a profile reads it from."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from connmgr import Registry, RegistryClosed
from tests.rig.postgres import PostgresServer
from tests.rig.template import DATABASE

REFUSED = "password authentication failed for user"


def replace_file(path: Path, contents: str | bytes) -> None:
    """Put a file in another's place as a secrets' agent does: it is the old one or the new, never half."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fresh.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    fresh.chmod(0o600)
    os.replace(fresh, path)  # noqa: PTH105


class Role:
    """A role that logs in by SCRAM; its password lives in `file` and, in time, on the server."""

    def __init__(self, server: PostgresServer, directory: Path) -> None:
        self.server = server
        self.name = f"rotating_{secrets.token_hex(4)}"
        self.file = directory / "password"
        self.older = directory / "older"
        self.secrets: list[str] = [self.new()]
        sql = f"SET password_encryption = 'scram-sha-256'; CREATE ROLE {self.name} LOGIN PASSWORD :'password'"
        server.sql(sql, password=self.secrets[0])
        self.write(self.secrets[0])

    @staticmethod
    def new() -> str:
        """Return a password that nobody had."""
        return f"pw-{secrets.token_hex(12)}"

    def write(self, password: str) -> None:
        """Change the file."""
        replace_file(self.file, password)

    def alter(self, password: str) -> None:
        """Change the server; blocks."""
        sql = f"SET password_encryption = 'scram-sha-256'; ALTER ROLE {self.name} PASSWORD :'password'"
        self.server.sql(sql, password=password)

    async def altered(self, password: str) -> None:
        """Change the server beside the event loop."""
        await asyncio.to_thread(self.alter, password)

    @property
    def url(self) -> str:
        """Where the role logs in, without its password."""
        return self.server.url(user=self.name, password="", dbname=DATABASE, sslmode="disable")

    @property
    def refusals(self) -> int:
        """How many logins of the role the server has refused, by its log."""
        return self.server.log.count(f'{REFUSED} "{self.name}"')

    def drop(self) -> None:
        """Take the role away, and whoever is logged in with it."""
        self.server.sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{self.name}';"
            f"DROP ROLE {self.name}"
        )


@dataclass(slots=True)
class Load:
    """Tasks that run one transaction after the other on a profile, each counted."""

    registry: Registry
    profile: str
    done: int = 0
    failed: list[tuple[float, Exception]] = field(default_factory=list)
    """When each began that failed, and how it ended."""
    pids: set[int] = field(default_factory=set)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _is_over: bool = False

    async def unit(self) -> None:
        """Run a transaction."""
        begun = time.monotonic()
        try:
            async with self.registry.begin(self.profile) as session:
                self.pids.add((await session.execute(text("SELECT pg_backend_pid()"))).scalar_one())
                await session.execute(text("SELECT pg_current_xact_id()"))
        except RegistryClosed:
            # A test that failed has left it: the loop below would never give way again.
            self._is_over = True
        except Exception as error:  # noqa: BLE001 - which they are is what the test asks
            self.failed.append((begun, error))
        else:
            self.done += 1

    def start(self, tasks: int) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(tasks)]

    async def stop(self) -> None:
        """Let every task finish its transaction."""
        self._is_over = True
        await asyncio.gather(*self._tasks)

    def failed_since(self, moment: float) -> list[Exception]:
        """Return how those ended that began after `moment` and failed."""
        return [error for begun, error in self.failed if begun >= moment]

    async def _work(self) -> None:
        while not self._is_over:
            await self.unit()
