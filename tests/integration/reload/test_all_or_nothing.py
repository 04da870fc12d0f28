"""A reload that finds anything wrong changes nothing, says so once, and is forgotten when one succeeds."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import ConfigError, ConnmgrError, Registry, ReloadRefused
from tests.rig.failed import error_of
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer

BACKEND = text("SELECT pg_backend_pid()")
SECRET = "canary-of-a-reload"


class Files:
    """The profiles of a test, of which `orders` is in use."""

    def __init__(self, directory: Path, server: PostgresServer) -> None:
        self.directory = directory
        self.url = server.url()
        self.environ = {"ORDERS_URL": self.url}
        self.write("orders", url="${ORDERS_URL}")
        self.write("idle", url="${NOT_SET}")
        self.write("_base", pool={"size": 3})

    def write(self, name: str, **values: Any) -> None:
        (self.directory / f"{name}.yaml").write_text(json.dumps(values))

    def half(self) -> None:
        (self.directory / "orders.yaml").write_text('{"url": "sqlite:')

    def unreadable(self) -> None:
        os.mkfifo(self.directory / "more.yaml")

    def gone(self) -> None:
        shutil.rmtree(self.directory)

    def empty(self) -> None:
        for path in self.directory.iterdir():
            path.unlink()

    def unset(self) -> None:
        self.write("orders", url="${NOT_SET}")

    def base_gone(self) -> None:
        self.write("orders", url="${ORDERS_URL}", extends="_gone")

    def elsewhere_broken(self) -> None:
        self.write("orders", url="${ORDERS_URL}", pool={"size": 7})
        self.write("more", uri="sqlite://")

    def dead_port(self) -> None:
        url = f"postgresql://app:{SECRET}@{LOOPBACK}:{free_port()}/orders"
        self.write("orders", url=url, reload={"verify": "connect"}, timeouts={"connect": "300ms"})

    def wrong_password(self) -> None:
        parts = self.url.partition("@")
        url = f"postgresql://app:{SECRET}@{parts[2]}"
        self.write("orders", url=url, reload={"verify": "connect"})


@pytest.fixture
def files(tmp_path: Path, postgres: PostgresServer) -> Files:
    directory = tmp_path / "profiles"
    directory.mkdir()
    return Files(directory, postgres)


@pytest.fixture
async def registry(files: Files) -> AsyncIterator[Registry]:
    async with Registry.load(files.directory, environ=files.environ) as registry:
        yield registry


async def backend(registry: Registry) -> int:
    async with registry.session("orders") as session:
        return int(await session.scalar(BACKEND) or 0)


def open_descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


BROKEN: dict[str, type[ConnmgrError]] = {
    "half": ConfigError,
    "unreadable": ConfigError,
    "gone": ConfigError,
    "empty": ConfigError,
    "unset": ConfigError,
    "base_gone": ConfigError,
    "elsewhere_broken": ConfigError,
    "dead_port": ReloadRefused,
    "wrong_password": ReloadRefused,
}


@pytest.mark.parametrize("how", BROKEN)
async def test_what_is_wrong_leaves_everything_as_it_was(
    registry: Registry, files: Files, how: str, log: list[dict[str, Any]]
) -> None:
    before = registry.engine("orders"), await backend(registry), registry.settings("orders"), [*registry]
    getattr(files, how)()

    error = await error_of(registry.reload())
    again = await error_of(registry.reload())

    assert type(error) is BROKEN[how]
    assert registry.reload_error is again
    after = registry.engine("orders"), await backend(registry), registry.settings("orders"), [*registry]
    assert after == before
    assert registry.reloads.refused == 2
    told = [record for record in log if record["level"].name == "ERROR"]
    assert len(told) == 1
    assert "everything stays as it was" in told[0]["message"]
    report = await registry.health("orders")
    assert report.status == "healthy"
    assert report.reload_error
    for said in (str(error), repr(error), told[0]["message"], report.reload_error):
        assert SECRET not in said


async def test_another_error_is_told_too_and_a_success_forgets_it(
    registry: Registry, files: Files, log: list[dict[str, Any]]
) -> None:
    await backend(registry)
    for how in (files.half, files.unset, files.half):
        how()
        assert await error_of(registry.reload())
    files.write("orders", url="${ORDERS_URL}")

    plan = await registry.reload()

    assert plan.is_empty
    assert registry.reload_error is None
    assert (await registry.health("orders")).reload_error == ""
    assert [record["level"].name for record in log] == ["ERROR", "ERROR", "ERROR", "INFO"]


async def test_a_profile_that_nobody_uses_need_not_resolve(registry: Registry, files: Files) -> None:
    files.write("idle", url="${STILL_NOT_SET}")

    plan = await registry.reload()

    assert [(each.profile, each.in_service) for each in plan.profiles] == [("idle", False)]


async def test_many_refusals_leak_no_descriptor(registry: Registry, files: Files) -> None:
    await backend(registry)
    counts = []
    steps: list[Callable[[], None]] = [files.half, files.dead_port]
    for _ in range(30):
        for step in steps:
            step()
            assert await error_of(registry.reload())
        counts.append(open_descriptors())

    assert counts[-1] <= counts[2]


async def test_a_connection_that_proved_the_new_engine_serves_its_first_user(
    registry: Registry, files: Files, postgres: PostgresServer
) -> None:
    first = await backend(registry)
    files.write("orders", url=postgres.url(host="localhost"), reload={"verify": "connect"})

    await registry.reload()

    assert registry.stats("orders").created == 1
    assert await backend(registry) != first
    assert registry.stats("orders").created == 1
