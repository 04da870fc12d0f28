"""Keeps the types of one engine's results out of another's, where both use one compiled statement."""

from __future__ import annotations

import copy
from typing import Any

from sqlalchemy.engine.default import DefaultExecutionContext

_TYPES = "connmgr_result_types"


class TypedContext(DefaultExecutionContext):
    """Notices that a statement's columns have other types here than where it was first executed.

    SQLAlchemy chooses how to convert a result by the types that the server reports, and keeps that with the
    compiled statement. A `Numeric` column that is `numeric` in one database and `double precision` in the
    next, in the middle of a migration, would be a `float` there and not a `Decimal`.
    """

    def _setup_result_proxy(self) -> Any:
        compiled, description = self.compiled, self.cursor.description
        if compiled is not None and description:
            types = [column[1] for column in description]
            # One step, because event loops in several threads may execute it at once.
            if vars(compiled).setdefault(_TYPES, types) != types:
                self.compiled = compiled = copy.copy(compiled)
                vars(compiled).pop("_cached_metadata", None)
        return super()._setup_result_proxy()  # type: ignore[no-untyped-call]
