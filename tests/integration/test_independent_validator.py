"""check-jsonschema, which knows the shipped schema and nothing of connmgr, comes to connmgr's own verdict.

It reads YAML with ruamel.yaml, which takes `010` and `1_0` for numbers where connmgr takes them for text; no
file here has one. What is broken above or below the schema is told by its code, and left out: bytes and YAML
(CM1xx, CM2xx), and references that cannot be read (CM5xx). Bases that are missing, and URLs, are no matter of
one file's schema: both verdicts pass them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from connmgr.config.entry import single
from connmgr.config.resources import PROFILES, resource
from connmgr.config.schema import showable_keys
from connmgr.config.shared import shared
from connmgr.config.source import read
from connmgr.problem import Code
from tests.docs.markdown import blocks

CHECKOUT = Path(__file__).resolve().parents[2]
BROKEN = CHECKOUT / "tests" / "broken" / "profiles"
SHIPPED = resource(PROFILES[0]).parent
DOCS = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
NAME = re.compile(r"# (?:[\w.-]+/)*(?P<name>[\w.-]+\.ya?ml)\n")
SCHEMA_CODES = {Code.UNKNOWN_KEY, Code.MISSING_KEY, Code.VALUE, Code.CONTRADICTION, Code.REFUSED_PARAMETER}
# A name that no profile may have is a matter of the file's schema where names are keys.
SHARED_CODES = {*SCHEMA_CODES, Code.FILE_NAME}


def test_it_agrees_about_every_profile_that_ships() -> None:
    files = sorted(SHIPPED.glob("*.yaml"))

    assert len(files) >= 3
    assert refused(files) == set()
    assert not any(codes(file) for file in files)


def test_it_agrees_about_every_broken_profile_that_yaml_can_read() -> None:
    files = [file for file in sorted(BROKEN.iterdir()) if file.is_file() and is_comparable(file)]

    found = refused(files)

    assert len(files) >= 15
    assert found == {file for file in files if codes(file) & judged(file)} != set()


def test_it_agrees_about_every_example_of_the_documentation(tmp_path: Path) -> None:
    files = [file for file in examples(tmp_path) if is_comparable(file)]

    found = refused(files)

    assert len(files) >= 40
    assert found == {file for file in files if codes(file) & judged(file)} != set()


@pytest.mark.parametrize(
    ("name", "text", "passes"),
    [
        ("_base.yaml", "pool: {size: 3, timeout: null}\n", True),
        ("_base.yaml", "pool: {size: three}\n", False),
        (
            "_base.yaml",
            "extends: [_a, _b]\nconnection: {host: db, password: {file: /run/secrets/db}}\n",
            True,
        ),
        ("_base.yaml", "extends: [_a, ../b]\n", False),
        ("a.yaml", "extends: _base\npool: null\n", True),
        ("a.yaml", "url: sqlite://\npool: null\n", False),
        ("a.yaml", "libpq_env: false\n", False),
        ("a.yaml", "connection: {host: db, gsslib: gssapi}\n", False),
        ("a.yaml", "password: {env: A, file: b}\nservice: orders\n", False),
        ("a.yaml", "url: {env: ORDERS_URL}\nhealth: {critical: no}\n", False),
        ("all.profiles.yaml", "defaults: {url: 'sqlite://'}\nprofiles: {a: {pool: null}, _b: {}}\n", True),
        ("all.profiles.yaml", "profiles: {a: {url: 'sqlite://'}, b: {}}\n", False),
        ("all.profiles.yaml", "profiles: {a: {url: 'sqlite://', pool: null}}\n", False),
        ("all.profiles.yaml", "profiles: {3a: {url: 'sqlite://'}}\n", False),
        ("all.profiles.yaml", "profiles: {}\n", False),
        ("all.profiles.yaml", "defaults: {}\n", False),
        ("all.profiles.yaml", "profiles: {a: {url: 'sqlite://'}}\nurl: x\n", False),
    ],
)
def test_it_agrees_about_each_kind_of_file(tmp_path: Path, name: str, text: str, passes: bool) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")

    assert (refused([file]) == set()) is passes
    assert (codes(file) & judged(file) == set()) is passes


def test_what_only_connmgr_refuses_is_a_duration_with_a_unit_that_is_too_long(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("url: sqlite://\npool: {max_lifetime: 600h}\n", encoding="utf-8")

    assert refused([file]) == set()
    assert codes(file) == {Code.VALUE}


def is_comparable(file: Path) -> bool:
    """Whether a file's YAML and references can be read, so that the schema is asked at all."""
    return not any(code[2] in "125" and code not in judged(file) for code in codes(file))


def judged(file: Path) -> set[Code]:
    """The codes of what the schema refuses in a file."""
    return SHARED_CODES if kind(file) == "profiles" else SCHEMA_CODES


@cache
def codes(file: Path) -> frozenset[Code]:
    """What connmgr finds in one file as written."""
    document = read(file.read_bytes(), file.name, showable_keys())
    if kind(file) == "profiles":
        whole = shared(file.name, document)
        problems = [*whole.problems, *(problem for entry in whole.entries for problem in entry.problems)]
    else:
        problems = [*single(file.stem, file.name, document).problems]
    return frozenset(problem.code for problem in problems)


def refused(files: Iterable[Path]) -> set[Path]:
    """The files that check-jsonschema refuses, each against the schema of its kind."""
    by_kind: dict[str, list[Path]] = {}
    for file in files:
        by_kind.setdefault(kind(file), []).append(file)
    return {file for schema, group in by_kind.items() for file in _refused(schema, group)}


def _refused(schema: str, files: list[Path]) -> Iterator[Path]:
    program = Path(sys.executable).with_name("check-jsonschema")
    options = ["--output-format", "json", "--schemafile", resource(f"schemas/{schema}.schema.json")]
    # Not measured, for none of connmgr runs in it: coverage takes a third of its time.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    result = subprocess.run(
        [program, *options, *files], env=environ, capture_output=True, text=True, timeout=60
    )
    assert result.returncode in (0, 1), result.stderr
    found = json.loads(result.stdout)
    assert found.get("parse_errors", []) == []
    yield from (Path(error["filename"]) for error in found.get("errors", []))


def kind(file: Path) -> str:
    """The name of the schema that an editor would choose for a file."""
    if file.name.endswith(".profiles.yaml"):
        return "profiles"
    return "base" if file.name.startswith("_") else "profile"


def examples(directory: Path) -> Iterator[Path]:
    """Write every YAML example that is one file, each into a directory of its own."""
    for page in DOCS:
        for block in blocks(page):
            names = NAME.findall(block.text)
            if block.language == "yaml" and len(names) == 1 and NAME.match(block.text):
                file = directory / f"{page.stem}-{block.line}" / names[0]
                file.parent.mkdir()
                file.write_text(block.text, encoding="utf-8")
                yield file
