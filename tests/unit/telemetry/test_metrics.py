"""The names are OpenTelemetry's own, to the letter, and are written as its exporter for Prometheus does."""

from __future__ import annotations

import re

import pytest
from opentelemetry.semconv._incubating.attributes import db_attributes
from opentelemetry.semconv._incubating.metrics import db_metrics
from opentelemetry.semconv.attributes import error_attributes

from connmgr.telemetry import metrics, otel_spans
from connmgr.telemetry.metrics import METRICS, Instrument, Metric

STANDARD = [metric for metric in METRICS if metric.name.startswith("db.client.connection.")]
OURS = [metric for metric in METRICS if metric not in STANDARD]


def constant(metric: Metric) -> str:
    return metric.name.upper().replace(".", "_")


def facts(metric: Metric) -> dict[str, str]:
    """What OpenTelemetry's package says of the metric, in the text below its name."""
    source = db_metrics.__spec__.loader.get_source(db_metrics.__name__)  # type: ignore[union-attr]
    text = re.split(
        rf'^{constant(metric)}: Final = \(?\s*"{metric.name}"\s*\)?\s*"""', source, flags=re.MULTILINE
    )[1]
    lines = text.partition('"""')[0].splitlines()
    return dict(line.split(": ", 1) for line in lines if line.startswith(("Instrument", "Unit")))


def test_all_nine_of_the_conventions_are_there() -> None:
    known = {
        value
        for name, value in vars(db_metrics).items()
        if name.startswith("DB_CLIENT_CONNECTION_") and value.startswith("db.client.connection.")
    }

    assert {metric.name for metric in STANDARD} == known
    assert len(STANDARD) == 9


@pytest.mark.parametrize("metric", STANDARD, ids=lambda metric: metric.name)
def test_a_standard_metric_has_the_instrument_and_the_unit_of_the_conventions(metric: Metric) -> None:
    assert getattr(db_metrics, constant(metric)) == metric.name
    assert facts(metric) == {"Instrument": metric.instrument.value, "Unit": metric.unit}


def test_attributes_are_those_of_the_conventions() -> None:
    states = db_attributes.DbClientConnectionStateValues

    assert db_attributes.DB_CLIENT_CONNECTION_POOL_NAME == metrics.POOL_NAME
    assert db_attributes.DB_CLIENT_CONNECTION_STATE == metrics.STATE
    assert {state.value for state in states} == {"idle", "used"}
    assert error_attributes.ERROR_TYPE == otel_spans.ERROR_TYPE
    assert db_attributes.DB_SYSTEM_NAME == otel_spans.SYSTEM


def test_ours_have_a_prefix_of_their_own() -> None:
    assert [metric.name for metric in OURS if not metric.name.startswith("connmgr.")] == []
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize(
    ("metric", "exposed"),
    [
        (metrics.COUNT, "db_client_connection_count"),
        (metrics.IDLE_MAX, "db_client_connection_idle_max"),
        (metrics.PENDING_REQUESTS, "db_client_connection_pending_requests"),
        (metrics.WAIT_TIME, "db_client_connection_wait_time_seconds"),
        (metrics.OLDEST_WAIT, "connmgr_pool_oldest_wait_seconds"),
    ],
    ids=lambda each: getattr(each, "name", each),
)
def test_prometheus_has_underscores_and_the_unit(metric: Metric, exposed: str) -> None:
    assert metric.exposed_name == exposed


def test_no_unit_becomes_a_ratio_or_a_word_in_prometheus() -> None:
    """The exporter writes `_ratio` after a gauge of unit 1; it leaves out a unit in braces."""
    units = {metric.unit for metric in METRICS}

    assert [unit for unit in units if unit != "s" and not unit.startswith("{")] == []
    assert {metric.unit for metric in METRICS if metric.instrument is Instrument.HISTOGRAM} == {"s"}
