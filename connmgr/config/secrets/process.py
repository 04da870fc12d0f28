"""Run a program to its end under a deadline and leave nothing of it, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from connmgr.config.secrets.contents import LIMIT, text_of
from connmgr.secret import Secret

GRACE: Final = 2.0
"""Seconds to wait for a killed program: one in the middle of a disk's work does not end at once."""

_STDOUT: Final = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. `status` is negative for a signal; `errors` counts bytes of standard error."""

    status: int
    output: Secret
    errors: int


class TooMuchOutput(Exception):
    """A program wrote more than `LIMIT` bytes."""


async def run(
    program: Path, arguments: Sequence[Secret], *, folder: Path, environ: Mapping[str, str], deadline: float
) -> Ended:
    """Run `program` without a shell, in a session of its own, and return how it ended.

    Its standard input is empty. When it ended, when it is cancelled, and after `deadline` seconds,
    everything that is left of its process group is killed.

    Raises:
        TimeoutError: it, or something that it started, kept its output open for too long.
        TooMuchOutput: it wrote more than `LIMIT` bytes.
        OSError: it could not be started.
    """
    loop = asyncio.get_running_loop()
    conversation = _Conversation(loop)
    starting = loop.create_task(_start(conversation, program, arguments, folder, environ))
    try:
        async with asyncio.timeout(deadline):
            # Shielded: asyncio would kill the program alone, and not what it started meanwhile.
            await asyncio.shield(starting)
            status = await conversation.exited
            await conversation.output_closed
    finally:
        await _end(conversation, starting)
    if conversation.has_too_much:
        raise TooMuchOutput
    return Ended(status, text_of(conversation.output), conversation.errors)


async def _start(
    conversation: _Conversation,
    program: Path,
    arguments: Sequence[Secret],
    folder: Path,
    environ: Mapping[str, str],
) -> None:
    # Not `create_subprocess_exec`: the `wait` of its process also waits for the pipes, which something that
    # the program left behind may hold open, and its reader's frame would have the output in its locals.
    await asyncio.get_running_loop().subprocess_exec(
        lambda: conversation,
        program,
        *(argument.reveal() for argument in arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env=environ,
        start_new_session=True,
    )


async def _end(conversation: _Conversation, starting: asyncio.Task[None]) -> None:
    """Kill what is left and wait until it is reaped; a start that failed left nothing."""
    # Before anything is awaited: a second cancellation ends the waiting, not the killing.
    conversation.close()
    await asyncio.wait([starting])
    if starting.cancelled() or starting.exception():
        return
    await asyncio.wait([conversation.closed], timeout=GRACE)


class _Conversation(asyncio.SubprocessProtocol):
    """Gathers what a program writes, as far as it is kept, and tells when it exits."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.output = bytearray()
        self.errors = 0
        self.exited: asyncio.Future[int] = loop.create_future()
        self.output_closed: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.SubprocessTransport | None = None
        self._is_closing = False
        self._is_group_gone = False

    @property
    def has_too_much(self) -> bool:
        return len(self.output) > LIMIT

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        if self._is_closing:
            self.close()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd != _STDOUT:
            self.errors += len(data)
        elif not self.has_too_much:
            self.output += data
            if self.has_too_much:
                self.close()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == _STDOUT and not self.output_closed.done():
            self.output_closed.set_result(None)

    def process_exited(self) -> None:
        status = self._transport.get_returncode() if self._transport else None
        if status is not None and not self.exited.done():
            self.exited.set_result(status)
        self._kill_group()
        self._is_group_gone = True

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def close(self) -> None:
        """Kill the program and all of its group and close its pipes, as soon as it has started."""
        self._is_closing = True
        if self._transport:
            self._kill_group()
            self._transport.close()

    def _kill_group(self) -> None:
        # At the exit for the last time: the number of an empty group may later be another's.
        if self._transport and hasattr(os, "killpg") and not self._is_group_gone:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._transport.get_pid(), signal.SIGKILL)
