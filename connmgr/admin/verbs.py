"""Carry out what clients ask for, on the registry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from connmgr import logs
from connmgr.admin import answers
from connmgr.admin.peer import Peer
from connmgr.admin.protocol import Request, Verb
from connmgr.config.secrets.aside import Aside
from connmgr.errors import ConnmgrError, UnknownProfile
from connmgr.plan import Plan
from connmgr.registry import Registry
from connmgr.report import Holder

T = TypeVar("T")

PATIENCE: Final = 60.0
"""Seconds that may be spent in a thread: a network file system hangs while its server is away."""

AT_A_TIME: Final = 20
"""Profiles that are begun in one turn of the event loop; thousands at once would hold it up."""

MOST_EXPLAINED: Final = 5
"""Unknown names for which the nearest one is looked for."""


async def aside(function: Callable[[], T]) -> T:
    """Run what would hold the event loop up, in a thread that keeps no process from ending."""
    return await Aside(function, "connmgr-admin").result(PATIENCE)


class Verbs:
    """What each verb does to one registry, and returns as plain values."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        # One plan at a time, and each reads what is there when it is asked for. Of a file system that hangs
        # there is one thread, which the next one joins.
        self._plan = Aside(registry.plan, "connmgr-admin-plan")
        self._planning = asyncio.Lock()

    async def carry_out(self, request: Request, peer: Peer) -> object:
        """Do what is asked for, in so long as it takes, and return the answer, to be encoded in a thread.

        Where several profiles are named, all have to exist, and then each is done whatever becomes of the
        others.

        Raises:
            Exception: what the registry raises.
        """
        registry, verb = self._registry, request.verb
        if verb is Verb.PLAN:
            return answers.plan(await self._planned())
        if verb is Verb.RELOAD:
            _log(verb, peer)
            return answers.plan(await registry.reload())
        await self._check(request.profiles)
        if verb is Verb.POOLS:
            states = {name: registry.service_state(name) for name in request.profiles or registry}
            named = bool(request.profiles)
            return await aside(lambda: answers.pools(registry.stats_all(), states, named=named))
        if verb is Verb.HOLDERS:
            found = {name: registry.holders(name) for name in request.profiles or registry}
            return {n: answers.holders(each) for n, each in found.items() if each or request.profiles}
        return await self._each(verb, tuple(registry) if request.every else request.profiles, peer)

    async def _planned(self) -> Plan:
        async with self._planning:
            try:
                return await self._plan.result(PATIENCE)
            except TimeoutError:
                raise ConnmgrError(f"the files could not be read within {PATIENCE:g} s") from None

    async def _check(self, names: Sequence[str]) -> None:
        """Raise for names that no profile has. The words that say which was meant take long to find."""
        unknown = [name for name in names if name not in self._registry]
        if unknown:
            raise UnknownProfile("; ".join(await aside(lambda: self._explained(unknown))))

    def _explained(self, names: Iterable[str]) -> list[str]:
        words = []
        for name in list(names)[:MOST_EXPLAINED]:
            try:
                self._registry[name]
            except UnknownProfile as error:
                words.append(str(error))
        return words

    async def _each(self, verb: Verb, names: Sequence[str], peer: Peer) -> object:
        tasks = {}
        async with asyncio.TaskGroup() as group:
            for index, name in enumerate(names, start=1):
                tasks[name] = group.create_task(
                    self._one(verb, name, peer), name=f"connmgr admin {verb} {name}"
                )
                if index % AT_A_TIME == 0:
                    await asyncio.sleep(0)
        return {name: task.result() for name, task in tasks.items()}

    async def _one(self, verb: Verb, name: str, peer: Peer) -> object:
        _log(verb, peer, name)
        try:
            found = await self._done(verb, name)
            return {"state": self._registry.service_state(name), "holders": answers.holders(found)}
        except Exception as error:  # noqa: BLE001 - one profile's trouble must not undo the others' verbs
            return {"error": answers.error(error)}

    async def _done(self, verb: Verb, name: str) -> tuple[Holder, ...]:
        match verb:
            case Verb.PAUSE:
                return await self._registry.pause(name)
            case Verb.RECONNECT:
                return await self._registry.reconnect(name)
            case Verb.DRAIN:
                return await self._registry.drain(name)
            case Verb.RESUME:
                self._registry.resume(name)
            case Verb.DISABLE:
                self._registry.disable(name)
            case _:
                self._registry.enable(name)
        return ()


def _log(verb: Verb, peer: Peer, name: str | None = None) -> None:
    of = f" of profile {name!r}" if name is not None else ""
    fields = {"verb": verb.value, "uid": peer.uid, "pid": peer.pid}
    logs.event(
        "INFO",
        f"{verb}{of} asked for by process {peer.pid} of user {peer.uid}",
        **fields if name is None else {**fields, "profile": name},
    )
