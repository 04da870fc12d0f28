"""What `connmgr.engine.pool` takes for granted of SQLAlchemy: each test's id names what moved."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from sqlalchemy import create_engine, event, exc, pool
from sqlalchemy.engine import Connection as SAConnection
from sqlalchemy.engine.characteristics import IsolationLevelCharacteristic
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool.base import _ConnectionRecord
from sqlalchemy.util import await_only, concurrency, greenlet_spawn

SIGNATURES: list[tuple[Any, str, list[str]]] = [
    (_ConnectionRecord, "__init__", ["self", "pool", "connect"]),
    (_ConnectionRecord, "get_connection", ["self"]),
    (_ConnectionRecord, "close", ["self"]),
    (_ConnectionRecord, "invalidate", ["self", "e", "soft"]),
    (pool.Pool, "_do_get", ["self"]),
    (pool.Pool, "_do_return_conn", ["self", "record"]),
    (pool.Pool, "_close_connection", ["self", "connection", "terminate"]),
    (pool.Pool, "_invalidate", ["self", "connection", "exception", "_checkin"]),
    (pool.Pool, "dispose", ["self"]),
    (pool.Pool, "recreate", ["self"]),
    (IsolationLevelCharacteristic, "reset_characteristic", ["self", "dialect", "dbapi_conn"]),
    (concurrency, "await_only", ["awaitable"]),
    (concurrency, "greenlet_spawn", ["fn", "args", "_require_await", "kwargs"]),
    (concurrency, "in_greenlet", []),
]


class Connection:
    """As much of a DBAPI connection as a pool touches."""

    def rollback(self) -> None:
        """Do nothing: nothing was begun."""

    def close(self) -> None:
        """Do nothing: nothing is open."""


class Bare(pool.Pool):
    """A pool with only what `connmgr.engine.pool` overrides; notes how SQLAlchemy calls it."""

    def __init__(self, creator: Any = Connection, **kw: Any) -> None:
        super().__init__(creator, **kw)
        self.calls: list[Any] = []

    def _do_get(self) -> Any:
        self.calls.append("_do_get")
        return _ConnectionRecord(self)

    def _do_return_conn(self, record: Any) -> None:
        self.calls.append(("_do_return_conn", record.dbapi_connection is not None))

    def _close_connection(self, connection: Any, *, terminate: bool = False) -> None:
        self.calls.append(("_close_connection", terminate))

    def _invalidate(self, connection: Any, exception: Any = None, _checkin: bool = True) -> None:
        self.calls.append(("_invalidate", _checkin))

    def dispose(self) -> None:
        self.calls.append("dispose")

    def recreate(self) -> pool.Pool:
        self.calls.append("recreate")
        return self


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [pytest.param(*case, id=f"{getattr(case[0], '__name__', '')}.{case[1]}") for case in SIGNATURES],
)
def test_is_called_with_these_arguments(owner: Any, name: str, parameters: list[str]) -> None:
    found = list(inspect.signature(getattr(owner, name)).parameters)

    assert found == parameters


@pytest.mark.parametrize(
    "name", ["_creator", "_dialect", "_invoke_creator", "_orig_logging_name", "dispatch", "echo", "logger"]
)
def test_pool_has(name: str) -> None:
    assert hasattr(Bare(), name)


@pytest.mark.parametrize("name", ["dbapi_connection", "driver_connection", "info", "in_use"])
def test_connection_record_has(name: str) -> None:
    assert hasattr(_ConnectionRecord(Bare()), name)


@pytest.mark.parametrize(
    "name", ["recycle", "echo", "logging_name", "dialect", "_dispatch", "reset_on_return"]
)
def test_pool_takes_the_argument(name: str) -> None:
    assert name in inspect.signature(pool.Pool.__init__).parameters


def test_pool_do_get_is_asked_for_a_record_at_each_checkout() -> None:
    bare = Bare()

    bare.connect()

    assert bare.calls[0] == "_do_get"


def test_pool_do_return_conn_gets_the_record_with_its_connection() -> None:
    bare = Bare()

    bare.connect().close()

    assert bare.calls[-1] == ("_do_return_conn", True)


def test_pool_do_return_conn_gets_a_record_without_connection_when_it_was_detached() -> None:
    bare = Bare()

    bare.connect().detach()

    assert bare.calls[-1] == ("_do_return_conn", False)


@pytest.mark.parametrize(("method", "terminate"), [("close", False), ("invalidate", True)])
def test_pool_close_connection_is_how_a_record_ends(method: str, terminate: bool) -> None:
    bare = Bare()
    record = _ConnectionRecord(bare)

    getattr(record, method)()

    assert bare.calls == [("_close_connection", terminate)]
    assert record.dbapi_connection is None


def test_connection_record_is_asked_to_connect_anew_when_a_checkout_listener_finds_it_wanting() -> None:
    bare, made = Bare(), []

    def refuse_the_first(connection: Any, record: Any, fairy: Any) -> None:
        made.append(connection)
        if len(made) == 1:
            raise exc.DisconnectionError

    event.listen(bare, "checkout", refuse_the_first)

    out = bare.connect()

    assert bare.calls == ["_do_get", ("_close_connection", True)]
    assert made[0] is not made[1] is out.dbapi_connection


def test_connection_record_of_a_soft_invalidation_keeps_its_connection() -> None:
    record = _ConnectionRecord(Bare())

    record.invalidate(soft=True)

    assert record.dbapi_connection is not None


def test_connection_record_lets_its_maker_see_a_connect_that_failed() -> None:
    def fail() -> Any:
        raise OSError("refused")

    with pytest.raises(OSError, match="refused"):
        _ConnectionRecord(Bare(fail))


def test_pool_dispatch_is_carried_over_to_another_pool() -> None:
    first, seen = Bare(), []
    event.listen(first, "connect", lambda *_: seen.append("connect"))

    Bare(_dispatch=first.dispatch).connect()

    assert seen == ["connect"]


@pytest.mark.parametrize(("close", "calls"), [(True, ["dispose", "recreate"]), (False, ["recreate"])])
def test_engine_dispose_disposes_of_the_pool_and_recreates_it(close: bool, calls: list[str]) -> None:
    bare = Bare()
    engine = create_engine("sqlite://", pool=bare)

    engine.dispose(close=close)

    assert bare.calls == calls


def test_create_engine_passes_on_what_the_pool_names() -> None:
    class Metered(Bare):
        def __init__(self, creator: Any, meter: str, **kw: Any) -> None:
            super().__init__(creator, **kw)
            self.meter = meter

    engine = create_async_engine("sqlite+aiosqlite://", poolclass=Metered, meter="a meter")

    assert engine.pool.meter == "a meter"  # type: ignore[attr-defined]
    assert engine.pool._dialect is engine.dialect


def test_create_engine_async_creator_is_called_in_a_greenlet_by_the_pools_own_creator() -> None:
    async def refuse() -> Any:
        raise OSError("refused")

    engine = create_async_engine("sqlite+aiosqlite://", async_creator=refuse)

    with pytest.raises(OSError, match="refused"):
        asyncio.run(greenlet_spawn(engine.pool._invoke_creator, None))


def test_engine_connection_cls_is_what_a_view_connects_with() -> None:
    class Noted(SAConnection):
        pass

    view = create_engine("sqlite://").execution_options()
    view._connection_cls = Noted

    with view.connect() as connection:
        assert type(connection) is Noted


def test_dialect_connection_characteristics_has_the_isolation_level() -> None:
    assert "isolation_level" in DefaultDialect.connection_characteristics


async def test_util_greenlet_spawn_lets_await_only_wait() -> None:
    async def answer() -> int:
        return 42

    assert await greenlet_spawn(lambda: await_only(answer())) == 42


async def test_util_in_greenlet_tells_where_await_only_may_be_called() -> None:
    assert await greenlet_spawn(concurrency.in_greenlet)
    assert not concurrency.in_greenlet()


async def test_dialect_get_driver_connection_is_what_the_driver_made() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()

        driver_connection = engine.dialect.get_driver_connection(raw.dbapi_connection)

        assert driver_connection is raw.driver_connection
    await engine.dispose()
