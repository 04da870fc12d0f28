"""The schema keeps its promises to editors, and agrees with the dataclasses."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connmgr.config.schema import check, schema, schema_text, settings
from connmgr.problem import Place
from connmgr.profile import HealthSettings, PoolSettings, SessionSettings, Timeouts

SETTINGS = list(settings())
GROUPS = {"pool": PoolSettings, "timeouts": Timeouts, "session": SessionSettings, "health": HealthSettings}
NAMES = [".".join(path) for path, _ in SETTINGS]


def nowhere(_: tuple[str, ...]) -> Place:
    return Place("f.yaml")


def document_with(path: tuple[str, ...], value: object) -> dict[str, Any]:
    document: dict[str, Any] = {path[-1]: value} if len(path) == 1 else {path[0]: {path[1]: value}}
    return {"url": "sqlite://", **document}


def test_it_passes_its_own_meta_schema() -> None:
    Draft202012Validator.check_schema(schema())

    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert '"$id"' in schema_text()


@pytest.mark.parametrize(("path", "node"), SETTINGS, ids=NAMES)
def test_every_property_says_what_it_is_with_unit_default_and_an_example(
    path: tuple[str, ...], node: dict[str, Any]
) -> None:
    assert node["title"]
    assert "Unit:" in node["description"]
    assert "Default:" in node["description"]
    assert node["examples"]


@pytest.mark.parametrize(("path", "node"), SETTINGS, ids=NAMES)
def test_every_example_and_default_is_accepted(path: tuple[str, ...], node: dict[str, Any]) -> None:
    values = [*node["examples"], *([node["default"]] if "default" in node else [])]

    problems = [check(document_with(path, value), place=nowhere) for value in values]

    assert not any(problems)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("pool", "size"), "${D}"),
        (("pool", "timeout"), "${D}"),
        (("pool", "mode"), "${D:-auto}"),
        (("health", "critical"), "x${D}"),
    ],
)
def test_a_settled_value_that_looks_like_a_reference_is_refused(path: tuple[str, ...], value: str) -> None:
    (problem,) = check(document_with(path, value), place=nowhere, settled=True)

    assert problem.path == ".".join(path)
    assert "reference" not in problem.accepted
    assert problem.hint == ""


def test_the_dollar_sign_is_explained_where_passwords_are() -> None:
    properties = schema()["properties"]

    assert "$$" in properties["password"]["description"]
    assert "$$" in properties["url"]["description"]


def test_it_is_closed_at_every_level() -> None:
    groups = [schema(), *(node for _, node in SETTINGS if "properties" in node)]

    assert len(groups) == 5
    assert all(group["additionalProperties"] is False for group in groups)


@pytest.mark.parametrize("group", GROUPS)
def test_defaults_and_names_equal_those_of_the_dataclass(group: str) -> None:
    properties = schema()["properties"][group]["properties"]
    expected = {field.name: field.default for field in fields(GROUPS[group])}
    if group == "pool":
        expected["mode"] = "auto"  # settled to the dataclass's words

    defaults = {name: node.get("default") for name, node in properties.items()}

    assert defaults == expected


@pytest.mark.parametrize(("path", "node"), SETTINGS, ids=NAMES)
def test_every_setting_accepts_a_reference_alone_and_inside_a_text(
    path: tuple[str, ...], node: dict[str, Any]
) -> None:
    if "properties" in node:
        return
    for text in ("${NAME}", "${NAME:-5}", "${NAME:?set it}", "1${NAME}", "$${A}${NAME}"):
        assert check(document_with(path, text), place=nowhere) == ()


@pytest.mark.parametrize("text", ["$${NAME}", "${}", "${A B}", "$NAME"])
def test_what_only_looks_like_a_reference_is_no_number(text: str) -> None:
    (problem,) = check(document_with(("pool", "size"), text), place=nowhere)

    assert problem.path == "pool.size"


@pytest.mark.parametrize("value", [0, -1, "0s", "00.0h", "5 s", "1d", 2147484, "600h", True, None, [5]])
def test_durations_are_above_zero_bounded_and_have_known_units(value: object) -> None:
    (problem,) = check(document_with(("timeouts", "statement"), value), place=nowhere)

    assert problem.path == "timeouts.statement"
    assert "a duration of more than 0 and at most 2147483 seconds" in problem.accepted


def test_the_same_text_twice_is_a_copy() -> None:
    schema()["properties"].clear()

    assert schema()["properties"]


def test_only_what_holds_secrets_is_write_only() -> None:
    assert [name for name, (_, node) in zip(NAMES, SETTINGS, strict=True) if node.get("writeOnly")] == [
        "url",
        "password",
    ]
