"""The asyncpg connection of a profile, which knows whether it was to reach a server that takes writes."""

from __future__ import annotations

from connmgr.engine.drivers.answers import as_read, is_out_of_step
from connmgr.engine.drivers.commit import CommittingConnection


class Connection(CommittingConnection):
    """What a profile's driver connects with."""

    __slots__ = ("expects_writer",)

    expects_writer: bool

    def read(self, error: Exception) -> Exception:
        """Return what to raise for an error of a statement; a connection that is out of step is closed."""
        error = as_read(error)
        if is_out_of_step(error) and not self.is_closed():
            self.terminate()
        return error

    def lost_writer(self) -> bool:
        """Whether a refused write shows that the server is no longer what it was taken for.

        So does not one that the application refused itself, in a transaction that it made read only on a
        server which is not. PostgreSQL 13 reports neither: a new connection then finds out.
        """
        if not self.expects_writer:
            return False
        facts = self.get_settings()
        standby = getattr(facts, "in_hot_standby", None)
        read_only = getattr(facts, "default_transaction_read_only", None)
        return "on" in (standby, read_only) or (standby is None and read_only is None)
