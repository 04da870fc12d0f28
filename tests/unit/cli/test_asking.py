"""Answers of a process as text, as it reads where the operator is."""

from __future__ import annotations

import pytest

from connmgr.cli import plan_view
from connmgr.cli.asking import here, status_of, told
from connmgr.plan import Change, Effect, Plan, ProfilePlan
from connmgr.problem import Place


def plan(directory: str) -> Plan:
    orders, registry = Place(f"{directory}orders.yaml", 3), Place(f"{directory}_registry.yaml", 2)
    size = Change("pool.size", "5", "7", Effect.LIVE, orders)
    return Plan(
        (
            ProfilePlan("gone", "removed", orders),
            ProfilePlan("orders", "changed", orders, in_service=True, changes=(size,)),
        ),
        9,
        (Change("web.rise", None, "3", Effect.LIVE, registry),),
    )


def test_a_plan_reads_as_the_process_would_say_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert plan_view.text(plan(f"{tmp_path}/profiles/").to_dict()) == str(plan("profiles/"))


def test_files_that_are_elsewhere_are_named_whole(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert here(f"{tmp_path}/profiles/orders.yaml") == f"{tmp_path}/profiles/orders.yaml"
    assert here(f"{tmp_path}/elsewhere/orders.yaml") == "orders.yaml"
    assert here(f"{tmp_path}/elsewhere/..orders.yaml") == "..orders.yaml"
    assert plan_view.text(plan("/srv/").to_dict()) == str(plan("/srv/"))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        *((name, 2) for name in ("ConfigError", "UnknownProfile", "ProfileRemoved", "Malformed")),
        *((name, 1) for name in ("ReloadRefused", "RegistryClosed", "Stopping", "Busy", "OperationalError")),
    ],
)
def test_what_the_call_or_the_files_are_to_blame_for_is_told_apart(error, status):
    assert status_of({"type": error}) == status


def test_a_message_cannot_move_the_terminals_cursor():
    assert told({"type": "X", "message": "one\ntwo\x1b[2J"}) == "Error: one\ntwo\\x1b[2J"
