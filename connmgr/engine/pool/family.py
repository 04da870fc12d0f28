"""Makes of an initialised dialect a class whose instances are the dialects of engines that share it."""

from __future__ import annotations

import inspect
from typing import Any, Final, NoReturn, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import memoized_property

from connmgr.engine.marks import mark_profile
from connmgr.engine.pool.default_schema import SchemaContext, SchemaInspector
from connmgr.engine.pool.result_types import TypedContext

Family: TypeAlias = type["Member"]

READ_ONLY: Final = "25006"
"""The SQLSTATE of a write where none is taken."""

_OF_LOGIN = ("default_schema_name", "default_isolation_level")
"""What depends on user and database too; it is no engine's until that engine has asked by itself."""

_OWN = frozenset({*_OF_LOGIN, "_has_events", "_invalidate_schema_cache_asof"})
"""What one engine may set without any effect on how statements are compiled."""


class Member(DefaultDialect):
    """An engine's dialect. What the family knows stands in the class, and what one engine adds in itself.

    So a listener on one engine hears nothing of another, DDL has one engine alone prepare its statements
    anew, and `dialect.default_schema_name = …`, as in Alembic's recipe, is not the schema of them all. To
    SQLAlchemy's caches, members of a family are one dialect.
    """

    facts: tuple[str, ...]
    """The settings which a server reports at login, and which decide what SQLAlchemy finds out about it."""

    is_settled = False
    """Whether the family knows its server; an engine that never connected is of one that knows none."""

    is_apart = False
    """Whether the family is this engine's alone."""

    _hash: int

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        # The same before and after `__setattr__`: keys with another hash could not be found in the cache
        # any more, and SQLAlchemy would prune it for ever.
        return self._hash

    def __setattr__(self, name: str, value: Any) -> None:
        """Set it for this engine; where statements may depend on it, the engine shares none from now on."""
        super().__setattr__(name, value)
        if name not in _OWN and not self.is_apart:
            _become(self, _apart(type(self)))

    def join(self, family: Family) -> None:
        """Become a member in place: the pool, views of the engine and connections have this dialect."""
        _become(self, _apart(family) if self.is_apart else family)


class _Named(AsyncAdapt_asyncpg_connection):
    """SQLAlchemy's face of an asyncpg connection, where each error passes on its way up."""

    __slots__ = ()

    def _handle_exception(self, error: Exception) -> NoReturn:
        connection: Any = self._connection
        is_autocommit = self.isolation_level == "autocommit"
        super()._handle_exception(connection.read(error, is_autocommit=is_autocommit))


class _OnPostgres(Member):
    facts = ("server_version", "standard_conforming_strings")

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Connect as SQLAlchemy does; answers that cannot be read are then errors by name."""
        connection: Any = super().connect(*args, **kwargs)
        connection.__class__ = _Named
        return connection

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """Say so too of a write that was refused by a server which is no longer the writer.

        It answers every ping, for days. So SQLAlchemy gives its connection up, and the pool all others.
        """
        if super().is_disconnect(e, connection, cursor):
            return True
        is_refused = connection is not None and getattr(e, "sqlstate", None) == READ_ONLY
        return is_refused and bool(connection.driver_connection.lost_writer())

    def reset_isolation_level(self, dbapi_conn: Any) -> None:
        """Go back to a BEGIN that names no level, so that the server's default for the session holds.

        SQLAlchemy goes back to the level that it read at the dialect's first connect, and names it in every
        BEGIN from then on. Role, database or server may have another: an engine that is to be serializable
        would be read committed after its first use of autocommit.
        """
        dbapi_conn.set_isolation_level(None)


class _OnSQLite(Member):
    facts = ()

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """Judge as SQLAlchemy does, which asks about each error; and note whose database it came from."""
        if connection is not None:
            mark_profile(e, connection._connection_record.pool.meter.settings.name)
        return super().is_disconnect(e, connection, cursor)

    def reset_isolation_level(self, dbapi_conn: Any) -> None:
        """Go back to sqlite3's own way; after autocommit in one hop to the connection's thread, not four."""
        if dbapi_conn.isolation_level is None:
            dbapi_conn.isolation_level = ""
        else:
            super().reset_isolation_level(dbapi_conn)  # type: ignore[no-untyped-call]


_MEMBERS: dict[str, Family] = {"asyncpg": _OnPostgres, "aiosqlite": _OnSQLite}


def new_family(prototype: DefaultDialect, *, is_settled: bool) -> Family:
    """Return the class of dialects that know what `prototype` knows, and which they keep alive."""
    kind: type[Any] = type(prototype)
    member = _MEMBERS[prototype.driver]
    # What SQLAlchemy makes at its first use, each engine would have to itself, above all a cache of types.
    # That of the driver's own dialect may depend on the server, which must be known by then.
    state = {name: getattr(prototype, name) for name in _made_late(kind if is_settled else DefaultDialect)}
    state |= vars(prototype) | {"is_settled": is_settled, "_hash": hash(prototype)}
    state.pop("dispatch", None)
    if member is _OnPostgres:
        # An engine must rather miss these than take another's; and the first engine is no exception, or
        # what works with one profile would fail with two. The prototype as well: it renders the names.
        vars(prototype).update(dict.fromkeys(_OF_LOGIN))
        state |= dict.fromkeys(_OF_LOGIN)
        state["execution_ctx_cls"] = _mixed(kind.execution_ctx_cls, SchemaContext, TypedContext)
        state["inspector"] = _mixed(kind.inspector, SchemaInspector)
    return _mixed(kind, member, **state)


def _made_late(kind: type[DefaultDialect]) -> list[str]:
    names = dir(kind)
    return [name for name in names if isinstance(inspect.getattr_static(kind, name), memoized_property)]


def _apart(family: Family) -> Family:
    """Return a family of one, which knows what this one knows."""
    return _mixed(family, is_apart=True, _type_memos=WeakKeyDictionary())


def _mixed(kind: type[Any], *mixins: type[Any], **attributes: Any) -> type[Any]:
    """Return a class that passes for `kind` by its name."""
    return type(kind.__name__, (*mixins, kind), {"__module__": kind.__module__, **attributes})


def _become(dialect: Member, family: Family) -> None:
    object.__setattr__(dialect, "__class__", family)
