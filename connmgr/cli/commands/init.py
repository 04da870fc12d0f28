"""`connmgr init`: write the shipped profiles, never over existing files."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path, PurePath
from typing import TextIO

import click

from connmgr.cli.edge import CallError
from connmgr.cli.options import DEFAULT, VARIABLE, json_option, profiles_path, shared_options
from connmgr.cli.output import write, write_json

EDITOR_LINE = re.compile(r"(?m)^# yaml-language-server: \$schema=.*$")


@click.command()
@click.argument(
    "directory", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path)
)
@json_option
@shared_options
@click.pass_context
def command(context: click.Context, *, directory: Path | None, as_json: bool) -> None:
    """Write the shipped profiles into DIR, never over a file.

    These are production, development and test, with the schema that editors check them against. DIR is
    ./profiles unless given here or with --profiles.
    """
    target = directory or profiles_path(context)
    files = _files()
    try:
        target.mkdir(parents=True, exist_ok=True)
        kept = {name: there for name, text in files.items() if (there := _write_new(target / name, text))}
    except OSError as error:
        raise CallError(f"cannot write {os.fspath(error.filename or target)!r}: {error.strerror}") from error
    wrote = [name for name in files if name not in kept]
    if as_json:
        write_json({"directory": os.fspath(target), "wrote": wrote, "kept": [p.name for p in kept.values()]})
    else:
        next_time = Path(os.environ.get(VARIABLE) or DEFAULT)
        next_option = "" if target == next_time else f" --profiles {shlex.quote(os.fspath(target))}"
        write(_report([target / name for name in wrote], [*kept.values()], next_option))


def _files() -> dict[str, str]:
    """Return what is written, by file name; the editor's line points to the schema beside the profile."""
    from connmgr.config.resources import PROFILES, SCHEMA, SCHEMAS, resource

    texts = {PurePath(name).name: resource(name).read_text("utf-8") for name in (*PROFILES, *SCHEMAS)}
    editor_line = f"# yaml-language-server: $schema=./{PurePath(SCHEMA).name}"
    return {name: EDITOR_LINE.sub(editor_line, text) for name, text in texts.items()}


def _write_new(path: Path, text: str) -> Path | None:
    """Write a file that does not exist, whole or not at all; return the one that was there instead.

    `production.yml` counts as `production.yaml`: both together would be one profile twice.
    """
    other = path.with_suffix(".yml")
    if path.suffix == ".yaml" and other.exists():
        return other
    try:
        # exclusive, because a check before the write misses a file that appears in between
        with path.open("x", encoding="utf-8", newline="\n") as file:
            _write_or_remove(file, path, text)
    except FileExistsError:
        return path
    return None


def _write_or_remove(file: TextIO, path: Path, text: str) -> None:
    try:
        file.write(text)
        file.flush()
    except BaseException:
        # half a profile would be kept by the next `init` and refused by everything else
        path.unlink()
        raise


def _report(wrote: list[Path], kept: list[Path], option: str) -> str:
    lines = [f"wrote {path}" for path in wrote]
    lines += [f"kept  {path}, which was there" for path in kept]
    return "\n".join(
        [
            *lines,
            "",
            "Next: say in the files where your databases are, then",
            f"  connmgr{option} validate",
            f"  connmgr{option} health",
        ]
    )
