"""`connmgr diff` shows where two profiles differ, and no secret."""

from __future__ import annotations

import json

import pytest

CANARY = "hunter2-canary"


@pytest.fixture
def pair(write_profile):
    write_profile("_server.yaml", "pool: {size: 10, timeout: 5s}\n")
    url = f"postgresql://app:{CANARY}@db.internal/${{DATABASE}}?sslmode=require"
    write_profile("a.yaml", f"extends: _server\nurl: {url}\n")
    write_profile("b.yaml", "extends: _server\nurl: sqlite:///${FILE:-b.db}\npool: {size: 20}\n")


def rows(text: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()}


def test_settings_that_differ_are_listed_as_written(run, pair):
    outcome = run("diff", "a", "b")

    assert outcome.returncode == 0
    assert rows(outcome.stdout) == {
        "setting": ["a", "b"],
        "url": ["postgresql://app:********@db.internal/${DATABASE}?sslmode=require", "sqlite:///${FILE}"],
        "pool.size": ["10", "20"],
    }
    assert CANARY not in outcome.stdout


def test_json_has_both_values_by_profile(run, pair):
    outcome = run("diff", "a", "b", "--json")

    assert json.loads(outcome.stdout)["pool.size"] == {"a": "10", "b": "20"}


def test_effective_settings_have_their_defaults_and_variables(run, pair):
    outcome = run("diff", "a", "b", "--settle", DATABASE="orders")

    found = rows(outcome.stdout)
    assert found["url"][0] == "postgresql://app@db.internal:5432/orders"
    assert found["pool.mode"] == ["pooled", "none"]
    assert found["sslmode"] == ["require", "-"]
    assert CANARY not in outcome.stdout + outcome.stderr


def test_effective_settings_need_their_variables(run, pair):
    outcome = run("diff", "a", "b", "--settle")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "DATABASE is not set" in outcome.stderr


def test_a_profile_does_not_differ_from_itself(run, pair):
    assert run("diff", "a", "a").stdout == "no difference\n"


def test_secrets_from_elsewhere_are_told_by_where_they_come_from(run, write_profile):
    where = "url: postgresql://app@db/orders\n"
    write_profile("a.yaml", f"{where}password: {{file: /run/secrets/a}}\n")
    write_profile("b.yaml", f"{where}password: {{command: [vault, {CANARY}]}}\n")
    write_profile("c.yaml", f"{where}password: '{CANARY}${{PEPPER}}'\n")

    shown = [rows(run("diff", "a", other).stdout)["password"] for other in ("b", "c")]

    assert shown == [
        ["{file:", "/run/secrets/a}", "{command:", "[vault,", "…]}"],
        ["{file:", "/run/secrets/a}", "********${PEPPER}"],
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"postgresql://app:{CANARY}1@db/a", f"postgresql://app:{CANARY}2@db/a"),
        ("${URL:-sqlite:///a.db}", "${URL:-sqlite:///b.db}"),
    ],
)
def test_what_is_masked_is_compared_all_the_same(run, write_profile, first, second):
    write_profile("a.yaml", f"url: '{first}'\n")
    write_profile("b.yaml", f"url: '{second}'\n")

    outcome = run("diff", "a", "b")

    assert rows(outcome.stdout)["url"][-1] == "(another)"
    assert CANARY not in outcome.stdout


def test_an_unknown_name_is_answered_with_the_one_that_was_meant(run, pair):
    outcome = run("diff", "a", "bb")

    assert outcome.returncode == 2
    assert "no profile named 'bb'" in outcome.stderr


def test_how_a_secret_rotates_is_shown_and_no_argument_or_text_of_it(run, write_profile):
    url = "url: postgresql://app@db.internal/orders\n"
    write_profile("a.yaml", f"{url}password: {{command: [vault, {CANARY}], ttl: 15m, previous: {CANARY}}}\n")
    write_profile("b.yaml", f"{url}password: {{file: /run/x, previous: {{command: [old, {CANARY}]}}}}\n")

    outcome = run("diff", "a", "b", "--json")

    assert json.loads(outcome.stdout)["password"] == {
        "a": "{command: [vault, …], ttl: 15m, previous: ********}",
        "b": "{file: /run/x, previous: {command: [old, …]}}",
    }
