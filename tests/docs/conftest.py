"""The environment in which a reader tries the examples."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


@pytest.fixture
def doc_environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Stand in `tmp_path` with `connmgr` on the path; SQLite takes the place of the production server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PRODUCTION_DATABASE_URL", f"sqlite:///{tmp_path}/production.db")
    monkeypatch.setenv("TERM", "dumb")
    return dict(os.environ)
