"""The asyncpg connection of a profile, which knows whose it is and whether it was to reach a writer."""

from __future__ import annotations

from typing import Any

from connmgr.engine.drivers.answers import as_read, is_out_of_step
from connmgr.engine.drivers.commit import CommittingConnection, is_answer
from connmgr.engine.marks import mark_profile, mark_unanswered


class Connection(CommittingConnection):
    """What a profile's driver connects with.

    `was_read_only` says that its server took no writes at login, and `secret_ends_at` when the life ends of
    the secret that it logged in with, by the event loop's clock.
    """

    __slots__ = ("address", "expects_writer", "profile", "secret_ends_at", "was_read_only")

    address: tuple[str, int]
    expects_writer: bool
    profile: str
    secret_ends_at: float | None
    was_read_only: bool

    # asyncpg's, which its stubs leave out: the transaction that is open, for one that was begun.
    _top_xact: Any

    def read(self, error: Exception, *, is_autocommit: bool) -> Exception:
        """Return what to raise for an error of a statement; a connection that is out of step is closed."""
        error = as_read(error)
        if is_out_of_step(error) and not self.is_closed():
            self.terminate()
        if is_autocommit and self.is_closed() and not is_answer(error):
            # Without a transaction around it, a statement stays once it has run, whoever heard of that.
            mark_unanswered(error)
        mark_profile(error, self.profile)
        return error

    def was_ended_in_sql(self) -> bool:
        """Whether a transaction was begun on it, and the server has none."""
        return self._top_xact is not None and not self.is_in_transaction()

    def lost_writer(self) -> bool:
        """Whether a refused write shows that the server is no longer what it was taken for.

        So does not one that the application refused itself, in a transaction that it made read only, or in
        sessions that are so from their beginning. PostgreSQL 13 reports neither: a new connection then
        finds out.
        """
        if not self.expects_writer:
            return False
        facts = self.get_settings()
        standby = getattr(facts, "in_hot_standby", None)
        read_only = getattr(facts, "default_transaction_read_only", None)
        if standby is None and read_only is None:
            return True
        return standby == "on" or (read_only == "on" and not self.was_read_only)
