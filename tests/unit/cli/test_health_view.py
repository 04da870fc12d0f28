"""Reports as cells, and the worst of them."""

from __future__ import annotations

import datetime as dt

import pytest

from connmgr.cli.health_view import open_view, row, row_with_bar
from connmgr.failure import Failure, FailureKind
from connmgr.report import HealthReport, PoolStats, Status
from connmgr.server import ServerInfo


def report(**changes) -> HealthReport:
    values = {
        "profile": "orders",
        "status": Status.HEALTHY,
        "reason": "ok",
        "reachable": True,
        "saturated": False,
        "latency_ms": 1.26,
        "checked_at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        "server": ServerInfo("PostgreSQL", "17.2", "primary"),
        "pool": PoolStats("pooled", 10, 30, open=3, idle=1),
    }
    return HealthReport(**values | changes)


def test_a_healthy_profile_shows_latency_pool_and_server():
    cells = row("orders", report())

    assert cells == ("orders", "healthy", "ok", "1.3 ms", "2 of 30", "PostgreSQL 17.2 primary", "")


def test_a_pool_without_a_limit_and_a_server_without_roles_say_so():
    cells = row("local", report(pool=PoolStats("none", 5, None), server=ServerInfo("SQLite", "3.45", None)))

    assert cells[4:6] == ("0 (no limit)", "SQLite 3.45")


@pytest.mark.parametrize(
    ("in_use", "most", "cell"),
    [
        (0, 30, "[..........] 0 of 30"),
        (1, 30, "[#.........] 1 of 30"),
        (15, 30, "[#####.....] 15 of 30"),
        (30, 30, "[##########] 30 of 30"),
        (31, 30, "[##########] 31 of 30"),
        (4, None, "4 (no limit)"),
    ],
)
def test_on_a_terminal_a_bar_shows_how_full_a_pool_is(in_use, most, cell):
    cells = row_with_bar("orders", report(pool=PoolStats("pooled", 10, most, open=in_use)))

    assert cells[4] == cell
    assert row_with_bar("orders", None) == row("orders", None)


def test_a_failure_shows_what_went_wrong_and_what_to_do():
    error = Failure(FailureKind.REFUSED, "ConnectionRefusedError", "nobody listens\nthere")
    down = report(status=Status.UNHEALTHY, reason="refused", latency_ms=None, server=None, error=error)

    cells = row("orders", down)
    with_hint = row("orders", report(error=error, hint="start the server"))

    assert cells[1:] == ("unhealthy", "refused", "", "2 of 30", "", "nobody listens there")
    assert with_hint[-1] == "nobody listens there; start the server"


def test_a_profile_that_could_not_be_settled_has_no_pool():
    assert row("orders", report(pool=None))[4] == ""


def test_a_profile_without_a_report_is_being_checked():
    assert row("orders", None) == ("orders", "checking", "", "", "", "", "")


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ({"reason": "paused", "reachable": False, "server": None}, ("degraded", "paused")),
        ({"reason": "disabled"}, ("degraded", "disabled")),
    ],
)
def test_what_an_operator_took_out_of_service_says_so_and_how_to_put_it_back(changes, cells):
    shown = row(
        "orders", report(status=Status.DEGRADED, hint="`connmgr resume orders` lets it go on", **changes)
    )

    assert shown[1:3] == cells
    assert shown[-1] == "`connmgr resume orders` lets it go on"


@pytest.mark.parametrize(("reload_error", "lines"), [("", 3), ("orders.yaml:1: CM201", 4)])
def test_a_reload_that_was_refused_is_one_line_below_the_table(capsys, reload_error, lines):
    reports = {name: report(profile=name, reload_error=reload_error) for name in ("orders", "billing")}

    with open_view(["orders", "billing"], as_json=False, repeats=False) as show:
        show(reports, complete=True)

    written = capsys.readouterr().out.splitlines()
    assert len(written) == lines
    assert reload_error in written[-1]
