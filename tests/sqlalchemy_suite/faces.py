"""connmgr's pool behind the constructor and the gauges of SQLAlchemy's queue pools."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy.pool import Pool
from sqlalchemy.pool.base import _AsyncConnDialect
from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet

from connmgr.engine.pool import Meter, ProfilePool
from connmgr.settings import PoolSettings, Settings
from tests.sqlalchemy_suite.stand_in import MockDriver, driver_of, target_of

UNLIMITED = 10_000
FOREVER = 3600.0
SOON = 1.0
"""Seconds, where a test does not say how long: some wait in vain, for a connect is tried again until then."""


class StandInMeter(Meter):
    """Closes a connection by its `close()`, whether that must be awaited or not: mocks' must not be."""

    async def close_politely(self, driver_connection: Any) -> None:
        if isinstance(self.driver, MockDriver):
            driver_connection.close()
        else:
            await super().close_politely(driver_connection)


class QueuePoolFace(ProfilePool):
    """Takes QueuePool's words, and builds from them what a profile's settings would be."""

    _is_asyncio = False  # type: ignore[assignment]

    # SQLAlchemy passes on only arguments that it finds as plain parameters of this signature.
    def __init__(
        self,
        creator: Any,
        pool_size: int = 5,
        max_overflow: int = 10,
        timeout: float | None = SOON,
        use_lifo: bool = False,
        recycle: float = -1,
        pre_ping: bool = False,
        dialect: Any = None,
        **kw: Any,
    ) -> None:
        self.words = {
            "pool_size": pool_size, "max_overflow": max_overflow, "timeout": timeout, "use_lifo": use_lifo,
            "recycle": recycle, "pre_ping": pre_ping, "dialect": dialect, **kw,
        }  # fmt: skip
        self.is_unlimited = pool_size <= 0 or max_overflow < 0
        pool = PoolSettings(
            size=pool_size if pool_size > 0 else UNLIMITED,
            max_overflow=UNLIMITED if self.is_unlimited else max_overflow,
            timeout=FOREVER if timeout is None else timeout,
            use_lifo=use_lifo,
            max_lifetime=recycle if recycle > -1 else FOREVER,
            pre_ping="always" if pre_ping else "never",
        )
        dialect = dialect or self._dialect
        settings = Settings("theirs", target_of(dialect), pool)
        # Their tests turn the clock by `time.time`.
        meter = StandInMeter(settings, driver_of(self, settings, dialect), lambda: time.time())
        super().__init__(creator, meter, dialect=dialect, **kw)

    def _do_return_conn(self, record: Any) -> None:
        super()._do_return_conn(record)
        self._settle_if_possible()

    def _settle_if_possible(self) -> None:
        """Wait for the closes that run in the background: their tests look right after a call."""
        if in_greenlet() and self._tasks:
            await_only(self._settle())

    def recreate(self) -> Pool:  # type: ignore[override] # a face has a constructor of its own
        if self._was_disposed:
            return super().recreate()
        return type(self)(self._creator, **{**self.words, "_dispatch": self.dispatch})

    def size(self) -> int:
        return 0 if self._size == UNLIMITED else self._size

    def timeout(self) -> float:
        return self.meter.settings.pool.timeout

    def checkedin(self) -> int:
        return self.stats().idle

    def checkedout(self) -> int:
        return self.stats().in_use

    def overflow(self) -> int:
        return 0 if self._size == UNLIMITED else self.stats().open - self._size

    @property
    def _overflow(self) -> int:
        return self.overflow()

    @property
    def _max_overflow(self) -> int:
        return self._max - self._size

    def status(self) -> str:
        return str(self.stats())


class AsyncQueuePoolFace(QueuePoolFace):
    """The same for AsyncAdaptedQueuePool."""

    _is_asyncio = True  # type: ignore[assignment]
    _dialect: Any = _AsyncConnDialect()


def face_of(pool_class: type[Pool]) -> type[Pool]:
    """Return the face that stands for one of SQLAlchemy's pool classes, or the class when it is no queue."""
    from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool

    if pool_class is QueuePool:
        return QueuePoolFace
    return AsyncQueuePoolFace if pool_class is AsyncAdaptedQueuePool else pool_class
