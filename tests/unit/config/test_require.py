"""What a directory holds is taken whole or not at all; a warning is logged once for as long as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connmgr.config.directory import ProfileDirectory
from connmgr.config.loader import require
from connmgr.errors import ConfigError, UnknownProfile

URL = "url: sqlite://\n"
SLOW = f"{URL}pool: {{timeout: 5000}}\n"


def test_every_problem_is_raised_at_once(tmp_path: Path) -> None:
    for name in ("orders", "users"):
        (tmp_path / f"{name}.yaml").write_text("pool: {size: x}\n")
    result = ProfileDirectory(tmp_path).read()

    with pytest.raises(ConfigError) as raised:
        require(result, None, tmp_path)

    assert raised.value.problems == result.problems
    assert len(result.problems) == 4


def test_a_name_that_is_no_profile_s_is_raised_with_those_there_are(tmp_path: Path) -> None:
    for name in ("orders", "users"):
        (tmp_path / f"{name}.yaml").write_text(URL)
    names = ["order"]
    result = ProfileDirectory(tmp_path, names).read()

    with pytest.raises(UnknownProfile, match=r"there are: orders, users; did you mean \"orders\"\?"):
        require(result, names, tmp_path)


def test_a_warning_is_logged_once_for_as_long_as_it_stands(tmp_path: Path, log: list[dict[str, Any]]) -> None:
    (tmp_path / "orders.yaml").write_text(SLOW)
    directory = ProfileDirectory(tmp_path)
    before = require(directory.read(), directory.names, directory.path)

    (tmp_path / "users.yaml").write_text(SLOW)
    now = directory.read()
    assert require(now, directory.names, directory.path, before=before) is now

    files = [record["message"].split(":")[0] for record in log]
    assert files == [str(tmp_path / name) for name in ("orders.yaml", "users.yaml")]
