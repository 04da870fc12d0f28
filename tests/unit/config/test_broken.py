"""The 40 broken profiles that are checked in give 40 exact messages in one run."""

from __future__ import annotations

from pathlib import Path

import pytest

from connmgr.config.diagnostics import render
from connmgr.config.loader import load_profiles

BROKEN = Path(__file__).resolve().parents[2] / "broken"


def test_every_broken_profile_gives_its_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = (BROKEN / "expected.txt").read_text(encoding="utf-8").splitlines()
    monkeypatch.chdir(BROKEN / "profiles")

    result = load_profiles(".")

    assert render(result.problems, "text").splitlines() == expected
    assert len(expected) == 40
    assert not result.profiles


def test_no_message_shows_a_secret() -> None:
    text = (BROKEN / "expected.txt").read_text(encoding="utf-8")

    assert "hunter2" not in text
    assert "31337" not in text
