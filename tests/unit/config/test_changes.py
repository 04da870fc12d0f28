"""A plan says key by key what differs, with its place and without a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connmgr.config.changes import changes, written_changes
from connmgr.config.loader import load_profiles
from connmgr.config.settle import settle
from connmgr.plan import Change, Effect, Plan, ProfilePlan
from connmgr.problem import Place
from connmgr.profile import Profile

SECRET, OTHER = "first-canary", "second-canary"
URL = "postgresql://app@db.internal/orders?sslmode=disable"


def profile_of(directory: Path, text: str) -> Profile:
    directory.mkdir(exist_ok=True)
    (directory / "orders.yaml").write_text(text)
    return load_profiles(directory).profiles["orders"]


def told(directory: Path, before: str, after: str, environ: dict[str, str] | None = None) -> list[str]:
    old, new = profile_of(directory / "a", before), profile_of(directory / "b", after)
    found = changes(settle(old, environ or {}), settle(new, environ or {}), new)
    return [str(change).replace(f"{directory}/b/", "") for change in found]


def told_as_written(directory: Path, before: str, after: str) -> list[str]:
    old, new = profile_of(directory / "a", before), profile_of(directory / "b", after)
    return [str(change).replace(f"{directory}/b/", "") for change in written_changes(old, new)]


def test_values_count_and_not_how_they_are_written(tmp_path: Path) -> None:
    before = f"url: {URL}\npool: {{size: 5, timeout: 30s}}\n"
    after = f"# moved\npool:\n  timeout: 30\nurl: {URL}\n"

    assert told(tmp_path, before, after) == []
    assert told_as_written(tmp_path, before, after) == [
        "pool.size: 5 -> not set (live) orders.yaml:3",
        "pool.timeout: 30s -> 30 (live) orders.yaml:3",
    ]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (
            f"url: {URL}\n",
            "url: postgresql://app@other.internal/orders?sslmode=disable\n",
            "url: postgresql://app@db.internal:5432/orders -> postgresql://app@other.internal:5432/orders "
            "(rebuild) orders.yaml:1",
        ),
        (
            f"url: {URL}\npool: {{mode: none}}\n",
            "url: sqlite:////orders.db\n",
            "url: postgresql://app@db.internal:5432/orders -> sqlite:////orders.db (rebuild) orders.yaml:1",
        ),
        (
            f"url: {URL}\npool: {{max_lifetime: 30m}}\n",
            f"url: {URL}\n\npool: {{max_lifetime: 90s}}\n",
            "pool.max_lifetime: 30m -> 90s (live) orders.yaml:3",
        ),
        (
            f"url: {URL}\npassword: {SECRET}\n",
            f"url: {URL}\npassword: {OTHER}\n",
            "password: ******** (the profile file) -> ******** (the profile file) (another) "
            "(next connection) orders.yaml:2",
        ),
        (
            f"url: postgresql://app:{SECRET}@db.internal/orders?sslmode=disable\n",
            f"url: postgresql://app:{OTHER}@db.internal/orders?sslmode=disable\n",
            "password: ******** (the url) -> ******** (the url) (another) (next connection) orders.yaml:1",
        ),
    ],
)
def test_each_change_has_its_effect_and_place(tmp_path: Path, before: str, after: str, change: str) -> None:
    found = told(tmp_path, before, after)

    assert [secret for secret in (SECRET, OTHER) if secret in str(found)] == []
    assert found == [change]


def test_a_changed_variable_is_a_change(tmp_path: Path) -> None:
    old = profile_of(tmp_path, f"url: {URL}\npool: {{size: '${{SIZE}}'}}\n")

    (change,) = changes(settle(old, {"SIZE": "3"}), settle(old, {"SIZE": "4"}), old)

    assert (change.key, change.old, change.new, change.effect) == ("pool.size", "3", "4", Effect.LIVE)


def test_secrets_as_written_are_masked(tmp_path: Path) -> None:
    before, after = (f"url: {URL}\npassword: {secret}\n" for secret in (SECRET, OTHER))

    (change,) = told_as_written(tmp_path, before, after)

    assert change == "password: ******** -> ******** (another) (next connection) orders.yaml:2"


def test_a_plan_reads_as_text_and_as_json() -> None:
    place = Place("profiles/orders.yaml", 3, 1)
    size = Change("pool.size", "5", "7", Effect.LIVE, place)
    host = Change("connection.host", None, "db", Effect.REBUILD, place)
    changed = ProfilePlan("orders", "changed", place, in_service=True, changes=(host, size))
    gone = ProfilePlan("old", "removed", Place("profiles/old.yaml"))
    plan = Plan((gone, changed), 3, (Change("web.rise", "2", "3", Effect.LIVE, place),))

    assert changed.effect is Effect.REBUILD
    assert (plan.is_empty, Plan(unchanged=4).is_empty) == (False, True)
    assert str(plan).splitlines() == [
        "old: removed, not in use (profiles/old.yaml:1)",
        "orders: rebuild (profiles/orders.yaml:3)",
        "  connection.host: not set -> db (rebuild) profiles/orders.yaml:3",
        "  pool.size: 5 -> 7 (live) profiles/orders.yaml:3",
        "_registry: web.rise: 2 -> 3 (live) profiles/orders.yaml:3",
        "3 unchanged",
    ]
    (_, size_in_json) = json.loads(json.dumps(plan.to_dict()))["profiles"][1]["changes"]
    assert size_in_json == {
        "key": "pool.size",
        "old": "5",
        "new": "7",
        "effect": "live",
        "file": "profiles/orders.yaml",
        "line": 3,
    }
