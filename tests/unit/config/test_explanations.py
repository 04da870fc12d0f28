"""Every code of a problem is explained, by examples that are what they say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from connmgr.config.explanations import EXPLANATIONS, KINDS, Example
from connmgr.config.loader import load_profiles
from connmgr.config.settle import unsettled
from connmgr.problem import Code, Problem

LONGEST = 110


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory for PATH with a `pass` that knows the secret."""
    program = tmp_path / "programs" / "pass"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho tiger\n", encoding="utf-8")
    program.chmod(0o755)
    return program.parent


def write(example: Example, directory: Path) -> None:
    """Write the files of an example, and do what its note says was done to them."""
    for name, text in example.files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if example.note.startswith("after chmod"):
        _, _, mode, name = example.note.split()
        (directory / name).chmod(int(mode, 8))


def found(example: Example, directory: Path, environ: Mapping[str, str]) -> list[Problem]:
    """Everything that `connmgr validate --settle` says of an example."""
    write(example, directory)
    result = load_profiles(directory)
    settling = [problem for profile in result.profiles.values() for problem in unsettled(profile, environ)]
    return [*result.problems, *result.warnings, *settling]


def test_every_code_is_explained_in_the_order_of_the_codes() -> None:
    assert list(EXPLANATIONS) == list(Code)
    assert {code[:3] for code in Code} == set(KINDS)


def test_no_two_codes_have_the_same_title() -> None:
    titles = [explanation.title for explanation in EXPLANATIONS.values()]

    assert sorted(set(titles)) == sorted(titles)


@pytest.mark.parametrize("code", Code)
def test_the_wrong_example_has_that_problem_and_no_other(code: Code, tmp_path: Path, programs: Path) -> None:
    example = EXPLANATIONS[code].wrong

    problems = found(example, tmp_path / "profiles", {**example.variables, "PATH": str(programs)})

    assert {problem.code for problem in problems} == {code}, [str(problem) for problem in problems]


@pytest.mark.parametrize("code", Code)
def test_the_right_example_has_no_problem(code: Code, tmp_path: Path, programs: Path) -> None:
    example = EXPLANATIONS[code].right

    problems = found(example, tmp_path / "profiles", {**example.variables, "PATH": str(programs)})

    assert [str(problem) for problem in problems] == []


@pytest.mark.parametrize("code", Code)
def test_examples_are_short_and_safe_to_print(code: Code) -> None:
    lines = [*EXPLANATIONS[code].wrong.lines(), *EXPLANATIONS[code].right.lines()]

    assert [line for line in lines if len(line) > LONGEST or not line.isprintable()] == []
    assert len(lines) <= 30


def test_warnings_are_explained_as_taken_and_not_as_refused() -> None:
    warnings = [explanation for code, explanation in EXPLANATIONS.items() if code.is_warning]

    assert warnings
    assert [each.title for each in warnings if "This is a warning" not in each.meaning] == []
