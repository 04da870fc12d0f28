"""The three profiles that ship load as they are and settle with the right environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connmgr.config.loader import load_profiles
from connmgr.config.resources import PROFILES, SCHEMA, resource
from connmgr.config.settle import settle
from connmgr.errors import ConfigError
from connmgr.profile import Profile
from connmgr.target import PostgresTarget, SQLiteTarget


@pytest.fixture
def shipped(tmp_path: Path) -> dict[str, Profile]:
    for name in PROFILES:
        (tmp_path / Path(name).name).write_bytes(resource(name).read_bytes())
    result = load_profiles(tmp_path)
    assert result.problems == ()
    return dict(result.profiles)


@pytest.mark.parametrize("name", PROFILES)
def test_each_begins_with_the_line_that_editors_read(name: str) -> None:
    first = resource(name).read_text(encoding="utf-8").splitlines()[0]

    assert first == "# yaml-language-server: $schema=../schemas/profile.schema.json"


@pytest.mark.parametrize("name", ["profiles/production.yaml", "profiles/development.yaml"])
def test_those_with_references_explain_the_dollar_sign(name: str) -> None:
    assert "$$" in resource(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*PROFILES, SCHEMA])
def test_the_words_are_those_of_the_field(name: str) -> None:
    words = re.findall(r"[a-z]+", resource(name).read_text(encoding="utf-8").lower())

    assert not {"lend", "lends", "lent"} & {*words}


def test_production_is_a_pooled_server_from_the_environment(shipped: dict[str, Profile]) -> None:
    settings = settle(
        shipped["production"], {"PRODUCTION_DATABASE_URL": "postgresql://app:x@db.internal/orders"}
    )

    assert isinstance(settings.target, PostgresTarget)
    assert settings.target.sslmode == "verify-full"
    assert (settings.pool.mode, settings.pool.size, settings.pool.max_overflow) == ("pooled", 10, 20)
    assert (settings.pool.timeout, settings.pool.max_lifetime) == (5.0, 1800.0)
    assert (settings.timeouts.connect, settings.timeouts.statement) == (5.0, 30.0)
    assert (settings.health.critical, settings.health.timeout) == (True, 1.0)


def test_production_without_its_variable_says_what_to_set(shipped: dict[str, Profile]) -> None:
    with pytest.raises(ConfigError) as caught:
        settle(shipped["production"], {})

    (problem,) = caught.value.problems
    assert problem.found == "PRODUCTION_DATABASE_URL is not set, or is empty"
    assert problem.hint.startswith("set it to postgresql://")


def test_development_is_a_file_until_a_server_is_named(
    shipped: dict[str, Profile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    file = settle(shipped["development"], {})
    server = settle(shipped["development"], {"DEVELOPMENT_DATABASE_URL": "postgresql://me@localhost/orders"})

    assert file.target == SQLiteTarget(str(tmp_path / "development.db"))
    assert file.pool.mode == "none"
    assert isinstance(server.target, PostgresTarget)
    assert (server.pool.mode, server.pool.size, server.pool.max_overflow) == ("pooled", 5, 10)


def test_test_is_a_database_in_memory(shipped: dict[str, Profile]) -> None:
    assert settle(shipped["test"], {}).target == SQLiteTarget(None)
