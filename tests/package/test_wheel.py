"""The wheel holds what an installed connmgr needs, and finds it there without the checkout.

Its files are unpacked in front of everything else on the path, which needs no network; `.ci/run` installs
it into an environment of its own and runs the other tests there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    where = ["--no-index", "--no-build-isolation", "--wheel-dir", str(directory), str(CHECKOUT)]
    subprocess.run([*command, *where], check=True, timeout=120)
    (path,) = directory.glob("*.whl")
    with zipfile.ZipFile(path) as file:
        yield file


@pytest.fixture
def unpacked(wheel: zipfile.ZipFile, tmp_path: Path) -> Path:
    wheel.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


def test_the_wheel_holds_the_package_with_types_schema_and_profiles(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())

    expected = {
        "connmgr/py.typed",
        "connmgr/schemas/profile.schema.json",
        *(f"connmgr/profiles/{name}.yaml" for name in ("production", "development", "test")),
        *(path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "connmgr").rglob("*.py")),
    }
    assert expected <= names


def test_the_wheel_holds_nothing_but_the_package_and_its_metadata(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"connmgr"}
    assert not [name for name in wheel.namelist() if "__pycache__" in name]


def test_the_wheel_carries_the_licence_and_the_readme(wheel: zipfile.ZipFile) -> None:
    metadata = Parser().parsestr(_only(wheel, ".dist-info/METADATA"))

    assert metadata["License-Expression"] == "MIT"
    assert "Permission is hereby granted" in _only(wheel, "LICENSE")
    assert (CHECKOUT / "README.md").read_text(encoding="utf-8").strip() in str(metadata.get_payload())


def test_schema_and_profiles_are_found_in_the_wheel(unpacked: Path, tmp_path: Path) -> None:
    schema = _run(unpacked, tmp_path, "-m", "connmgr", "schema")
    _run(unpacked, tmp_path, "-m", "connmgr", "init")

    summary = _run(unpacked, tmp_path, "-m", "connmgr", "validate")

    assert schema.strip() == (unpacked / "connmgr/schemas/profile.schema.json").read_text().strip()
    assert summary.strip() == "3 profiles, no problem"


def _only(wheel: zipfile.ZipFile, end: str) -> str:
    (name,) = [name for name in wheel.namelist() if name.endswith(end)]
    return wheel.read(name).decode()


def _run(unpacked: Path, cwd: Path, *arguments: str) -> str:
    """Run Python with the unpacked wheel first on the path, and make sure that it is the one in use."""
    environ = {**os.environ, "PYTHONPATH": str(unpacked)}
    where = [sys.executable, "-c", "import connmgr; print(connmgr.__file__)"]
    assert _output(where, cwd, environ).startswith(str(unpacked))
    return _output([sys.executable, *arguments], cwd, environ)


def _output(command: list[str], cwd: Path, environ: dict[str, str]) -> str:
    result = subprocess.run(
        command, cwd=cwd, env=environ, check=True, capture_output=True, text=True, timeout=60
    )
    return result.stdout
