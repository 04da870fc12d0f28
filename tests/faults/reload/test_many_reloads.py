"""Reloads in a row under load: nothing fails, nothing is lost, and nothing is left of the engines before."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path
from typing import Any

import pytest

from connmgr import Registry
from tests.rig.load import counted_connections, load_on
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.template import DATABASE, ROLE
from tests.rig.wait import wait_until

NAME, APPLICATION = "orders", "connmgr reload test"
SIZES = ((10, 5), (4, 3), (15, 0))
MOST = 2 * 15
TASKS = 50


class Settings:
    """Writes the profile as it is after so many edits: other hosts, sizes, secrets, time-outs."""

    def __init__(self, directory: Path, server: PostgresServer) -> None:
        self._file = directory / f"{NAME}.yaml"
        self._secret = directory / "password"
        self._secret.write_text(server.password)
        self._secret.chmod(0o600)
        self._server = server

    def write(self, edit: int) -> None:
        size, max_overflow = SIZES[edit // 2 % 3]
        hosts = (
            {"host": LOOPBACK},
            {"host": "localhost", "hostaddr": LOOPBACK},
            {"host": str(self._server.directory)},
        )
        place = {"port": self._server.port, "dbname": DATABASE, "user": ROLE, "sslmode": "disable"}
        profile: dict[str, Any] = {
            "connection": {**place, "application_name": APPLICATION, **hosts[edit % 3]},
            "password": ({"file": str(self._secret)}, {"env": "ORDERS_PASSWORD"})[edit % 2],
            "pool": {"size": size, "max_overflow": max_overflow},
            "timeouts": {"statement": 5 + edit % 4, "close": 1 + edit % 2},
        }
        self._file.write_text(json.dumps(profile))


@pytest.mark.parametrize("edits", [100, pytest.param(1000, marks=pytest.mark.slow)])
async def test_no_transaction_fails_and_nothing_is_left_behind(
    own_postgres: PostgresServer, tmp_path: Path, edits: int
) -> None:
    settings = Settings(tmp_path, own_postgres)
    settings.write(0)
    registry = Registry.load(tmp_path, environ={"ORDERS_PASSWORD": own_postgres.password})
    objects = []
    async with registry:
        async with (
            counted_connections(own_postgres, APPLICATION) as counts,
            load_on(registry, NAME, TASKS) as load,
        ):
            for edit in range(1, edits + 1):
                settings.write(edit)
                await registry.reload()
                if edit % (edits // 4) == 0:
                    gc.collect()
                    objects.append(len(gc.get_objects()))
        await wait_until(lambda: registry.stats(NAME).retiring == 0, what="the engines before to end")

        assert load.errors == []
        assert load.committed > edits
        assert max(counts) <= MOST
        assert own_postgres.backends(APPLICATION) == registry.stats(NAME).open
        assert [*registry._engines] == [registry._engines.get(NAME)]
        assert objects[-1] < objects[0] * 1.02
        assert [task for task in asyncio.all_tasks() if "retires" in task.get_name()] == []
