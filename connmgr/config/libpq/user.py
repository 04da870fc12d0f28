"""The user of a target that nobody names: the process's own, as in libpq."""

from __future__ import annotations

from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.problem import Code


def put_user(sheet: Sheet) -> None:
    """Put the process's user on a sheet with neither a user nor a database, which would be called like it.

    Reports a sheet without a user where the process's own has no name: no login could be tried.
    """
    if sheet.is_open or "user" in sheet.words:
        return
    name = process_user()
    if name is None:
        found = "no user, and the process's own has no name"
        hint = "a container may run as a number that is in no /etc/passwd"
        sheet.refuse_at((), Code.PARAMETER, found, "a user in the url, or connection.user", hint)
    elif "dbname" not in sheet.words:
        sheet.words["user"] = Said(name, ("connection",), "the process's user")


def process_user() -> str | None:
    """Return the name of the user that the process runs as; None when it has none."""
    import getpass  # with the terminal's modules, and nearly every profile names a user

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
