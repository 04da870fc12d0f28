"""Our errors are one small tree, and they can be caught by the names that people know already."""

from __future__ import annotations

import pytest
import sqlalchemy.exc

import connmgr
from connmgr import ConfigError, ConnmgrError, Place, Problem, UnknownProfile
from connmgr.problem import Code


def problem(line: int, found: str = "nothing") -> Problem:
    return Problem(Place("profiles/orders.yaml", line, 1), "url", found, code=Code.VALUE)


@pytest.mark.parametrize(
    "name",
    [
        "ConfigError",
        "UnknownProfile",
        "RegistryClosed",
        "WrongEventLoop",
        "EngineRetired",
        "PoolTimeout",
        "TooManyWaiting",
    ],
)
def test_every_error_of_ours_is_a_connmgr_error(name: str) -> None:
    assert issubclass(getattr(connmgr, name), ConnmgrError)


def test_a_config_error_lists_every_problem_in_the_order_of_the_files() -> None:
    error = ConfigError([problem(7, "a tab"), problem(2, "an empty text")])

    assert str(error) == (
        "2 problems in the profiles\n"
        "  profiles/orders.yaml:2:1: CM303 url: an empty text\n"
        "  profiles/orders.yaml:7:1: CM303 url: a tab"
    )
    assert error.problems == (problem(2, "an empty text"), problem(7, "a tab"))


def test_a_config_error_takes_its_problems_from_any_iterable() -> None:
    error = ConfigError(problem(line) for line in (1,))

    assert str(error).startswith("1 problem in the profiles\n")


def test_an_unknown_profile_is_a_key_error_that_reads_as_a_sentence() -> None:
    error = UnknownProfile("no profile named 'oders'; there are: orders")

    assert isinstance(error, KeyError)
    assert str(error) == "no profile named 'oders'; there are: orders"


def test_a_database_that_is_down_is_no_error_of_ours() -> None:
    assert not issubclass(sqlalchemy.exc.OperationalError, ConnmgrError)
