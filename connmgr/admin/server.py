"""Serve a registry's operators on a Unix socket: who connects, how many at once, and how it ends."""

from __future__ import annotations

import asyncio
import os
import socket
import traceback
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from connmgr import logs
from connmgr.admin import answers
from connmgr.admin.conversation import Conversation
from connmgr.admin.peer import Peer, peer_of
from connmgr.admin.place import BACKLOG, listening
from connmgr.admin.protocol import VERSION, Malformed, Request, encode
from connmgr.admin.verbs import Verbs, aside
from connmgr.errors import ConnmgrError
from connmgr.registry import Registry

MOST_CLIENTS: Final = 64

ENDS_WITHIN: Final = 5.0
"""Seconds that what is under way may take to end, once it was told to."""

_RETRY_AFTER: Final = 1.0


class Stopping(ConnmgrError):
    """The process stopped serving while the verb was under way."""


class Busy(ConnmgrError):
    """As many clients as there may be wait for their answers."""


class NotAllowed(ConnmgrError):
    """The client is another user's."""


@asynccontextmanager
async def serve(registry: Registry, path: str | os.PathLike[str]) -> AsyncIterator[None]:
    """Let operators reach the registry by a socket at `path` until the block is left.

    This user and root alone can connect. A file that a dead process left there is replaced. A verb goes on
    when its client goes away. Leaving the block cancels what is under way, tells who waits for it, and takes
    some seconds at most; what `reload` changes it changes in one instant, before or not at all.

    Raises:
        ConnmgrError: a process serves at `path` already, something else is there, or there can be no socket.
    """
    with listening(path) as listener:
        server = _Server(registry, listener)
        server.start()
        try:
            yield
        finally:
            await server.stop()


class _Server:
    """Owns the clients and the work that they asked for."""

    def __init__(self, registry: Registry, listener: socket.socket) -> None:
        self._verbs = Verbs(registry)
        self._listener = listener
        self._owner = os.geteuid()
        self._loop = asyncio.get_running_loop()
        self._retry: asyncio.TimerHandle | None = None
        self._clients: dict[asyncio.Task[None], Conversation] = {}
        self._working: set[asyncio.Task[bytes]] = set()

    def start(self) -> None:
        self._retry = None
        self._loop.add_reader(self._listener, self._accept)

    async def stop(self) -> None:
        """Take no more clients, and end those that are there, with what they asked for."""
        self._loop.remove_reader(self._listener)
        if self._retry is not None:
            self._retry.cancel()
        idle = [task for task, client in self._clients.items() if not client.has_asked]
        for task in (*idle, *self._working):
            task.cancel()
        try:
            await _ended({*self._working, *self._clients})
        finally:
            late = {*self._working, *self._clients}
            for task in late:
                task.cancel()
            await _ended(late)
            for task in late:
                if not task.done():
                    logs.event("WARNING", f"admin: task {task.get_name()!r} does not end")

    def _accept(self) -> None:
        """Take whoever waits. Not by a task: cancelled between two steps, it would leave a socket open."""
        for _ in range(BACKLOG):
            try:
                connection, _address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # No file is left for it; asked again at once, the system would say so for ever.
                logs.event("ERROR", f"admin: cannot accept a client: {error.strerror}")
                self._loop.remove_reader(self._listener)
                self._retry = self._loop.call_later(_RETRY_AFTER, self.start)
                return
            self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        try:
            client = Conversation(connection, peer_of(connection))
        except OSError:  # gone already
            connection.close()
            return
        if not client.peer.is_allowed(self._owner):
            self._refuse(client)
        elif self._has_room():
            task = self._loop.create_task(self._converse(client), name="connmgr admin client")
            self._clients[task] = client
            # Not in the task: one that is cancelled before its first step does nothing any more.
            task.add_done_callback(lambda task: self._clients.pop(task).close())
        else:
            client.refuse(_error(Busy(f"{MOST_CLIENTS} clients wait for their answers; try again later")))

    def _refuse(self, client: Conversation) -> None:
        who = f"process {client.peer.pid} of user {client.peer.uid}"
        logs.event("WARNING", f"admin: refused {who}", uid=client.peer.uid, pid=client.peer.pid)
        client.refuse(_error(NotAllowed(f"this socket is for user {self._owner} and root")))

    def _has_room(self) -> bool:
        """Whether there is room for one more; the one that has been silent for longest may go for it."""
        here = [(task, client) for task, client in self._clients.items() if not task.cancelling()]
        if len(here) < MOST_CLIENTS:
            return True
        silent = next((task for task, client in here if not client.has_asked), None)
        return silent is not None and silent.cancel()

    async def _converse(self, client: Conversation) -> None:
        with suppress(OSError):  # it went away, or does not read
            await self._answer(client)

    async def _answer(self, client: Conversation) -> None:
        try:
            request = await client.request()
        except Malformed as error:
            await client.send(_error(error))
            return
        if request is None:
            return
        work = self._loop.create_task(self._work(request, client.peer), name=f"connmgr admin {request.verb}")
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        await client.wait(work)
        await client.send(_error(Stopping("the process stops")) if work.cancelled() else work.result())

    async def _work(self, request: Request, peer: Peer) -> bytes:
        """Return the line that answers. Not in the client's task: that may end, and the verb goes on."""
        try:
            answer = await self._verbs.carry_out(request, peer)
            return await aside(lambda: encode({"version": VERSION, "answer": answer}))
        except ConnmgrError as error:
            return _error(error)
        except Exception as error:  # noqa: BLE001 - a defect, or a driver's: the client must hear of it
            _log(request, error)
            return _error(error)


def _error(error: Exception) -> bytes:
    return encode({"version": VERSION, "error": answers.error(error)})


def _log(request: Request, error: Exception) -> None:
    """Log what nobody expected: its kind and its place, for its text may be a driver's."""
    name, frames = type(error).__name__, traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    logs.event("ERROR", f"admin: {request.verb} failed: {name}", verb=request.verb.value, at=place)


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=ENDS_WITHIN)
