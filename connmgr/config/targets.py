"""Find out where a profile's database is, from everything in the profile that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Final

from connmgr.config.libpq.sheet import Sheet
from connmgr.config.libpq.twice import check_both
from connmgr.config.paths import Path
from connmgr.config.references import named, references
from connmgr.config.sqlite import check_alone, sqlite_target
from connmgr.config.url_text import url_text
from connmgr.config.urls import SQLITE, BadUrl, leading, split
from connmgr.problem import Code, Place

if TYPE_CHECKING:
    from connmgr.target import Server, SQLiteTarget

_URL: Final = ("url",)


@dataclass(slots=True, eq=False)
class Finding:
    """What a profile says: a SQLite file, or libpq's words with the servers that they name.

    `sqlite` is None while its path is not known. `url_origin` says for people where a URL's own text
    stands. All problems are the sheet's.
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
    sheet = Sheet(place)
    found = Finding(sheet)
    if check_both(sheet, values) or not _put_url(found, values, environ, root):
        return found
    if found.is_sqlite:
        check_alone(sheet, values)
        return found
    # A SQLite file, and a url that is not known yet, have no use for libpq's rules.
    from connmgr.config.libpq.gather import gather

    found.servers = gather(sheet, values, environ, root)
    return found


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
        origin = text.origin or named(references(text.parts[:1]))
        sheet.refuse_at(_URL, Code.URL, f"{error.found}{origin}", error.accepted, error.hint)
        return False
    found.is_sqlite = url.scheme in SQLITE
    if found.is_sqlite:
        found.sqlite = sqlite_target(sheet, url, values, environ, text.origin)
    else:
        from connmgr.config.libpq.from_url import put_url  # as with `gather`

        put_url(sheet, url, environ, text.origin)
    return True
