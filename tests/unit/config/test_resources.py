"""The shipped files are found in a checkout and beside the code of a wheel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connmgr.config import resources
from connmgr.config.resources import HEALTH_SCHEMA, PROFILES, SCHEMA, SCHEMAS, resource


@pytest.mark.parametrize("name", [*SCHEMAS, HEALTH_SCHEMA, *PROFILES])
def test_every_shipped_file_is_found(name: str) -> None:
    assert resource(name).read_text(encoding="utf-8")


def test_a_wheel_keeps_them_beside_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / SCHEMA).write_text('{"title": "the copy of the wheel"}')
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)

    found = resource(SCHEMA)

    assert json.loads(found.read_text(encoding="utf-8")) == {"title": "the copy of the wheel"}


def test_a_damaged_installation_says_where_it_looked() -> None:
    with pytest.raises(FileNotFoundError, match=r"schemas/none\.json is missing"):
        resource("schemas/none.json")
