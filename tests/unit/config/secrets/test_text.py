"""A password that is a text shows nothing of it and says what keeps it from being had."""

from __future__ import annotations

from pathlib import Path

import pytest

from connmgr.config.references import Reference
from connmgr.config.secrets import Source
from connmgr.errors import ConfigError
from connmgr.problem import Code
from connmgr.secret import Secret
from tests.rig.sources import source_of


def text(written: str, **environ: str) -> Source:
    return source_of(Secret(written), Path("/etc"), environ)


async def test_references_are_looked_up_at_every_asking() -> None:
    environ = {"A": "1"}
    password = source_of(Secret("${A}${B:-2}"), Path("/etc"), environ)
    before = await password.get()

    environ["A"] = "3"

    assert (before, await password.get()) == (Secret("12"), Secret("32"))


async def test_a_variable_that_vanished_is_an_error_with_its_place() -> None:
    environ = {"A": "1"}
    password = source_of(Secret("${A}"), Path("/etc"), environ)
    assert password.problems() == ()

    environ.clear()

    with pytest.raises(ConfigError, match=r"orders.yaml:2:11: CM502 password: A is not set"):
        await password.get()


def test_each_variable_that_is_not_set_is_said_once() -> None:
    problems = text("${A}${B}${A}").problems()

    assert [(problem.code, problem.found) for problem in problems] == [
        (Code.NOT_SET, "A is not set"),
        (Code.NOT_SET, "B is not set"),
    ]


@pytest.mark.parametrize(("value", "named"), [("\0", "a NUL"), ("\udcff", "a byte that is not UTF-8")])
async def test_a_character_that_no_setting_may_hold_is_refused_without_the_password(
    value: str, named: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{named} inside the password.*it comes from \${{A}}") as caught:
        await text("hunter2${A}", A=value).get()

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "described"),
    [
        ("hunter2", "the profile file"),
        ("${A}", "${A}"),
        ("hunter2${A}${B:-hunter2}${A}", "${A} and ${B}"),
    ],
)
def test_a_description_names_the_references_and_nothing_else(written: str, described: str) -> None:
    source = text(written)

    assert source.describe() == described
    assert repr(source) == f"TextSource('{described}')"


async def test_a_dollar_sign_is_written_twice() -> None:
    assert await text("a$${A}$$").get() == Secret("a${A}$")


def test_a_text_that_is_settled_once_needs_no_event_loop() -> None:
    assert text("${A}", A="hunter2").read() == Secret("hunter2")


async def test_the_parts_of_a_url_that_was_split_already_are_a_text_too() -> None:
    source = source_of(("a$", Reference("A")), Path("/etc"), {"A": "1"})

    assert await source.get() == Secret("a$1")


def test_a_reference_that_cannot_be_read_is_a_problem_without_the_text() -> None:
    with pytest.raises(ConfigError, match="CM501 password: a reference without its closing brace") as caught:
        text("hunter2${A")

    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None
