"""The benchmark of loading measures what it says, on profiles such as it says."""

from __future__ import annotations

import json

import pytest
import yaml

from benchmarks import load, tenants
from benchmarks.ceilings import ceilings
from connmgr.config.schema import schema

pytestmark = pytest.mark.usefixtures("small_heap")


def test_profiles_have_15_to_25_lines_and_half_of_them_extend_a_base() -> None:
    texts = [tenants.profile(number) for number in range(100)]

    assert all(15 <= len(text.splitlines()) <= 25 for text in texts)
    assert sum("extends: _server_" in text for text in texts) == 50
    assert sum("connection:" in text for text in texts) == 50


def test_every_ceiling_takes_the_profiles_and_refuses_another_type() -> None:
    values = [yaml.safe_load(tenants.profile(number)) for number in range(8)]

    for _name, check in ceilings(schema()):
        if check is None:
            continue
        for profile in values:
            check(profile)
        with pytest.raises(Exception, match="pool"):
            check({**values[0], "pool": 5})


def test_the_benchmark_runs_and_reports_its_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["load", "--profiles", "8", "--pairs", "2", "--json"])

    load.main()

    printed = json.loads(capsys.readouterr().out)
    controls = [cell["control"] for cell in printed["cells"]]
    assert controls[0] == "CSafeLoader + jsonschema"
    assert controls[-1] == "alone with its base"
    assert set(printed["figures"]) == {"memory, load_profiles", "memory, CSafeLoader + jsonschema"}
