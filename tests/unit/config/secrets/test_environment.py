"""`{env: NAME}` is a variable, looked up at every asking."""

from __future__ import annotations

from pathlib import Path

import pytest

from connmgr.config.secrets import Source
from connmgr.errors import ConfigError
from connmgr.problem import Code
from connmgr.secret import Secret
from tests.rig.sources import source_of

ROOT = Path("/etc")


def variable(environ: dict[str, str]) -> Source:
    return source_of({"env": "DB_PASSWORD"}, ROOT, environ)


async def test_the_variable_is_looked_up_at_every_asking() -> None:
    environ = {"DB_PASSWORD": "one ${TWO} $$"}
    source = variable(environ)
    before = await source.get()

    environ["DB_PASSWORD"] = "two"

    assert (before, await source.get()) == (Secret("one ${TWO} $$"), Secret("two"))


@pytest.mark.parametrize(
    ("environ", "found"),
    [({}, "DB_PASSWORD is not set"), ({"DB_PASSWORD": ""}, "DB_PASSWORD is empty")],
)
async def test_a_variable_without_a_value_is_an_error_with_its_place(
    environ: dict[str, str], found: str
) -> None:
    source = variable(environ)

    with pytest.raises(ConfigError, match=f"orders.yaml:2:11: CM502 password: {found}"):
        await source.get()
    assert [(problem.code, problem.found) for problem in source.problems()] == [(Code.NOT_SET, found)]


async def test_a_line_break_is_refused_without_the_password() -> None:
    source = variable({"DB_PASSWORD": "hunter2\n"})

    with pytest.raises(ConfigError, match=r"a line break inside the password.*env DB_PASSWORD") as caught:
        await source.get()

    assert "hunter2" not in str(caught.value)


def test_what_is_settled_once_needs_no_event_loop() -> None:
    assert variable({"DB_PASSWORD": "hunter2"}).read() == Secret("hunter2")
    with pytest.raises(ConfigError, match="DB_PASSWORD is not set"):
        variable({}).read()


def test_it_is_described_by_its_name() -> None:
    assert repr(variable({"DB_PASSWORD": "hunter2"})) == "EnvironmentSource('env DB_PASSWORD')"
