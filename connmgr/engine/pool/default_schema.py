"""Finds an engine's own default schema when something asks for it: it is not part of what engines share."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy.engine import Connection, Dialect, Inspector
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.util import await_only, immutabledict

_MAP = "schema_translate_map"


def default_schema(connection: Connection) -> str | None:
    """Return the schema that the connection's user works in after login; the first time in 4 round trips.

    User, database and server settings decide it. What the session set since does not change the answer.
    """
    dialect = connection.dialect
    if dialect.default_schema_name is None:
        dialect.default_schema_name = await_only(_ask(connection.connection.driver_connection))
    return dialect.default_schema_name


async def _ask(connection: Any) -> str | None:
    # Rolled back, also to a savepoint, the session has the role and the search path that it had.
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("RESET ROLE; RESET search_path")
        return cast("str | None", await connection.fetchval("SELECT pg_catalog.current_schema()"))
    finally:
        await transaction.rollback()


def _named_first(name: str) -> Any:
    """Return SQLAlchemy's way to make an execution context, the map's None replaced by a name before."""

    def init(
        cls: type[Any], dialect: Any, connection: Connection, dbapi: Any, options: Any, *args: Any, **kw: Any
    ) -> Any:
        if _MAP in options:
            options = _named(connection, options)
        return getattr(super(SchemaContext, cls), name)(dialect, connection, dbapi, options, *args, **kw)

    return classmethod(init)


class SchemaContext(DefaultExecutionContext):
    """Names the default schema where `schema_translate_map` leads to it by None.

    SQLAlchemy takes the name from a dialect. It would be that of the engine which compiled the statement:
    with a shared compiled cache, the statement would go to another profile's schema.
    """

    _init_compiled = _named_first("_init_compiled")
    _init_ddl = _named_first("_init_ddl")
    _init_default = _named_first("_init_default")


def _named(connection: Connection, options: Any) -> Any:
    """Return execution options whose map has a name wherever it had None."""
    names = options[_MAP] or {}
    if all(names.values()):
        return options
    schema = default_schema(connection)
    return immutabledict(options).union({_MAP: {name: to or schema for name, to in names.items()}})


class SchemaInspector(Inspector):
    """Sees to it that the dialect knows the default schema: Alembic reads it there, after `inspect`."""

    # A property, because SQLAlchemy makes an inspector without calling anything that a subclass could have.
    @property
    def dialect(self) -> Dialect:
        """The dialect, which has a default schema from now on."""
        return self.engine.dialect

    @dialect.setter
    def dialect(self, dialect: Dialect) -> None:
        with self._operation_context() as connection:
            default_schema(connection)
