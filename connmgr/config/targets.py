"""Find out where a profile's database is, from everything in the profile that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final

from connmgr.config.libpq.connection import connection_words, setting
from connmgr.config.libpq.elsewhere import put_service, put_variables
from connmgr.config.libpq.from_url import put_url
from connmgr.config.libpq.rules import check_rules
from connmgr.config.libpq.servers import servers
from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.libpq.twice import check_twice
from connmgr.config.libpq.values import check_values
from connmgr.config.paths import Path
from connmgr.config.sqlite import check_alone, sqlite_target
from connmgr.config.url_text import UrlText, url_text
from connmgr.config.urls import SQLITE, BadUrl, leading, split
from connmgr.problem import Code, Place
from connmgr.secret import Environment
from connmgr.target import Server, SQLiteTarget

_URL: Final = ("url",)
_NOBODY: Final = "connection:\n  host: HOST\n  user: USER\n  dbname: DBNAME"


@dataclass(slots=True)
class Finding:
    """What a profile says: a SQLite file, or libpq's words with the servers that they name.

    `url_origin` says for people where a URL's own text stands. All problems are the sheet's.
    """

    sheet: Sheet
    is_sqlite: bool = False
    sqlite: SQLiteTarget | None = None
    servers: tuple[Server, ...] | None = field(default=None)
    url_origin: str = "the url"


def find(
    values: Mapping[str, object],
    place: Callable[[Path], Place],
    environ: Mapping[str, str],
    root: FilePath | None = None,
) -> Finding:
    """Return what the merged `values` of a profile say, with everything that is wrong with it.

    With `root`, the profile's directory, files and variables are read that the values name; without, only
    what is sure whatever they hold is said.
    """
    sheet = Sheet(place, is_open=root is None and _may_hear_more(values, environ))
    found = Finding(sheet)
    if not _put_url(found, values, environ, root):
        return found
    if found.is_sqlite:
        check_alone(sheet, values)
        return found
    _put_connection(sheet, values, environ)
    check_twice(sheet, values)
    _put_beside(sheet, values, environ)
    if root is not None:
        put_service(sheet, environ)
        if setting(("libpq_env",), values.get("libpq_env"), environ).value is True:
            put_variables(sheet, environ)
    check_values(sheet)
    _check_named(sheet, values)
    found.servers = servers(sheet)
    check_rules(sheet, found.servers)
    return found


def _may_hear_more(values: Mapping[str, object], environ: Mapping[str, str]) -> bool:
    asked = setting(("libpq_env",), values.get("libpq_env", False), environ).value
    return asked is not False or "service" in values


def _put_url(
    found: Finding, values: Mapping[str, object], environ: Mapping[str, str], root: FilePath | None
) -> bool:
    """Take what the url says; False when it is not known, or cannot be taken apart."""
    if "url" not in values:
        return True
    sheet = found.sheet
    text = url_text(values["url"], sheet, environ, root)
    if text is None:
        return False
    found.url_origin = text.by
    try:
        url = split(leading(text.parts, environ))
    except BadUrl as error:
        sheet.refuse_at(_URL, Code.URL, f"{error.found}{text.origin}", error.accepted, error.hint)
        return False
    found.is_sqlite = url.scheme in SQLITE
    if found.is_sqlite:
        found.sqlite = sqlite_target(sheet, url, environ, text.origin)
    else:
        put_url(sheet, url, environ, text.origin)
    return True
