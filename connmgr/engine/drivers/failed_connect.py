"""What a failed connect of asyncpg's leaves behind in its frames, and nowhere else within reach."""

from __future__ import annotations

import asyncio
import contextlib
import traceback


def tidy_up(error: BaseException) -> None:
    """Take away what asyncpg forgot when its connect ended in `error`; the traceback's lines stay."""
    _forget_wish_for_tls(error)
    _forget_frames(error)


def _forget_wish_for_tls(error: BaseException) -> None:
    """Cancel the future that a cancelled connect of asyncpg's left in a protocol which nobody holds.

    When the cancellation comes between the socket and the wish for TLS, that future gets an error that
    nobody can look for, and asyncio logs "Future exception was never retrieved" for it.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        answer = getattr(frame.f_locals.get("protocol"), "on_data", None)
        if isinstance(answer, asyncio.Future):
            answer.cancel()


def _forget_frames(error: BaseException) -> None:
    """Empty asyncpg's frames, in which it keeps the password in clear text, and end their connection.

    asyncpg closes a connection with TLS politely, and leaves it to wait for the server's goodbye: half a
    minute for a server that has gone silent, although nobody holds that connection any more.

    Error trackers and log sinks that print local variables would otherwise send the password along with
    every failed login. Frames of others are left alone: the error may carry the application's own, and
    clearing the frame of a coroutine that waits somewhere would end that coroutine.
    """
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        cause = chain.pop()
        if cause is None or id(cause) in seen:  # a chain may bite its own tail
            continue
        seen.add(id(cause))
        chain += (cause.__cause__, cause.__context__)
        for frame, _ in traceback.walk_tb(cause.__traceback__):
            if frame.f_globals.get("__name__", "").partition(".")[0] == "asyncpg":
                transport = frame.f_locals.get("tr")
                if isinstance(transport, asyncio.Transport):
                    transport.abort()
                with contextlib.suppress(RuntimeError):  # it still runs
                    frame.clear()
