"""The table of the places that a secret may come from: another one is one entry more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from connmgr.config.scalars import seconds
from connmgr.config.secrets import command, environment, file
from connmgr.config.secrets.base import Context, Source
from connmgr.config.secrets.rotated import RotatedSource
from connmgr.config.secrets.template import Template
from connmgr.config.secrets.text import TextSource
from connmgr.problem import Place
from connmgr.secret import Environment

Provider: TypeAlias = Callable[[object, Context], Source]
"""Makes a source of what stands behind its key; does no I/O, and raises ConfigError for what is misspelt."""

PROVIDERS: Final[Mapping[str, Provider]] = {
    "env": environment.source,
    "file": file.source,
    "command": command.source,
}


def secret_source(
    written: object, *, environ: Environment, place: Place, path: str, root: Path, origin: str
) -> Source:
    """Return the source of a secret as a profile writes it.

    `written` is a wrapped text, the parts of one that was split already, or a mapping with one key of
    `PROVIDERS`, and `ttl` and `previous` beside it where the schema lets them stand. `root` is the directory
    of the profile file. `origin` says for people where a text without references stands.

    Raises:
        ConfigError: a reference in it cannot be read.
    """
    # Absolute, or a later `chdir` would make another file of the same reference.
    return _source(written, Context(environ, place, path, root.absolute(), origin))


def _source(written: object, context: Context) -> Source:
    match written:
        case Mapping():
            return _elsewhere(written, context)
        case tuple():
            return TextSource(Template(written), context)
        case _:
            return TextSource(Template.parse(written, context), context)


def _elsewhere(written: Mapping[str, object], context: Context) -> Source:
    kind = next(key for key in written if key in PROVIDERS)
    source = PROVIDERS[kind](written[kind], context)
    ttl, previous = written.get("ttl"), written.get("previous")
    if ttl is None and previous is None:
        return source
    return RotatedSource(
        source,
        None if ttl is None else seconds(ttl),
        None if previous is None else _source(previous, context),
        context,
    )
