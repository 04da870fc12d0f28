"""Builds engines that share what SQLAlchemy knows of their servers, and its compiled statements.

A dialect finds out about its server at the first connect, in ten round trips, and compiles each statement
for itself: a hundred statements take a megabyte per engine. Here engines whose servers report the same facts
at login are of one family (`family.py`). An engine joins at its first connect, which the facts decide and no
guess: one whose server differs from all others has SQLAlchemy find out, and begins a family.

Of SQLAlchemy's internals these files lean on: `Engine.__init__` and `Engine._compiled_cache`; `LRUCache`;
`memoized_property`; `Dialect._has_events` and `_type_memos`; `execution_ctx_cls` and `inspector`;
`Pool._close_connection`; `DefaultExecutionContext._init_compiled`, `_init_ddl`, `_init_default` and
`_setup_result_proxy`; `Compiled._cached_metadata`; `Inspector._operation_context`; that a dialect's state is
in its `__dict__`, that the caches are keyed by `dialect`, that a new dialect knows nothing of its URL but the
driver, and that nothing is compiled before the first connect.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, cast

from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool
from sqlalchemy.util import LRUCache

from connmgr.engine.drivers import Driver
from connmgr.engine.failure_table import UNKNOWN_SERVER
from connmgr.engine.pool.closing import ClosingPool
from connmgr.engine.pool.family import Family, Member, new_family
from connmgr.engine.pool.meter import Meter

COMPILED_STATEMENTS: Final = 5000
"""How many compiled statements all engines keep together, as many as ten engines of SQLAlchemy's own."""

_MOST_FAMILIES: Final = 64

_compiled: LRUCache[Any, Any] = LRUCache(COMPILED_STATEMENTS)
_families: LRUCache[Hashable, Family] = LRUCache(_MOST_FAMILIES)
_unsettled: dict[str, Family] = {}


def build_shared_engine(poolclass: Callable[..., ClosingPool], meter: Meter) -> AsyncEngine:
    """Return an engine with a pool of this class; no I/O. What it may share, it shares at its first connect.

    Parameters are hidden in errors and logs (`hide_parameters`), because they hold people's data.
    """
    url = meter.driver.url
    dialect = _new_member(url.drivername)
    pool = poolclass(_Opener(meter.driver, dialect), meter, dialect=dialect)
    engine = Engine(pool, dialect, url, query_cache_size=0, hide_parameters=True)
    engine._compiled_cache = _compiled
    return AsyncEngine(engine)


def _new_member(drivername: str) -> Member:
    family = _unsettled.get(drivername)
    if family is None:
        prototype = create_async_engine(drivername + "://").dialect
        family = new_family(cast(DefaultDialect, prototype), is_settled=False)
        family = _unsettled.setdefault(drivername, family)
    # Not called: `__init__` would give it a state of its own, in place of the family's.
    return family.__new__(family)


class _Opener:
    """Opens an engine's connections: the pool's `creator`. It does what SQLAlchemy has listeners for."""

    __slots__ = ("_dialect", "_driver")

    def __init__(self, driver: Driver, dialect: Member) -> None:
        self._driver = driver
        self._dialect = dialect

    def __call__(self, connection_record: Any) -> Any:
        dialect = self._dialect
        connection = self._connect(connection_record)
        try:
            prepare = dialect.on_connect()
            if prepare is not None:
                prepare(connection)
            if not dialect.is_settled:
                _settle(dialect, connection)
        except BaseException:
            # The pool has not seen it, so nobody else would close it.
            self._driver.terminate(dialect.get_driver_connection(connection))
            raise
        return connection

    def _connect(self, connection_record: Any) -> Any:
        dialect, driver = self._dialect, self._driver
        if not dialect._has_events:
            return dialect.connect(async_creator_fn=driver.connect)
        arguments, keywords = dialect.create_connect_args(driver.url)
        keywords["async_creator_fn"] = driver.connect
        for listener in dialect.dispatch.do_connect:
            connection = listener(dialect, connection_record, arguments, keywords)
            if connection is not None:
                return connection
        return dialect.connect(*arguments, **keywords)


def _settle(dialect: Member, connection: Any) -> None:
    """Let an engine's dialect join the family of its server.

    Two first connects at once may each ask their server, and the first to know decides for the engine, as
    the first connect does in SQLAlchemy. Neither waits for the other, whose server may hang.
    """
    key = _facts(dialect, connection)
    family = _families.get(key) if key is not None else None
    if family is None:
        family = new_family(_ask(dialect, connection), is_settled=True)
        if key is not None:
            family = _families.setdefault(key, family)
    if not dialect.is_settled:
        dialect.join(family)


def _facts(dialect: Member, connection: Any) -> Hashable | None:
    """Return what the server reported; None when it left out what decides, so that nothing can be shared."""
    if not dialect.facts:
        return dialect.driver
    settings = dialect.get_driver_connection(connection).get_settings()
    facts = [getattr(settings, name, None) for name in dialect.facts]
    return None if None in facts else (dialect.driver, *facts)


class _Keeping(StaticPool):
    """Leaves the connection to whoever opened it, also when the questions fail or run out of time.

    SQLAlchemy would close it politely, which takes two seconds more if the server is gone.
    """

    def _close_connection(self, connection: Any, *, terminate: bool = False) -> None:
        pass


def _ask(dialect: Member, connection: Any) -> DefaultDialect:
    """Return a dialect that has asked the server what SQLAlchemy wants to know at a first connect.

    An engine of its own asks, which has this one connection and never closes it: no listener of the user's
    hears of these questions, as in SQLAlchemy, and nothing that lasts knows the user's engine.
    """
    url = f"{dialect.name}+{dialect.driver}://"
    engine = create_async_engine(url, creator=lambda: connection, poolclass=_Keeping).sync_engine
    try:
        engine.raw_connection().close()
    except AssertionError as error:
        # What SQLAlchemy raises for a version that it cannot read.
        raise InvalidRequestError(f"{UNKNOWN_SERVER}: {error}") from error
    return cast(DefaultDialect, engine.dialect)
