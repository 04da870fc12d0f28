"""The benchmark of reading files again measures what it says."""

from __future__ import annotations

import json

import pytest

from benchmarks import reload_files


def test_it_counts_what_is_opened_and_what_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["reload_files", "--profiles", "40", "--rounds", "2", "--json"])

    reload_files.main()

    figures = {row["name"]: row["figure"] for row in json.loads(capsys.readouterr().out)["rows"]}
    assert figures["nothing changed: files opened, most"] == 0
    assert figures["one changed: files opened, most"] == figures["one changed: profiles made anew, most"] == 1
    assert figures["a base changed: files opened, most"] == 2
    assert figures["a base changed: profiles made anew, most"] == 10
    assert figures["fresh load: the same, worst round"] > 0
