"""`connmgr import`: profiles from what other programs say of their databases."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import click

from connmgr.cli.edge import CallError
from connmgr.cli.options import json_option, shared_options
from connmgr.cli.output import one_line, write, write_json

if TYPE_CHECKING:
    from connmgr.config.importing.imported import Imported, LeftOut

Kind: TypeAlias = Literal["url", "service", "rails"]


@click.command("import")
@click.argument("source")
@click.option("--name", metavar="NAME", help="The profile's name, for a source of one profile.")
@click.option(
    "--from",
    "kind",
    type=click.Choice(("url", "service", "rails")),
    help="What SOURCE is; guessed when not given.",
)
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write DIR/NAME.yaml for each profile, never over a file.",
)
@json_option
@shared_options
def command(*, source: str, name: str | None, kind: Kind | None, output: Path | None, as_json: bool) -> None:
    """Print profiles that say what SOURCE says.

    SOURCE is a database URL, libpq's connection service file, or a Rails database.yml, whose ERB is
    not run. What no profile can say is listed on standard error, with its line and the reason; the
    exit status is 0 all the same. It is 2 when nothing of SOURCE becomes a profile.

    Passwords are not copied: a profile has password: ${NAME_PASSWORD} in the place of one, and what
    to set is listed too.
    """
    from connmgr.config.importing.imported import BadSource

    kind = kind or _guess(source)
    try:
        imported = _import(source, kind, name)
    except BadSource as error:
        raise CallError(f"{_shown(source, kind)} cannot be imported: {error}") from None
    if not as_json:
        _list(imported.left_out, "" if kind == "url" else source)
    if not imported.profiles:
        raise CallError("nothing of the source becomes a profile")
    files = _write_files(output, imported) if output else []
    if as_json:
        left_out = [{"key": left.key, "line": left.line, "reason": left.reason} for left in imported.left_out]
        write_json({"profiles": imported.profiles, "left_out": left_out})
    else:
        write("\n".join(f"wrote {file}" for file in files) if output else _text(imported))


def _guess(source: str) -> Kind:
    path = Path(source)
    if "://" in source or source.startswith("${"):
        return "url"
    if {".yml", ".yaml"} & set(path.suffixes):
        return "rails"
    if path.suffix == ".conf" or "pg_service" in path.name:
        return "service"
    raise CallError("say what the source is with --from url, --from service or --from rails")


def _import(source: str, kind: Kind, name: str | None) -> Imported:
    from connmgr.config.files import is_name

    if name is not None and not is_name(name):
        raise CallError("a profile's name is a letter, and then up to 62 letters, digits, _ and -")
    if kind == "url":
        from connmgr.config.importing.url import import_url

        return import_url(source, name)
    return _import_file(Path(source), kind, name)


def _import_file(path: Path, kind: Kind, name: str | None) -> Imported:
    from connmgr.config.importing.rails import import_rails
    from connmgr.config.importing.reading import read_source
    from connmgr.config.importing.service import import_service

    importer: Callable[[str, Mapping[str, str]], Imported]
    importer = import_rails if kind == "rails" else import_service
    text = read_source(path)
    imported = importer(text, {})
    if name is None or not imported.profiles:
        return imported
    if len(imported.profiles) > 1:
        raise CallError(f"--name is for one profile, and the source has {', '.join(imported.profiles)}")
    # Once more, for the name is a part of variables and of messages.
    return importer(text, dict.fromkeys(imported.profiles, name))


def _shown(source: str, kind: Kind) -> str:
    """Name the source in a message; a URL, or what may be one mistyped, can hold a password."""
    return "the source" if kind == "url" or "@" in source else repr(source)


def _list(left_out: Iterable[LeftOut], file: str) -> None:
    for left in left_out:
        place = f"{file}:{left.line}" if left.line else file
        click.echo(one_line(": ".join(filter(None, (place, left.key, left.reason)))), err=True)


def _text(imported: Imported) -> str:
    """Return the text of the one profile, or of several, each below the name of its file."""
    from connmgr.config.dump import dump

    texts = {name: dump(values) for name, values in imported.profiles.items()}
    if len(texts) == 1:
        return "".join(texts.values())
    return "\n".join(f"# {name}.yaml\n{text}" for name, text in texts.items())


def _write_files(directory: Path, imported: Imported) -> list[Path]:
    """Write each profile into a file of its own, none of them when one of the files is there."""
    from connmgr.config.dump import dump

    paths = {name: directory / f"{name}.yaml" for name in imported.profiles}
    there = [
        other
        for path in paths.values()
        for other in (path, path.with_suffix(".yml"))
        if os.path.lexists(other)
    ]
    if there:
        raise CallError(f"nothing is written, for there is {', '.join(map(os.fspath, there))} already")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, path in paths.items():
            _write_new(path, dump(imported.profiles[name]))
    except OSError as error:
        raise CallError(
            f"cannot write {os.fspath(error.filename or directory)!r}: {error.strerror}"
        ) from error
    return [*paths.values()]


def _write_new(path: Path, text: str) -> None:
    """Write a file whole or not at all; exclusively, for it may have appeared since it was looked for."""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(text)
            file.flush()
        except BaseException:
            path.unlink()
            raise
