"""Gather libpq's words from what a profile says beside its url, check them, and find the servers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from connmgr.config.libpq.absolute import make_absolute
from connmgr.config.libpq.connection import put_connection, setting
from connmgr.config.libpq.rules import check_rules
from connmgr.config.libpq.servers import servers
from connmgr.config.libpq.sheet import Sheet
from connmgr.config.libpq.twice import check_twice
from connmgr.config.libpq.values import check_values
from connmgr.problem import Code

if TYPE_CHECKING:
    from connmgr.target import Server

_URL: Final = ("url",)


def gather(
    sheet: Sheet, values: Mapping[str, object], environ: Mapping[str, str], root: Path | None
) -> tuple[Server, ...] | None:
    """Put the words of the merged `values` on a sheet that has the url's; return the servers to try.

    None when they are not known, or wrong. With `root`, files and variables are read that the values name.
    """
    connection = values.get("connection")
    if isinstance(connection, Mapping):
        put_connection(sheet, connection, environ)
    check_twice(sheet, values)
    _put_beside(sheet, values, environ)
    _put_elsewhere(sheet, values, environ, root)
    check_values(sheet)
    _check_named(sheet, values)
    found = servers(sheet)
    check_rules(sheet, found)
    if root is not None:
        make_absolute(sheet)
    return found


def _put_beside(sheet: Sheet, values: Mapping[str, object], environ: Mapping[str, str]) -> None:
    """Take the password and the service that stand beside the url or the connection."""
    sheet.add(
        {key: setting((key,), values[key], environ) for key in ("password", "service") if key in values}
    )


def _put_elsewhere(
    sheet: Sheet, values: Mapping[str, object], environ: Mapping[str, str], root: Path | None
) -> None:
    """Take what counts where the profile says nothing, or remember that something may."""
    asked = "libpq_env" in values and setting(("libpq_env",), values["libpq_env"], environ).value is not False
    if root is None:
        sheet.is_open = asked or "service" in sheet.words
    elif asked or "service" in sheet.words:
        # Most profiles have neither.
        from connmgr.config.libpq.elsewhere import put_elsewhere

        put_elsewhere(sheet, environ, root, variables=asked)


def _check_named(sheet: Sheet, values: Mapping[str, object]) -> None:
    """Report a url that has neither a user nor a database: as a rule, half of it was lost."""
    if "url" in values and not (sheet.is_open or "user" in sheet.words or "dbname" in sheet.words):
        found = "neither a user nor a database"
        sheet.refuse_at(_URL, Code.URL, found, "postgresql://user@host:5432/dbname")
