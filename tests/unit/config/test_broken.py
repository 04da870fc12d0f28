"""The broken profiles that are checked in give exact messages, all of them in one run."""

from __future__ import annotations

from pathlib import Path

import pytest

from connmgr.config.diagnostics import Format, render
from connmgr.config.loader import load_profiles

BROKEN = Path(__file__).resolve().parents[2] / "broken"


def test_every_broken_profile_gives_its_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = (BROKEN / "expected.txt").read_text(encoding="utf-8").splitlines()
    monkeypatch.chdir(BROKEN / "profiles")

    result = load_profiles(".")

    assert render(result.problems, "text").splitlines() == expected
    assert len(expected) == 50
    assert not result.profiles


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_no_message_shows_a_secret_of_the_files(form: Format) -> None:
    profiles = BROKEN / "profiles"
    secrets = [secret for secret in ("hunter2", "31337") if _stands_in_a_file(secret, profiles)]

    shown = render(load_profiles(profiles).problems, form)

    assert len(secrets) == 2
    assert not [secret for secret in secrets if secret in shown]


def _stands_in_a_file(secret: str, directory: Path) -> bool:
    return any(secret.encode() in path.read_bytes() for path in directory.iterdir() if path.is_file())
