"""The page about metrics, the alerts and the dashboard use names that the collector emits, and no others."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connmgr.poolstats import PoolStats
from connmgr.report import HealthReport, Status
from connmgr.telemetry.metrics import METRICS, Instrument, Metric
from connmgr.telemetry.prometheus import exposition
from tests.rig.telemetry import Pools, parsed

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "metrics.md").read_text(encoding="utf-8")
ALERTS = yaml.safe_load((DOCS / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((DOCS / "grafana" / "connmgr.json").read_text(encoding="utf-8"))
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]

LINK = re.compile(r"\]\(([^)#:]+)\)")
TEXT = re.compile(r'"[^"]*"')
GROUPED = re.compile(r"\b(?:by|without|on|ignoring) \(?([\w, ]+)\)|\bignoring\(([\w, ]+)\)")
MATCHED = re.compile(r"\{([^}]*)\}")
VALUES = re.compile(r"label_values\((\w+), (\w+)\)")
OURS = re.compile(r"\b(?:db_client|connmgr)_\w+")
WORD = re.compile(r"\w+")


def emitted() -> tuple[set[str], set[str]]:
    """The names of all samples and labels that the collector can emit."""
    now = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    report = HealthReport("orders", Status.HEALTHY, "ok", True, False, 1.0, now)
    pools = Pools({"orders": PoolStats("pooled", 1, 1, breaker="closed")}, {"orders": report})
    found = parsed(exposition(pools)[0])
    return {name for name, _ in found}, {label for _, labels in found for label, _ in labels}


NAMES, LABELS = emitted()


def in_query(query: str) -> tuple[set[str], set[str]]:
    """The names of metrics and of labels in PromQL."""
    bare = TEXT.sub("", query)
    labels = {word for groups in GROUPED.findall(bare) for part in groups for word in WORD.findall(part)}
    labels |= {word for inner in MATCHED.findall(bare) for word in WORD.findall(inner)}
    outside = MATCHED.sub("", GROUPED.sub("", bare))
    return set(OURS.findall(outside)), labels


def queries_of_the_dashboard() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def shown(metric: Metric) -> str:
    """The row of a metric in the page's table."""
    exposed = metric.exposed_name + ("_total" if metric.instrument is Instrument.COUNTER else "")
    cells = (f"`{metric.name}`", f"`{exposed}`", metric.instrument, f"`{metric.unit}`", metric.description)
    return f"| {' | '.join(cells)} |"


def test_the_table_of_the_page_is_that_of_the_code() -> None:
    table = PAGE.partition("|---|---|---|---|---|\n")[2].partition("\n\n")[0]

    assert table.splitlines() == [shown(metric) for metric in METRICS]


def test_the_page_has_every_alert_with_its_rule() -> None:
    rows = PAGE.partition("| alert | PromQL |\n|---|---|\n")[2].partition("\n\n")[0]

    assert rows.splitlines() == [f"| {rule['alert']} | `{rule['expr']}` |" for rule in RULES]


def test_a_query_is_taken_apart() -> None:
    query = 'sum by (le, a) (rate(connmgr_x_bucket{a=~"b_c", d="e"}[5m])) > ignoring(f) db_client_y'

    assert in_query(query) == ({"connmgr_x_bucket", "db_client_y"}, {"le", "a", "d", "f"})


@pytest.mark.parametrize("query", [*(rule["expr"] for rule in RULES), *queries_of_the_dashboard()])
def test_a_query_uses_names_and_labels_that_are_emitted(query: str) -> None:
    names, labels = in_query(query)

    assert names
    assert (names - NAMES, labels - LABELS) == (set(), set())
    assert query.count("(") == query.count(")")


def test_every_alert_says_what_and_how_bad() -> None:
    texts = [text for rule in RULES for text in rule["annotations"].values()]

    assert [set(rule["annotations"]) for rule in RULES] == [{"summary", "description"}] * len(RULES)
    assert {rule["labels"]["severity"] for rule in RULES} == {"warning", "critical"}
    assert set(re.findall(r"\$labels\.(\w+)", " ".join(texts))) <= LABELS
    assert len({rule["alert"] for rule in RULES}) == len(RULES) == 7


def test_legends_and_the_choice_of_profiles_use_labels_that_are_emitted() -> None:
    legends = " ".join(target["legendFormat"] for panel in DASHBOARD["panels"] for target in panel["targets"])
    (profile,) = [each for each in DASHBOARD["templating"]["list"] if each["name"] == "profile"]

    ((name, label),) = VALUES.findall(profile["query"]["query"])
    assert set(re.findall(r"\{\{(\w+)\}\}", legends)) <= LABELS
    assert (name in NAMES, label in LABELS) == (True, True)
    assert profile["definition"] == profile["query"]["query"]


def test_every_query_of_the_dashboard_is_of_the_chosen_profiles_but_those_of_the_registry() -> None:
    of_registry = tuple(metric.exposed_name for metric in METRICS if not metric.is_of_pools)

    others = [query for query in queries_of_the_dashboard() if '=~"$profile"' not in query]
    assert [query for query in others if not any(name in query for name in of_registry)] == []


def test_every_panel_has_a_place_a_title_and_the_chosen_source() -> None:
    panels = DASHBOARD["panels"]

    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    places = {
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    }
    assert len(places) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in panels)
    assert max(x for x, _ in places) < 24
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}


def test_every_metric_is_in_the_dashboard_or_a_setting() -> None:
    used = {name for query in queries_of_the_dashboard() for name in in_query(query)[0]}

    unused = [
        metric.name for metric in METRICS if not any(name.startswith(metric.exposed_name) for name in used)
    ]
    assert unused == ["db.client.connection.idle.max", "db.client.connection.idle.min"]


def test_the_table_for_those_who_come_from_elsewhere_has_names_that_are_emitted() -> None:
    table = PAGE.partition("## For those who come from another pool")[2]

    families = {name.removesuffix("_bucket") for name in NAMES if name.endswith("_bucket")}
    assert set(OURS.findall(table)) - NAMES - families - LABELS == set()


def test_every_link_leads_to_a_file() -> None:
    links = LINK.findall(PAGE)

    assert len(links) >= 3
    assert [link for link in links if not (DOCS / link).is_file()] == []
