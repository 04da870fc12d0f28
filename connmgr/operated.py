"""Profiles that an operator pauses, disables, drains, or gives new connections, while the program runs."""

from __future__ import annotations

from connmgr import logs
from connmgr.opened import OpenedProfiles
from connmgr.report import Holder, ServiceState
from connmgr.runtime import operating


class OperatedProfiles(OpenedProfiles):
    """What an operator wants holds until it is taken back or the registry is closed, over reloads too."""

    def service_state(self, name: str) -> ServiceState:
        """Return how the profile serves: active, paused or disabled."""
        self[name]
        return self._engines.state(name)

    def service_states(self) -> dict[str, ServiceState]:
        """Return how each profile serves that is in use, or not active; may be called from any thread."""
        return self._owner.call(self._engines.states)

    async def pause(self, name: str) -> tuple[Holder, ...]:
        """Let new work wait, for its `pool.timeout` at most; return once every connection is closed.

        Transactions under way end first, and may take `reload.drain_timeout` for that; then whoever still
        has a connection is returned. The database may be restarted meanwhile: nobody connects, health checks
        neither. The profile stays paused in any case, also when this is cancelled, until `resume`.
        """
        self._check(name)
        hanging_up = self._health.forget(name)
        self._log(name, "paused")
        holders = await operating.pause(self._engines, name)
        if hanging_up is not None:
            await hanging_up
        return holders

    def resume(self, name: str) -> None:
        """Serve those who wait since `pause`, in order, and whoever comes; else do nothing."""
        self._check(name)
        if self._engines.state(name) == "paused":
            self._engines.set_state(name, "active")
            self._log(name, "resumed")

    async def reconnect(self, name: str) -> tuple[Holder, ...]:
        """Replace every connection: idle ones at once, the others as they come back; none in use is cut.

        Returns once that is done, or after `reload.drain_timeout` with those who still have an old one; it
        is closed when they give it back.
        """
        self._check(name)
        self._health.forget(name)
        self._log(name, "reconnects")
        return await operating.reconnect(self._engines, name)

    async def drain(self, name: str) -> tuple[Holder, ...]:
        """Disable the profile, wait for the work under way, then close its engine; return who was cut off.

        Waits for `reload.drain_timeout` at most. Cancelled, the draining goes on. `enable` ends the state,
        and the next work gets a new engine.
        """
        self._check(name)
        self._health.forget(name, is_rebuilt=True)
        self._log(name, "drained, and disabled")
        return await operating.drain(self._engines, name)

    def disable(self, name: str) -> None:
        """Refuse new work with ProfileDisabled; what is under way goes on, those who wait too."""
        self._check(name)
        self._engines.set_state(name, "disabled")
        self._log(name, "disabled")

    def enable(self, name: str) -> None:
        """Take new work again after `disable` or `drain`; else do nothing."""
        self._check(name)
        if self._engines.state(name) == "disabled":
            self._engines.set_state(name, "active")
            self._log(name, "enabled")

    def _check(self, name: str) -> None:
        self._owner.check()
        self[name]

    def _log(self, name: str, what: str) -> None:
        logs.event("INFO", f"profile {name!r}: {what} by an operator", profile=name)
