"""One log event tells of a reload, in one line, however much changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connmgr import Registry


async def test_the_first_profiles_are_named_and_the_others_counted(
    tmp_path: Path, log: list[dict[str, Any]]
) -> None:
    (tmp_path / "_base.yaml").write_text("url: sqlite://\n")
    for number in range(13):
        (tmp_path / f"tenant_{number:02}.yaml").write_text("extends: _base\n")
    async with Registry.load(tmp_path) as registry:
        (tmp_path / "_base.yaml").write_text("url: sqlite://\nstartup: warn\n")
        (tmp_path / "_registry.yaml").write_text("health: {max_monitors: 7}\n")
        await registry.reload()
        await registry.reload()

    (told,) = [record for record in log if record["message"].startswith("reloaded")]
    assert told["message"].startswith("reloaded: tenant_00 (live), tenant_01 (live)")
    assert told["message"].endswith("tenant_09 (live), 3 more, _registry")
    assert told["extra"]["unchanged"] == 0
