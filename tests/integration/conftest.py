"""Registries of real files and what they log; the machine's libpq; servers of each role for a module."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connmgr import Registry
from tests.rig.availability import unavailable
from tests.rig.libpq import Libpq, LibpqMissing
from tests.rig.postgres import PostgresServer
from tests.rig.profiles import asked_each_time
from tests.rig.roles import new_primary, new_read_only, new_standby
from tests.rig.template import Template
from tests.rig.written import Written

Load = Callable[..., Registry]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write profiles and load them: `load(orders={"url": "sqlite://"})`. JSON is YAML too."""

    def load(environ: Mapping[str, str] | None = None, **profiles: Mapping[str, Any]) -> Registry:
        directory = tmp_path / "profiles"
        directory.mkdir(exist_ok=True)
        for name, values in profiles.items():
            (directory / f"{name}.yaml").write_text(
                json.dumps(asked_each_time(dict(values))), encoding="utf-8"
            )
        return Registry.load(directory, environ={} if environ is None else environ)

    return load


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """The files that `load` wrote, to be changed before a reload."""
    return Written(tmp_path / "profiles")


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
