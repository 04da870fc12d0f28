"""Which rule of a table a row breaks, as far as the database says."""

from __future__ import annotations

from connmgr.engine.failure_table import CONSTRAINTS
from connmgr.failure import Constraint, ConstraintKind


def constraint_of(cause: BaseException, code: str, text: str) -> Constraint | None:
    """Return what the driver's error says about a constraint; None where it is of no known kind.

    `code` is a SQLSTATE, or a name of SQLite's, whose message alone tells more.
    """
    kind = CONSTRAINTS.get(code)
    if kind is None:
        return None
    if code.startswith("SQLITE_"):
        return _of_sqlite(kind, text.partition(" constraint failed: ")[2])
    names = (getattr(cause, f"{name}_name", None) for name in ("table", "column", "constraint"))
    return Constraint(kind, *names)


def _of_sqlite(kind: ConstraintKind, names: str) -> Constraint:
    """Take the end of the message apart: `table.column, table.column`, or the name of a check."""
    if kind is ConstraintKind.CHECK:
        return Constraint(kind, name=names or None)
    columns = [name.partition(".") for name in names.split(", ")] if names else []
    table = columns[0][0] if columns else None
    return Constraint(kind, table, columns[0][2] or None if len(columns) == 1 else None)
