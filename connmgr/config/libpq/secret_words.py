"""The sources of a target's secrets: the words password and sslpassword, and the password file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connmgr.config.libpq.elsewhere import HOME
from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.libpq.user import process_user
from connmgr.config.libpq.words import SECRETS
from connmgr.config.paths import dotted
from connmgr.config.secrets import Source, secret_source
from connmgr.config.secrets.base import Context
from connmgr.errors import ConfigError
from connmgr.secret import Environment
from connmgr.target import Server


def secret_sources(
    sheet: Sheet, servers: tuple[Server, ...] | None, environ: Environment, root: Path, url_origin: str
) -> Mapping[str, Source]:
    """Return a source for each secret that is said, and report what keeps them from giving it.

    `root` is the profile's directory, `url_origin` says for people where a URL's own text stands.
    """
    found = {}
    for word in SECRETS:
        said = sheet.words.get(word)
        source = _source(sheet, said, environ, root, url_origin) if said else None
        if word == "password" and said is None and servers is not None:
            source = _passfile(sheet, servers, environ, root)
        if source is not None:
            found[word] = source
            sheet.problems += source.problems()
    return found


def _source(sheet: Sheet, said: Said, environ: Environment, root: Path, url_origin: str) -> Source | None:
    origin = url_origin if said.by == "url" else said.by
    if said.path[-1] in SECRETS:
        origin = "the profile file"
    try:
        return secret_source(
            said.value,
            environ=environ,
            place=sheet.place(said.path),
            path=dotted(said.path),
            root=root,
            origin=origin,
        )
    except ConfigError as error:
        sheet.problems += error.problems
        return None


def _passfile(sheet: Sheet, servers: tuple[Server, ...], environ: Environment, root: Path) -> Source | None:
    said = sheet.words.get("passfile")
    if said is None:
        return None
    from connmgr.config.libpq.passfile import passfile_source

    user = sheet.text("user") or process_user()
    place, path = sheet.place(said.path), dotted(said.path)
    context = Context(environ, place, path, root.absolute(), "the password file")
    is_own = said.by == HOME
    dbname = sheet.text("dbname") or user or ""
    return passfile_source(str(said.value), servers, dbname, user, context, optional=is_own)
