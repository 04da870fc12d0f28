"""A view of an engine whose statements have no transaction around them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine


class _Autocommit(Connection):
    """A connection that chooses its isolation level by itself.

    For an engine with `isolation_level` SQLAlchemy has a listener do that; and once an engine has one, each
    event of a session asks for listeners, which takes a tenth of the time of a read.
    """

    def __init__(self, engine: Engine, **kw: Any) -> None:
        super().__init__(engine, **kw)
        try:
            self.execution_options(isolation_level="AUTOCOMMIT")
        except BaseException:
            self.close()
            raise


def without_transactions(engine: AsyncEngine) -> AsyncEngine:
    """Return a view of `engine`, with its pool and its listeners, whose connections are in autocommit."""
    view = engine.sync_engine.execution_options()
    view._connection_cls = _Autocommit
    return AsyncEngine(view)
