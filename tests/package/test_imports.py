"""What is imported when: nobody pays for a library, or meets a floor, that the work at hand does not need."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import connmgr

PACKAGE = Path(str(connmgr.__file__)).parent
LIBRARIES = {
    "aiosqlite",
    "asyncpg",
    "click",
    "jsonschema",
    "loguru",
    "rich",
    "sqlalchemy",
    "watchfiles",
    "yaml",
}
DATABASE = {"aiosqlite", "asyncpg", "sqlalchemy"}
FOR_MISTAKES = {
    "connmgr.config.careful",
    "connmgr.config.refusals",
    "connmgr.config.torn",
    "difflib",
    "jsonschema",
}
POOL_INTERNALS = re.compile(r"sqlalchemy\.pool\b|sqlalchemy\.util\.queue")


def test_importing_connmgr_imports_no_library() -> None:
    assert _imported_by("connmgr") & LIBRARIES == set()


@pytest.mark.parametrize("module", ["errors", "logs", "problem", "profile", "report", "secret"])
def test_the_ground_floor_is_standard_library_only(module: str) -> None:
    assert _imported_by(f"connmgr.{module}") & LIBRARIES == set()


def test_asking_a_running_process_takes_the_standard_library_alone() -> None:
    assert _imported_by("connmgr.admin.client") & {*LIBRARIES, "asyncio"} == set()


def test_reading_profiles_imports_nothing_of_a_database() -> None:
    imported = _imported_by("connmgr.config.loader")

    assert "yaml" in imported
    assert imported & DATABASE == set()


def test_engines_know_nothing_of_files() -> None:
    imported = _imported_by("connmgr.engine.factory")

    assert "sqlalchemy" in imported
    assert imported & {"yaml", "jsonschema", "click", "rich"} == set()


def test_the_runtime_knows_nothing_of_files() -> None:
    assert _imported_by("connmgr.runtime.handle") & {"yaml", "jsonschema", "click", "rich"} == set()


@pytest.mark.parametrize("command", ["--help", "--version", "init", "validate", "explain", "list", "schema"])
def test_commands_that_only_read_files_start_without_sqlalchemy(command: str, tmp_path: Path) -> None:
    _run("-m", "connmgr", "init", cwd=tmp_path)

    report = _run("-X", "importtime", "-m", "connmgr", command, cwd=tmp_path).stderr

    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in report.splitlines()}
    assert "click" in imported
    assert imported & DATABASE == set()


def test_profiles_without_a_mistake_are_checked_without_what_only_a_mistake_needs(tmp_path: Path) -> None:
    _run("-m", "connmgr", "init", cwd=tmp_path)

    report = _run("-X", "importtime", "-m", "connmgr", "validate", cwd=tmp_path).stderr

    imported = {line.rpartition("|")[2].strip() for line in report.splitlines()}
    assert "connmgr.config.loader" in imported
    assert imported & {*FOR_MISTAKES, "connmgr.target", "asyncio", "unicodedata"} == set()


def test_only_the_pool_package_touches_sqlalchemys_pool_internals() -> None:
    """import-linter sees packages of others whole, so it cannot hold this one."""
    touching = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(POOL_INTERNALS.match(module) for module in _modules_named_in(path))
    }

    assert touching
    assert {path for path in touching if not path.startswith("engine/pool/")} == set()


def _imported_by(module: str) -> set[str]:
    code = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    names: list[str] = json.loads(_run("-c", code).stdout)
    return {name.partition(".")[0] for name in names}


def _run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=60)


def _modules_named_in(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {
        f"{node.module}.{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    return plain | parts
