"""An environment gives its variables by name and shows none of them."""

from __future__ import annotations

import json
import os
import pickle
import pprint
import traceback
from collections.abc import Callable

import pytest
from rich.pretty import pretty_repr

from connmgr.secret import Environment

CANARY = "hunter2-canary"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The process's own variables, as a registry has them."""
    monkeypatch.setenv("DB_PASSWORD", CANARY)
    return Environment(os.environ)


def test_it_reads_through_to_where_the_variables_live() -> None:
    variables = {"A": "1"}
    environment = Environment(variables)

    variables["B"] = "2"

    assert (environment["B"], environment.get("C"), "A" in environment) == ("2", None, True)
    assert dict(environment) == variables
    assert len(environment) == 2


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        pprint.pformat,
        pretty_repr,
        lambda environment: f"{environment}",
        lambda environment: json.dumps({"environ": environment}, default=str),
        lambda environment: repr([getattr(environment, name) for name in dir(environment)]),
        lambda environment: repr(environment.__getstate__()),
    ],
)
def test_no_way_to_make_a_text_of_it_shows_a_variable(
    environment: Environment, show: Callable[[Environment], str]
) -> None:
    shown = show(environment)

    assert shown
    assert CANARY not in shown


@pytest.mark.parametrize("take", [vars, json.dumps, pickle.dumps])
def test_what_would_take_it_apart_is_refused(
    environment: Environment, take: Callable[[Environment], object]
) -> None:
    with pytest.raises(TypeError) as refusal:
        take(environment)

    assert CANARY not in str(refusal.value)


def test_a_variable_that_is_missing_is_an_error_without_the_others(environment: Environment) -> None:
    with pytest.raises(KeyError) as missing:
        environment["NO_SUCH_VARIABLE"]

    ours = traceback.TracebackException.from_exception(missing.value, capture_locals=True)
    shown = "".join(ours.format())
    assert "NO_SUCH_VARIABLE" in shown
    assert CANARY not in shown
