"""Run a blocking function beside the event loop, so that a file that hangs holds up nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


class Aside(Generic[T]):
    """One function, run in a daemon thread, at most once at a time.

    Whoever asks while it runs joins that run: while a file system hangs, every retry would leave one
    more thread. A run cannot be interrupted; after a deadline it goes on alone and its answer is dropped.
    """

    __slots__ = ("_function", "_lock", "_name", "_running")

    def __init__(self, function: Callable[[], T], name: str) -> None:
        self._function = function
        self._name = name
        self._lock = threading.Lock()
        self._running: Future[T] | None = None

    async def result(self, within: float) -> T:
        """Return what the function returns, waiting `within` seconds at most.

        Raises:
            TimeoutError: it took longer.
        """
        import asyncio  # `validate` of files without such references does without

        async with asyncio.timeout(within):
            return await asyncio.wrap_future(self._run())

    def result_now(self, within: float) -> T:
        """Return what `result` does, blocking the caller.

        Raises:
            TimeoutError: it took longer.
        """
        return self._run().result(within)

    def _run(self) -> Future[T]:
        from concurrent.futures import Future  # for the reason that asyncio has

        with self._lock:
            if self._running is None:
                running: Future[T] = Future()
                # Or one caller's cancellation would cancel the run for all others.
                running.set_running_or_notify_cancel()
                # A daemon, and not an executor: the interpreter waits for the threads of executors.
                thread = threading.Thread(target=self._work, args=(running,), name=self._name, daemon=True)
                thread.start()
                self._running = running
            return self._running

    def _work(self, running: Future[T]) -> None:
        try:
            result = self._function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, callers wait: they would wait for ever
            self._done()
            running.set_exception(error)
        else:
            self._done()
            running.set_result(result)

    def _done(self) -> None:
        """Let the next caller run it anew, before this run's callers know its result and ask again."""
        with self._lock:
            self._running = None
