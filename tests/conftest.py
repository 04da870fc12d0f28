"""Lend every test the servers, proxy and certificates it wants to break, and check that nothing is left."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from loguru import logger

from tests.rig import processes
from tests.rig.availability import unavailable
from tests.rig.binaries import PostgresMissing
from tests.rig.pki import Pki, PkiUnavailable, new_pki
from tests.rig.ports import LOOPBACK, listening_ports, open_connections
from tests.rig.postgres import PostgresServer
from tests.rig.proxy import FaultProxy
from tests.rig.resolver import HangingResolver, ResolverUnavailable, hanging_resolver
from tests.rig.template import Template, new_template
from tests.rig.wait import wait_until

NEEDS_A_SERVER = {"postgres_template", "postgres", "own_postgres", "database", "proxy"}
LAST_TURNS = 1.0


def pytest_configure() -> None:
    """End a terminated run as Ctrl-C ends one, so that its servers end with it.

    And take Ctrl-C itself, which a shell has its background jobs ignore: what the tests start would too.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that `-m "not postgres"` runs on a machine without one."""
    for item in items:
        if NEEDS_A_SERVER & set(getattr(item, "fixturenames", ())):
            item.add_marker("postgres")


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail the run when a child process or a listening port of it is left at its end."""
    before = set(processes.children(os.getpid()))

    yield

    new = set(processes.children(os.getpid())) - before
    left = [f"process {pid}: {processes.command(pid)}" for pid in sorted(new)]
    left += [f"listening port {port}" for port in sorted(listening_ports())]
    assert not left, f"the tests left behind: {left}"


@pytest.fixture(autouse=True)
def tidy_loop(request: pytest.FixtureRequest) -> None:
    """Fail an asynchronous test that leaves a task or a connection when its other fixtures have ended."""
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("look_at_the_loop")


@pytest.fixture
async def look_at_the_loop() -> AsyncIterator[None]:
    before = open_connections()

    yield

    await _assert_no_task_left()
    # TLS takes leave of its peer before it closes; ended in between, the loop would leave the socket open.
    await wait_until(lambda: open_connections() <= before, LAST_TURNS, what="the test's connections to close")


async def _assert_no_task_left() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    # A task that was told to stop may take its last turns; the loop's end would cancel all others unseen.
    cancelled = {task for task in left if task.cancelling()}
    if cancelled:
        await asyncio.wait(cancelled, timeout=LAST_TURNS)
    still_there = [task for task in left if not (task in cancelled and task.done())]
    assert not still_there, f"the test left tasks behind: {still_there}"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's own databases: libpq's variables and every URL that a profile could take."""
    for name in list(os.environ):
        if (
            name.startswith("PG")
            or name.endswith("DATABASE_URL")
            or name in ("CONNMGR_PROFILES", "CONNMGR_SOCKET")
        ):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[Template]:
    """What a test's own servers are made of: `with PostgresServer(postgres_template, tls=...) as server`."""
    try:
        with new_template() as template:
            yield template
    except PostgresMissing as missing:
        unavailable(str(missing))


@pytest.fixture(scope="session")
def postgres(postgres_template: Template) -> Iterator[PostgresServer]:
    """The server that all tests share: never stop, freeze or reconfigure this one."""
    with PostgresServer(postgres_template) as server:
        yield server


@pytest.fixture
def own_postgres(postgres_template: Template) -> Iterator[PostgresServer]:
    """A server for one test, to be stopped, frozen or killed."""
    with PostgresServer(postgres_template) as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The name of an empty database on the shared server for one test: `postgres.url(dbname=database)`."""
    with postgres.database() as name:
        yield name


@pytest.fixture
async def proxy(postgres: PostgresServer) -> AsyncIterator[FaultProxy]:
    """A proxy in front of the shared server: `postgres.url(port=proxy.port)`."""
    async with FaultProxy(LOOPBACK, postgres.port) as proxy:
        yield proxy


@pytest.fixture
def resolver() -> Iterator[HangingResolver]:
    """A name server that never answers: `[*resolver.prefix, sys.executable, ...]` asks it every name."""
    try:
        with hanging_resolver() as server:
            yield server
    except ResolverUnavailable as missing:
        unavailable(str(missing))


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Certificates that are right, and ones that are wrong in one way each."""
    try:
        return new_pki(tmp_path_factory.mktemp("pki"))
    except PkiUnavailable as missing:
        unavailable(str(missing))


@pytest.fixture
def log() -> Iterator[list[dict[str, Any]]]:
    """The records that connmgr logs while the test runs."""
    records: list[dict[str, Any]] = []
    sink = logger.add(lambda message: records.append(message.record), level=0, filter="connmgr")
    logger.enable("connmgr")

    yield records

    logger.disable("connmgr")
    logger.remove(sink)
