"""The user of a target that nobody names: the process's own, as in libpq."""

from __future__ import annotations

from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.problem import Code


def put_user(sheet: Sheet) -> None:
    """Put the process's user on a sheet with neither a user nor a database, which would be called like it."""
    if "user" in sheet.words or "dbname" in sheet.words:
        return
    import getpass

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        found = "neither a user nor a database, and the process's own user has no name"
        sheet.refuse_at(("connection",), Code.PARAMETER, found, "user, or dbname, or both")
    else:
        sheet.words["user"] = Said(name, ("connection",), "the process's user")
