"""The schema keeps its promises to editors, and agrees with the dataclasses."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connmgr.config.schema import check, definition, schema, schema_text, settings
from connmgr.problem import Place
from connmgr.settings import (
    BreakerSettings,
    ConnectRetry,
    HealthSettings,
    PoolSettings,
    SessionSettings,
    Timeouts,
    TransactionRetry,
)

SETTINGS = list(settings())
LEAVES = [(path, node) for path, node in SETTINGS if "properties" not in node]
GROUPS = {
    ("pool",): PoolSettings,
    ("timeouts",): Timeouts,
    ("session",): SessionSettings,
    ("retry", "connect"): ConnectRetry,
    ("retry", "transaction"): TransactionRetry,
    ("breaker",): BreakerSettings,
    ("health",): HealthSettings,
}
FORMS = [
    (path, definition(path))
    for path in (("password", key) for key in ("env", "file", "command", "ttl", "previous"))
]


def name(path: tuple[str, ...]) -> str:
    return ".".join(path)


def nowhere(_: tuple[str, ...]) -> Place:
    return Place("f.yaml")


def document_with(path: tuple[str, ...], value: object) -> dict[str, Any]:
    document: Any = value
    for key in reversed(path):
        document = {key: document}
    return document if path[0] == "connection" else {"url": "sqlite://", **document}


def test_it_passes_its_own_meta_schema() -> None:
    Draft202012Validator.check_schema(schema())

    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert '"$id"' in schema_text()


@pytest.mark.parametrize(
    ("path", "node"), [*SETTINGS, *FORMS], ids=lambda value: name(value) if value else ""
)
def test_every_property_says_what_it_is_with_unit_default_and_an_example(
    path: tuple[str, ...], node: dict[str, Any]
) -> None:
    assert node["title"]
    assert "Unit:" in node["description"]
    assert "Default:" in node["description"]
    assert node["examples"]


@pytest.mark.parametrize(("path", "node"), LEAVES, ids=[name(path) for path, _ in LEAVES])
def test_every_setting_says_when_a_reload_applies_it(path: tuple[str, ...], node: dict[str, Any]) -> None:
    assert node["x-reload"] in ("live", "next connection", "rebuild")


@pytest.mark.parametrize(("path", "node"), SETTINGS, ids=[name(path) for path, _ in SETTINGS])
def test_every_example_and_default_is_accepted(path: tuple[str, ...], node: dict[str, Any]) -> None:
    values = [*node["examples"], *([node["default"]] if "default" in node else [])]

    problems = [check(document_with(path, value), place=nowhere, kind="base") for value in values]

    assert not any(problems)


def test_the_dollar_sign_is_explained_where_passwords_are() -> None:
    assert "$$" in (definition(("password",)) or {})["description"]
    assert "$$" in (definition(("url",)) or {})["description"]


def test_it_is_closed_at_every_level() -> None:
    groups = [schema()["$defs"]["settings"], *(node for _, node in SETTINGS if "properties" in node)]
    forms = [schema()["$defs"][secret]["anyOf"][1] for secret in ("secret", "url")]

    assert len(groups) == 12
    assert all(group["additionalProperties"] is False for group in [*groups, *forms])


@pytest.mark.parametrize("group", GROUPS, ids=name)
def test_defaults_and_names_equal_those_of_the_dataclass(group: tuple[str, ...]) -> None:
    properties = (definition(group) or {})["properties"]
    expected = {field.name: field.default for field in fields(GROUPS[group])}
    if group == ("pool",):
        expected["mode"] = "auto"  # settled to the dataclass's words

    defaults = {name: node.get("default") for name, node in properties.items()}

    assert defaults == expected


@pytest.mark.parametrize("text", ["${NAME}", "${NAME:-5}", "${NAME:?set it}", "1${NAME}", "$${A}${NAME}"])
def test_every_setting_but_extends_accepts_a_reference_alone_and_inside_a_text(text: str) -> None:
    refused = [path for path, _ in LEAVES if check(document_with(path, text), place=nowhere, kind="base")]

    assert refused == [("extends",)]


@pytest.mark.parametrize("text", ["$${NAME}", "${}", "${A B}", "$NAME"])
def test_what_only_looks_like_a_reference_is_no_number(text: str) -> None:
    (problem,) = check(document_with(("pool", "size"), text), place=nowhere)

    assert problem.path == "pool.size"


@pytest.mark.parametrize(
    "value", [0, -1, "0s", "00.0h", "5 s", "1d", "5s\n", 2147484, "600h", "2147484s", True, None, [5]]
)
def test_durations_are_above_zero_bounded_and_have_known_units(value: object) -> None:
    (problem,) = check(document_with(("timeouts", "statement"), value), place=nowhere)

    assert problem.path == "timeouts.statement"
    assert "a duration of more than 0 and at most 2147483 seconds" in problem.accepted


@pytest.mark.parametrize("value", ["596h", "35791m", "2147483s", "2147483000ms", 2147483, 0.001])
def test_durations_up_to_the_bound_are_accepted(value: object) -> None:
    assert check(document_with(("timeouts", "statement"), value), place=nowhere) == ()


def test_the_same_text_twice_is_a_copy() -> None:
    schema()["$defs"].clear()

    assert schema()["$defs"]


def test_only_what_holds_secrets_is_write_only() -> None:
    assert [name(path) for path, node in SETTINGS if node.get("writeOnly")] == [
        "url",
        "connection.password",
        "connection.sslpassword",
        "password",
    ]
