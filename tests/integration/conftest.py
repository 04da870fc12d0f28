"""The machine's libpq, and a primary, a standby and a read-only primary for a module: never stop these."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig.availability import unavailable
from tests.rig.libpq import Libpq, LibpqMissing
from tests.rig.postgres import PostgresServer
from tests.rig.roles import new_primary, new_read_only, new_standby
from tests.rig.template import Template


@pytest.fixture(scope="module")
def libpq() -> Libpq:
    try:
        return Libpq()
    except LibpqMissing:
        unavailable("no libpq on this machine")


@pytest.fixture(scope="module")
def primary(postgres_template: Template) -> Iterator[PostgresServer]:
    with new_primary(postgres_template) as server:
        yield server


@pytest.fixture(scope="module")
def standby(postgres_template: Template) -> Iterator[PostgresServer]:
    with new_standby(postgres_template) as server:
        yield server


@pytest.fixture(scope="module")
def read_only(postgres_template: Template) -> Iterator[PostgresServer]:
    with new_read_only(postgres_template) as server:
        yield server
