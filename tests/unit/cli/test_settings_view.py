"""Settings as text."""

from __future__ import annotations

import dataclasses

import pytest

from connmgr.cli.settings_view import plain_values, text_lines
from connmgr.config.schema import is_duration, settings
from connmgr.secret import Secret
from connmgr.settings import PoolSettings, Settings, Timeouts
from connmgr.target import PostgresTarget, Server, SQLiteTarget


class Stored:
    """A secret that has a place to come from."""

    def describe(self) -> str:
        return "${DB_PASSWORD}"

    async def get(self) -> Secret:
        return Secret("hidden")


POSTGRES = PostgresTarget((Server("db"),), "orders", "app", Stored(), "verify-full", "connmgr orders")


def lines(settings: Settings) -> list[str]:
    return list(text_lines(plain_values(settings)))


def test_a_secret_is_only_where_it_comes_from():
    text = lines(Settings("orders", POSTGRES))

    assert "password: ******** (${DB_PASSWORD})" in text
    assert "hidden" not in "".join(text)


def test_nested_settings_are_indented_and_durations_carry_their_unit():
    text = lines(Settings("orders", POSTGRES, timeouts=Timeouts(connect=0.5, statement=30.0)))

    start = text.index("timeouts:")
    assert text[start : start + 4] == ["timeouts:", "  connect: 500ms", "  close: 2s", "  statement: 30s"]


def test_pool_settings_of_a_server_without_a_pool_name_the_mode():
    values = plain_values(Settings("orders", POSTGRES, pool=PoolSettings(mode="none")))

    assert values["pool"]["size"] == "not used: mode is none"


def test_pool_settings_of_sqlite_name_sqlite():
    values = plain_values(Settings("local", SQLiteTarget(None), pool=PoolSettings(mode="none")))

    assert [name for name, value in values["pool"].items() if value != "not used: SQLite"] == [
        "mode",
        "leak_detection_threshold",
    ]


def test_every_setting_is_shown():
    values = plain_values(Settings("orders", POSTGRES))

    for group in ("pool", "timeouts", "session", "health"):
        fields = dataclasses.fields(getattr(Settings("orders", POSTGRES), group))
        assert list(values[group]) == [field.name for field in fields]


def test_text_cannot_carry_an_escape_sequence():
    text = lines(Settings("orders", POSTGRES, description="red \x1b[31m"))

    assert "description: red \\x1b[31m" in text


@pytest.mark.parametrize("path", [path for path, _ in settings() if is_duration(path)], ids=".".join)
def test_every_duration_of_the_schema_carries_its_unit(path):
    values = 2.0
    for name in reversed(path):
        values = {name: values}

    *_, line = text_lines(values)

    assert line.strip() == f"{path[-1]}: 2s"
