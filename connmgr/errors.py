"""The errors of connmgr's own, in one tree.

    ConnmgrError
    ├── ConfigError        profile files, or the values they refer to, are wrong; `problems` lists all
    ├── UnknownProfile     no profile of that name (a KeyError too)
    │   └── ProfileRemoved a reload took the profile away
    ├── UnknownGroup       no group of that name (a KeyError too)
    ├── RegistryClosed     the registry is not open: not yet, or no longer
    ├── WrongEventLoop     an open registry belongs to the event loop that opened it
    ├── EngineRetired      the engine left service and its time to drain is over
    ├── PoolTimeout        no connection in time (SQLAlchemy's TimeoutError too)
    │   └── TooManyWaiting refused at once: `pool.max_waiting` wait already
    ├── CircuitOpen        refused at once: the profile's database failed too often just now
    ├── CommitOutcomeUnknown  the connection was lost while the answer to COMMIT was due
    ├── CommitInRun        work that `run` would repeat committed by itself
    ├── ProfileDisabled    an operator disabled or drained the profile
    ├── ReloadRefused      a reload changed nothing, for an engine could not prove itself
    ├── ProtectedProfile   a test asked for a profile that is `protected`
    └── StartupFailed      a profile with `startup: fail` could not be reached as the registry opened

What a database raises passes through unchanged, with a note that names the profile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connmgr.problem import Problem


class ConnmgrError(Exception):
    """Root of the errors that connmgr itself raises."""


class ConfigError(ConnmgrError):
    """Profile files, or the values they refer to, are wrong. The message lists every problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems))
        count = len(self.problems)
        title = f"{count} problem{'' if count == 1 else 's'} in the profiles"
        super().__init__("\n".join([title, *(f"  {problem}" for problem in self.problems)]))


class UnknownProfile(ConnmgrError, KeyError):
    """No profile has that name; the message says which exist and which was perhaps meant."""

    # KeyError shows its argument's repr, which would put quotes and escapes around the sentence.
    __str__ = Exception.__str__


class ProfileRemoved(UnknownProfile):
    """A reload took the profile away: what is out finishes, new work gets this."""


class UnknownGroup(ConnmgrError, KeyError):
    """No group has that name; the message says which exist and which was perhaps meant."""

    __str__ = Exception.__str__


class RegistryClosed(ConnmgrError):
    """The registry is not open: it was not opened yet, or it was closed."""


class WrongEventLoop(ConnmgrError):
    """The registry is open in another event loop; close it there, or load one for this loop."""


class EngineRetired(ConnmgrError):
    """The engine left service and its time to drain is over; ask the registry for the current one."""


class PoolTimeout(ConnmgrError):
    """No connection could be had within `pool.timeout`; the message carries every counter.

    Its `__cause__` is the last failure to connect, if there was one. The pool raises a subclass that is
    also `sqlalchemy.exc.TimeoutError`, so code written for SQLAlchemy's own pool catches it too. It is
    defined where SQLAlchemy may be imported.
    """


class TooManyWaiting(PoolTimeout):
    """A checkout was refused at once: `pool.max_waiting` callers wait already."""


class CircuitOpen(ConnmgrError):
    """Refused at once: the profile's `breaker` is open. Its `__cause__` is what failed last.

    `retry_after` is in seconds: until the server is tried again.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CommitOutcomeUnknown(ConnmgrError):
    """The connection was lost while the answer to COMMIT was due: the transaction stands, or it does not.

    Nobody repeats it unasked: that could do its work twice. Look in the database for what it was to write,
    or pass `run` a `confirm` that does. Its `__cause__` is the driver's error.
    """


class CommitInRun(ConnmgrError):
    """Work that `run` would repeat committed by itself: repeated, it would be applied twice.

    Let `run` commit, or use `session` and commit there.
    """


class ProfileDisabled(ConnmgrError):
    """An operator disabled or drained the profile; `enable` puts it back in service."""


class ReloadRefused(ConnmgrError):
    """A reload changed nothing: a profile with `verify: connect` did not connect with its new settings.

    `failures` has the error of each such profile, by name. What is wrong with files is a `ConfigError`.
    """

    def __init__(self, failures: Mapping[str, Exception], words: Iterable[str]) -> None:
        self.failures = dict(failures)
        super().__init__("\n  ".join(["nothing was reloaded; these did not connect as changed", *words]))


class ProtectedProfile(ConnmgrError):
    """A test asked for a profile that is `protected`; tests that need a server have their own profile."""


class StartupFailed(ConnmgrError):
    """A profile with `startup: fail` could not be reached in `timeouts.startup`; nothing was opened.

    `failures` has the error of each such profile, by name.
    """

    def __init__(self, failures: Mapping[str, Exception], words: Iterable[str]) -> None:
        self.failures = dict(failures)
        lines = ["the registry did not open; `startup: fail` asks for these", *words]
        super().__init__("\n  ".join(lines))
