"""The user of a target that nobody names: the process's own, as in libpq."""

from __future__ import annotations

from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.problem import Code


def put_user(sheet: Sheet) -> None:
    """Put the process's user on a sheet with neither a user nor a database, which would be called like it."""
    if sheet.is_open or "user" in sheet.words or "dbname" in sheet.words:
        return
    import getpass  # with the terminal's modules, and nearly every profile names a user

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        found = "neither a user nor a database, and the process's own user has no name"
        sheet.refuse_at((), Code.PARAMETER, found, "user, or dbname, or both")
    else:
        sheet.words["user"] = Said(name, ("connection",), "the process's user")
