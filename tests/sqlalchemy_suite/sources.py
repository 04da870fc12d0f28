"""Fetches SQLAlchemy's own tests, which are in its source archive and not in its wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

CACHE = Path(sys.prefix) / "sqlalchemy-tests"
"""In the environment that runs them: nothing of SQLAlchemy's is part of this project."""


def fetch(version: str) -> Path:
    """Return the directory of SQLAlchemy's sources of this version; the first time they are downloaded.

    Raises:
        subprocess.CalledProcessError: pip found no such version, or no package index.
    """
    CACHE.mkdir(exist_ok=True)
    wanted = CACHE / f"sqlalchemy-{version}"
    if not wanted.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            _unpack(_download(version, directory), Path(directory))
            (Path(directory) / wanted.name).rename(wanted)
    return wanted


def _download(version: str, directory: str) -> Path:
    # pip builds a source archive's metadata before it lets go of it; compiling takes minutes.
    environ = {**os.environ, "DISABLE_SQLALCHEMY_CEXT": "1"}
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    what = ["--no-binary", "sqlalchemy", "--dest", directory, f"sqlalchemy=={version}"]
    subprocess.run([*pip, *what], check=True, env=environ)
    return next(Path(directory).glob("*.tar.gz"))


def _unpack(archive: Path, directory: Path) -> None:
    with tarfile.open(archive) as sources:
        sources.extractall(directory, filter="data")
