"""Reports of every sort as `application/health+json`: the draft's fields, with what the draft has in them."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from connmgr import HealthReport, Status
from connmgr.failure import Failure, FailureKind
from connmgr.healthjson import health_json
from connmgr.poolstats import PoolStats
from connmgr.server import ServerInfo

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
FULL = PoolStats("queue", 2, 2, open=2, waiting=3, oldest_wait=1.5)
SERVER = ServerInfo("PostgreSQL", "17.0", "primary")
FAILURE = Failure(FailureKind.REFUSED, "ConnectionRefusedError", "nobody listens", hint="start it")
WELL = HealthReport("orders", Status.HEALTHY, "ok", True, False, 1.25, NOON, server=SERVER, pool=FULL)
DOWN = HealthReport(
    *("orders", Status.UNHEALTHY, "refused", False, False, None, NOON),
    error=FAILURE,
    hint="start it",
    pool=PoolStats("queue", 2, 2),
)
UNSETTLED = HealthReport("orders", Status.UNHEALTHY, "misconfigured", False, False, None, NOON)
REPORTS = {"well": WELL, "down": DOWN, "unsettled": UNSETTLED}
NEEDED = {"componentId", "componentType", "status", "time"}
OBSERVED = {"observedValue", "observedUnit"}
OF_THE_DRAFT = NEEDED | OBSERVED | {"output", "affectedEndpoints", "links"}
OURS = {"reason", "critical", "since", "server"}


def checks(name: str) -> dict[str, dict[str, object]]:
    document = json.loads(json.dumps(health_json({"orders": REPORTS[name]})))
    assert all(len(each) == 1 for each in document["checks"].values())
    return {key: each for key, (each,) in document["checks"].items()}


@pytest.mark.parametrize("name", REPORTS)
def test_a_document_has_a_status_and_checks_alone(name: str) -> None:
    document = health_json({"orders": REPORTS[name]})

    assert document.keys() == {"status", "checks"}
    assert document["status"] in {"pass", "warn", "fail"}


@pytest.mark.parametrize("name", REPORTS)
def test_a_check_has_the_fields_of_the_draft_and_beside_them_those_that_are_documented(name: str) -> None:
    for check in checks(name).values():
        assert check.keys() >= NEEDED
        assert check.keys() <= OF_THE_DRAFT | OURS
        assert not check.keys() & OBSERVED or check.keys() >= OBSERVED


@pytest.mark.parametrize("name", REPORTS)
def test_a_check_is_named_for_its_component_and_what_is_measured(name: str) -> None:
    for key, check in checks(name).items():
        component, _, measured = key.partition(":")
        assert (component, check["componentId"], check["componentType"]) == ("orders", "orders", "datastore")
        assert measured.isalpha()


@pytest.mark.parametrize("name", REPORTS)
def test_a_time_is_one_of_iso_8601_with_its_zone(name: str) -> None:
    for check in checks(name).values():
        assert dt.datetime.fromisoformat(str(check["time"])) == NOON


@pytest.mark.parametrize("name", REPORTS)
def test_a_check_that_passes_has_no_output(name: str) -> None:
    for check in checks(name).values():
        assert not ("output" in check and check["status"] == "pass")


def test_the_output_says_what_failed_and_what_to_do() -> None:
    assert checks("down")["orders:responseTime"]["output"] == "nobody listens; start it"


def test_what_did_not_answer_has_no_response_time() -> None:
    assert not checks("down")["orders:responseTime"].keys() & OBSERVED


def test_units_are_those_of_the_values() -> None:
    observed = {key: (each["observedValue"], each["observedUnit"]) for key, each in checks("well").items()}

    assert observed == {
        "orders:responseTime": (1.25, "ms"),
        "orders:connections": (2, "connections"),
        "orders:utilization": (100.0, "percent"),
        "orders:waiting": (3, "requests"),
        "orders:maxWait": (1.5, "s"),
    }


def test_a_full_pool_warns_of_itself_and_not_of_the_server() -> None:
    statuses = {key.partition(":")[2]: check["status"] for key, check in checks("well").items()}

    assert statuses.pop("responseTime") == "pass"
    assert set(statuses.values()) == {"warn"}
