"""A name is letters, digits, _ and -; any other is refused, opens no file, and forges no line of a log."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from loguru import logger

from connmgr import Registry, UnknownProfile
from connmgr.config.loader import load_profiles
from connmgr.problem import Code

LONG = "a" * 64
HOSTILE = {
    "up and out": "../../etc/passwd",
    "up to a base": "../outside/_base",
    "a path": "a/b",
    "an absolute path": "/etc/passwd",
    "a path of Windows'": "..\\outside",
    "a drive": "C:orders",
    "a dot": ".",
    "two dots": "..",
    "an ending": "orders.yaml",
    "nothing": "",
    "a space": "or ders",
    "64 characters": LONG,
    "300 bytes": "a" * 300,
    "an option": "-orders",
    "a long option": "--help-me",
    "a digit first": "1orders",
    "a device of Windows'": "CON",
    "a device in small letters": "nul",
    "a numbered device": "com1",
    "two underscores": "__class__",
    "an attribute": "orders.__class__",
    "right to left": "or\u202eders",
    "zero width": "or\u200bders",
    "a soft hyphen": "or\xadders",
    "a homoglyph": "\u043erders",
    "a composed letter": "ordérs",
    "a combining accent": "orde\u0301rs",
    "a digit of another script": "orders\u0663",
    "a full-width letter": "\uff4frders",
    "a line break": "orders\n2026-01-01 ERROR forged",
    "a carriage return": "orders\rforged",
    "a line separator": "orders\u2028forged",
    "a next-line character": "orders\x85forged",
    "an escape sequence": "orders\x1b[2J\x1b[31mforged",
    "a one-byte escape": "orders\x9b31mforged",
    "a bell": "orders\x07",
    "a title": "orders\x1b]0;forged\x07",
    "a percent": "%2e%2e%2forders",
    "a format": "{name.__class__}",
    "a reference": "${HOME}",
    "a shell": "$(touch forged)",
    "a workflow command": "orders\n::error::forged",
    "half a surrogate pair": "orders\udc80",
}
FILES = {
    why: name for why, name in HOSTILE.items() if name and "/" not in name and len(os.fsencode(name)) < 200
}
HIDDEN = [why for why, name in FILES.items() if name.startswith(".")]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory beside the profiles' whose files no name may reach."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "_base.yaml").write_text("url: postgresql://outside@h/d\n")
    return tmp_path / "outside"


def assert_one_printable_line_each(text: str) -> None:
    assert [line for line in text.split("\n") if not line.isprintable()] == []
    assert not [
        line for line in text.split("\n") if line.lstrip().startswith(("forged", "::error::", "2026"))
    ]


@pytest.mark.parametrize("form", ["text", "json", "github"])
async def test_a_file_is_refused_by_its_name(calls, write, form):
    names = [name for name in FILES.values() if not name.startswith(".")]
    directory = write(good="url: sqlite://\n")
    for name in names:
        (directory / f"{name}.yaml").write_text("url: sqlite://\n")

    result = load_profiles(directory)
    ((status, out, err),) = await calls(["validate", "--format", form])

    assert [*result.profiles] == ["good"]
    assert [problem.code for problem in result.problems] == [Code.FILE_NAME] * len(names)
    assert (status, err) == (2, "")
    assert out.count("CM106") == len(names) * (2 if form == "github" else 1)
    assert_one_printable_line_each(out)


@pytest.mark.parametrize("why", HIDDEN)
def test_a_file_that_a_dot_hides_is_no_profile(write, why):
    directory = write(good="url: sqlite://\n")
    (directory / f".{FILES[why]}.yaml").write_text("url: postgresql://u@h/d\n")

    assert [*load_profiles(directory).profiles] == ["good"]


@pytest.mark.parametrize("why", HOSTILE)
def test_a_name_in_a_file_of_several_profiles_is_refused(write, why):
    document = {"profiles": {"good": {"url": "sqlite://"}, HOSTILE[why]: {"url": "sqlite://"}}}
    directory = write(**{"all.profiles": json.dumps(document)})

    result = load_profiles(directory)

    assert not set(result.profiles) - {"good"}
    assert result.problems
    assert_one_printable_line_each("\n".join(map(str, result.problems)))


@pytest.mark.parametrize("why", HOSTILE)
def test_no_name_in_extends_leads_anywhere_else(write, outside, why):
    for extends in (HOSTILE[why], ["_base", HOSTILE[why]]):
        directory = write(_base="url: sqlite://\n", db=json.dumps({"url": "sqlite://", "extends": extends}))

        result = load_profiles(directory)

        found = {problem.code for problem in result.problems}
        assert not result.profiles
        assert found
        assert found <= {Code.VALUE, Code.BASE_MISSING, Code.SYNTAX, Code.CONTROL_CHARACTER}
        assert_one_printable_line_each("\n".join(map(str, result.problems)))
    assert str(outside) not in "\n".join(map(str, result.problems))


@pytest.mark.parametrize("command", ["show", "health", "validate", "diff"])
async def test_no_name_on_the_command_line_leads_anywhere_else(calls, write, outside, command):
    write(good="url: sqlite://\n")
    names = [(name, "good") if command == "diff" else (name,) for name in HOSTILE.values()]

    said = await calls(*([command, "--log-level", "debug", "--", *each] for each in names))

    for status, out, err in said:
        assert (status, out) == (2, "")
        assert "no profile" in err
        assert_one_printable_line_each(err)


@pytest.mark.parametrize("why", HOSTILE)
async def test_no_name_given_to_a_registry_leads_anywhere_else(write, outside, why):
    directory = write(good="url: sqlite://\n")
    told: list[str] = []
    sink = logger.add(told.append, format="{message} {exception}")

    with pytest.raises(UnknownProfile) as raised:
        Registry.load(directory)[HOSTILE[why]]
    logger.error(str(raised.value))
    logger.remove(sink)

    assert_one_printable_line_each(str(raised.value))
    assert_one_printable_line_each("".join(told).rstrip())
    assert not load_profiles(directory, [HOSTILE[why]]).profiles


def test_names_that_are_only_odd_are_names(write):
    # The last is a device on Windows; here, and as a key, it is a word like any other.
    names = ["a", "A-", "a_", "class", "None", "null-", "a" * 63, "CONSOLE"]

    result = load_profiles(write(**dict.fromkeys(names, "url: sqlite://\n")))

    assert result.problems == ()
    assert sorted(result.profiles) == sorted(names)
