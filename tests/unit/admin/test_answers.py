"""What a registry returns and raises, as plain values."""

from __future__ import annotations

import json
import sqlite3

from connmgr import ReloadRefused
from connmgr.admin import answers
from connmgr.admin.protocol import encode
from connmgr.errors import ConfigError
from connmgr.plan import Change, Effect, Plan, ProfilePlan
from connmgr.poolstats import PoolStats
from connmgr.problem import Code, Place, Problem


def plan(directory: str) -> Plan:
    place = Place(f"{directory}orders.yaml", 3)
    change = Change("pool.size", "5", None, Effect.LIVE, place)
    return Plan((ProfilePlan("orders", "changed", place, changes=(change, change)),), 2, (change,))


def test_a_plan_is_what_it_says_itself_with_whole_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    answer = json.loads(encode(answers.plan(plan("profiles/"))))

    assert answer == plan(f"{tmp_path}/profiles/").to_dict()


def test_problems_have_whole_paths_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    problem = Problem(Place("orders.yaml", 2, 3), "pool", "a text", code=Code.VALUE)

    (told,) = answers.error(ConfigError([problem]))["problems"]

    assert (told["file"], told["line"], told["code"]) == (f"{tmp_path}/orders.yaml", 2, "CM303")


def test_an_error_of_connmgrs_speaks_for_itself_and_a_drivers_does_not():
    ours = answers.error(ReloadRefused({}, ["orders: refused"]))
    theirs = answers.error(sqlite3.OperationalError("near 'hunter2': syntax error"))

    assert ours == {"type": "ReloadRefused", "message": str(ReloadRefused({}, ["orders: refused"]))}
    assert theirs["type"] == "OperationalError"
    assert "hunter2" not in repr(theirs)


def test_pools_that_are_not_in_use_are_left_out_unless_they_are_named_or_not_active():
    stats = {"busy": PoolStats("pooled", 5, 15)}
    states = {"busy": "active", "idle": "active", "off": "disabled"}

    assert [*answers.pools(stats, states, named=False)] == ["busy", "off"]
    assert [*answers.pools(stats, states, named=True)] == ["busy", "idle", "off"]
