"""Load damaged documents, one after another, in a process that may crash or hang over one.

    python -m tests.rig.fuzzer SEED FIRST COUNT DIRECTORY

Ends with status 0 when each gave profiles or problems, and each profile settings or a ConfigError. The
file `at` in the directory tells which one was being read, `reached` what the documents came to.
"""

from __future__ import annotations

import faulthandler
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connmgr.config.diagnostics import render
from connmgr.config.excerpt import with_source
from connmgr.config.loader import LoadResult, load_profiles
from connmgr.config.outline import outline
from connmgr.config.settle import settle
from connmgr.errors import ConfigError
from connmgr.problem import Problem
from connmgr.profile import Profile
from tests.rig.mutation import BASE, TOKENS, corpus, damaged

DEADLINE: Final = 5.0
"""Seconds after which a document counts as hanging; most take two thousandths of one."""
TOGETHER: Final = 20
"""Documents that share the deadline: to set it anew for each would take longer than to read one."""

NAMES: Final = ("any.yaml", "any.yaml", "any.profiles.yaml", "_base.yaml")
VARIABLES: Final = (
    "X",
    "PW",
    "WHO",
    "POOL_SIZE",
    "CRITICAL",
    "DB_USER",
    "PHRASE",
    "ORDERS_URL",
    "FILE",
    "PGHOST",
)
VALUES: Final = ("10", "true", "a b", "", "sqlite://", "postgresql://u:p@h:1/d", "/dev/zero", "é%@:/?#", "..")


def main(seed: str, first: int, count: int, directory: Path) -> None:
    """Read `count` documents from number `first` on."""
    documents, came_to = corpus(), Counter[str]()
    profiles = directory / "profiles"
    profiles.mkdir()
    (profiles / "secret").write_text("postgresql://u:p@h/d\n")
    (profiles / "secret").chmod(0o600)
    at = (directory / "at").open("w", buffering=1)
    for number in range(first, first + count):
        at.seek(0)
        at.write(f"{seed}:{number}\n")
        if (number - first) % TOGETHER == 0:
            # Ends the process from a thread of C's: nothing that hangs in C hears a signal.
            faulthandler.dump_traceback_later(DEADLINE, exit=True)
        came_to.update(check(damaged(documents, f"{seed}:{number}"), f"{seed}:{number}", profiles))
    faulthandler.cancel_dump_traceback_later()
    (directory / "reached").write_text(json.dumps(came_to))


def check(document: bytes, seed: str, directory: Path) -> list[str]:
    """Load one document, and return in a word what each of its profiles and problems came to."""
    chance = random.Random(f"environment of {seed}")
    name = chance.choice(NAMES)
    texts = {"_base.yaml": BASE.encode(), name: document}
    if name == "_base.yaml":
        texts["user.yaml"] = b"extends: _base\n"
    for path in directory.glob("*.y*ml"):
        path.unlink()
    for file, text in texts.items():
        (directory / file).write_bytes(text)
    result = load_profiles(directory)
    lines = {str(directory / file): _lines(text) for file, text in texts.items()}
    _check_problems(result, lines)
    environ = {variable: _value(chance) for variable in VARIABLES if chance.random() < 0.8}
    settled = [_settled(profile, environ, lines) for profile in result.profiles.values()]
    return [*settled, *(str(problem.code) for problem in result.problems)] or ["no problem"]


def _lines(text: bytes) -> list[str]:
    return re.split(r"\r\n|\r|\n", text.decode("utf-8-sig", errors="replace"))


def _check_problems(result: LoadResult, lines: Mapping[str, list[str]]) -> None:
    assert result.profiles or result.problems, "neither profiles nor problems"
    assert not set(result.profiles) & result.broken, "a profile that is broken too"
    for problem in (*result.problems, *result.warnings):
        _check_place(problem, lines)
    for form in ("text", "json", "github"):
        render(result.problems, form)


def _check_place(problem: Problem, lines: Mapping[str, list[str]]) -> None:
    place = problem.place
    assert place.file in lines, f"no file of ours: {problem}"
    assert 1 <= place.line <= len(lines[place.file]), f"no line of the file: {problem}"
    assert place.column >= 1, f"no column: {problem}"
    assert problem.found, f"nothing found: {problem}"
    assert "\n" not in str(problem), f"more than a line: {problem}"
    with_source(problem, lines[place.file][place.line - 1])


def _settled(profile: Profile, environ: Mapping[str, str], lines: Mapping[str, list[str]]) -> str:
    outline(profile)
    try:
        settle(profile, environ)
    except ConfigError as error:
        if not error.problems:
            raise AssertionError("an error without a problem") from error
        for problem in error.problems:
            _check_place(problem, lines)
        return "refused"
    return "settled"


def _value(chance: random.Random) -> str:
    # A variable holds no NUL.
    return chance.choice(VALUES) + chance.choice(("", "", *TOKENS)).replace("\0", "")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
