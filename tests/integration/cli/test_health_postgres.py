"""`connmgr health` against a real PostgreSQL server: well, full, stopped, frozen, wrongly asked."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

pytestmark = pytest.mark.postgres

TIMEOUT = 1.0


def profile(url: str) -> str:
    """Return the text of a profile at `url`, checked in plain text: the rig's server has no certificate."""
    return f"url: {url}\nhealth: {{timeout: {TIMEOUT:g}s}}\npool: {{size: 10, max_overflow: 20}}\n"


@pytest.fixture
def check(run):
    """Run `connmgr health orders --json`; return its exit status and the report."""

    def check() -> tuple[int, dict]:
        outcome = run("health", "orders", "--json")

        assert "Traceback" not in outcome.stderr
        return outcome.returncode, json.loads(outcome.stdout)["profiles"]["orders"]

    return check


def test_a_healthy_server_is_reported_with_version_role_and_an_idle_pool(check, write_profile, postgres):
    write_profile("orders.yaml", profile(postgres.url(sslmode="disable")))

    status, report = check()

    assert (status, report["status"], report["reason"]) == (0, "healthy", "ok")
    assert (report["server"]["product"], report["server"]["role"]) == ("PostgreSQL", "primary")
    assert report["server"]["version"] in postgres.sql("SHOW server_version")
    assert (report["pool"]["in_use"], report["pool"]["max"]) == (0, 30)


def test_the_shipped_production_profile_takes_the_server_from_the_environment(run, postgres):
    run("init")
    url = postgres.url(sslmode="disable")

    outcome = run("health", "production", PRODUCTION_DATABASE_URL=url)

    assert outcome.returncode == 0
    row = outcome.stdout.splitlines()[1]
    assert row.startswith("production  healthy  ok ")
    assert "  0 of 30  PostgreSQL " in row


def test_no_connection_is_left_on_the_server(check, write_profile, own_postgres):
    write_profile("orders.yaml", profile(own_postgres.url(sslmode="disable")))

    check()

    assert own_postgres.backends() == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"password": "wrong"}, "authentication"), ({"dbname": "missing"}, "database_missing")],
)
def test_a_wrong_question_is_named(check, write_profile, postgres, change, reason):
    write_profile("orders.yaml", profile(postgres.url(sslmode="disable", **change)))

    status, report = check()

    assert (status, report["reason"]) == (1, reason)
    assert postgres.password not in json.dumps(report)


def test_a_stopped_server_refuses(check, write_profile, own_postgres):
    write_profile("orders.yaml", profile(own_postgres.url(sslmode="disable")))
    own_postgres.stop()

    status, report = check()

    assert (status, report["status"], report["reason"]) == (1, "unhealthy", "refused")


def test_a_frozen_server_times_out(check, write_profile, own_postgres):
    write_profile("orders.yaml", profile(own_postgres.url(sslmode="disable")))
    own_postgres.freeze()

    status, report = check()

    assert (status, report["reason"]) == (1, "timeout")


def test_a_frozen_server_does_not_delay_the_others(run, write_profile, own_postgres, postgres):
    write_profile("frozen.yaml", profile(own_postgres.url(sslmode="disable")))
    for name in ("a", "b", "c", "d"):
        write_profile(f"{name}.yaml", profile(postgres.url(sslmode="disable")))
    own_postgres.freeze()

    outcome = run("health", "--json")

    reports = json.loads(outcome.stdout)["profiles"]
    begins = [datetime.fromisoformat(report["checked_at"]) for report in reports.values()]
    assert {name: report["reason"] for name, report in reports.items()} == {
        "frozen": "timeout",
        **dict.fromkeys("abcd", "ok"),
    }
    assert max(begins) - min(begins) < timedelta(seconds=TIMEOUT)
