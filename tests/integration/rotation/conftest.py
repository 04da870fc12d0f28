"""A role of its own for each test, whose password rotates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.postgres import PostgresServer
from tests.rig.rotation import Role


@pytest.fixture
def role(postgres: PostgresServer, tmp_path: Path) -> Iterator[Role]:
    role = Role(postgres, tmp_path)
    yield role
    role.drop()
