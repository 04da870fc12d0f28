"""No damage to a profile makes its reader crash or hang: there are profiles, or problems with a line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.mutation import TOP, corpus, damaged

SEED = "connmgr"
AT_LEAST = 25
"""Kinds of problems that a run must have met, to be worth anything."""


def fuzz(directory: Path, first: int, count: int) -> dict[str, int]:
    """Read damaged documents in a process of its own; return how often what came of them."""
    command = [sys.executable, "-m", "tests.rig.fuzzer", SEED, str(first), str(count), str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)
    at = (directory / "at").read_text().strip() if (directory / "at").exists() else "the start"
    document = damaged(corpus(), at)
    assert done.returncode == 0, f"status {done.returncode} at {at}: {document!r}\n{done.stderr}"
    return json.loads((directory / "reached").read_text())


def test_two_thousand_damaged_documents_give_profiles_or_problems(tmp_path: Path) -> None:
    reached = fuzz(tmp_path, 0, 2_000)

    assert reached["settled"] > 100
    assert reached["refused"] > 20
    assert len(reached) >= AT_LEAST


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2_000, 102_000, 25_000))
def test_a_hundred_thousand_damaged_documents_give_profiles_or_problems(tmp_path: Path, first: int) -> None:
    reached = fuzz(tmp_path, first, 25_000)

    assert reached["settled"] > 1_000
    assert len(reached) >= AT_LEAST


def test_the_same_seed_gives_the_same_document() -> None:
    documents = corpus()

    assert len(documents) > 40
    assert damaged(documents, "a:1") == damaged(documents, "a:1")
    assert len({damaged(documents, f"a:{number}") for number in range(100)}) > 90
