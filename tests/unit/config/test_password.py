"""A password's source shows nothing of it and says what keeps it from being had."""

from __future__ import annotations

import pickle

import pytest

from connmgr.config.password import PasswordSource
from connmgr.config.references import parse
from connmgr.errors import ConfigError
from connmgr.problem import Place

PLACE = Place("orders.yaml", 2, 11)


def source(text: str, environ: dict[str, str]) -> PasswordSource:
    return PasswordSource(parse(text), environ, PLACE, "password", "the profile file")


async def test_a_variable_that_vanished_is_an_error_with_its_place() -> None:
    environ = {"A": "1"}
    password = source("${A}${B:-2}", environ)
    assert (await password.get()).reveal() == "12"

    environ.clear()

    with pytest.raises(ConfigError, match=r"orders.yaml:2:11: password: A is not set"):
        await password.get()


async def test_a_control_character_is_refused_without_the_password() -> None:
    with pytest.raises(ConfigError, match=r"a NUL inside the password.*it comes from \$\{A\}") as caught:
        await source("hunter2${A}", {"A": "\0"}).get()

    assert "hunter2" not in str(caught.value)


def test_nothing_shows_or_exports_a_password_in_the_file() -> None:
    password = source("hunter2", {})

    assert repr(password) == "PasswordSource('the profile file')"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(password)


def test_sources_of_the_same_parts_are_equal() -> None:
    assert source("a${B}", {"B": "1"}) == source("a${B}", {})
    assert source("a${B}", {}) != source("a${C}", {})
    assert source("a", {}) != "a"
