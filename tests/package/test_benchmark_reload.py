"""The benchmark of a reload runs, and counts what it says."""

from __future__ import annotations

import json

import pytest

from benchmarks import reload


def test_it_counts_files_and_profiles(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["reload", "--profiles", "120", "--pairs", "2", "--json"])
    monkeypatch.setattr(reload, "IN_USE", 10)

    reload.main()

    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["one changed: files opened"]["figure"] == 1
    assert rows["one changed: files opened"]["ours"] == "1 profiles made anew"
    assert rows["a base changed: files opened"]["ours"] == "30 profiles made anew"
