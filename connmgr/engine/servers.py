"""The servers of a target in the order in which to try them, and what to say when none will do."""

from __future__ import annotations

import asyncio
import errno
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connmgr.engine.transports import is_tls_failure, was_cut_off
from connmgr.target import PostgresTarget, Server, SessionAttrs

T = TypeVar("T")

_KEPT_TO_TELL = 0.05
"""The part of the time that no choice gets when there are several.

Whoever called ends the wait with a time-out of its own. It would come first, and say nothing of a standby
or a server that starts up, which had answered long before.
"""

_CANNOT_CONNECT_NOW = "57P03"
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})


class DoesNotFit(ConnectionError):
    """A server took the connection and is not what `target_session_attrs` wants; says what it is."""


class NoServerFits(ConnectionError):
    """No server is what `target_session_attrs` wants; says what was wanted, and what each server was."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One address of one server that was tried in vain."""

    server: Server
    address: str
    error: Exception

    def __str__(self) -> str:
        where = str(self.server)
        if self.address != self.server.host:
            where += f" ({self.address})"
        if isinstance(self.error, DoesNotFit):
            return f"{where} is {self.error}"
        if isinstance(self.error, TimeoutError):
            return f"{where} did not answer in time"
        told = str(self.error).partition("\n")[0]  # asyncpg adds lines of detail
        return f"{where}: {type(self.error).__name__}: {told}"


def in_order(choices: Sequence[T], target: PostgresTarget) -> list[T]:
    """Return servers, or the addresses of one, in the order in which `load_balance_hosts` wants them."""
    if target.load_balance_hosts == "random":
        return random.SystemRandom().sample(choices, len(choices))
    return list(choices)


def shares(choices: Sequence[T], end: float) -> Iterator[tuple[T, float]]:
    """Give each choice with the loop's time at which its turn ends.

    Each gets a fair share of what is left until `end` when its turn comes, so that one which swallows
    packets leaves time for the next, and one that refuses at once leaves it all.
    """
    loop = asyncio.get_running_loop()
    if len(choices) > 1:
        end -= (end - loop.time()) * _KEPT_TO_TELL
    for to_go, choice in zip(range(len(choices), 0, -1), choices, strict=True):
        now = loop.time()
        yield choice, now + (end - now) / to_go


def leads_to_next(error: Exception) -> bool:
    """Whether another server may be tried after this failure.

    libpq's rule: after a server that cannot be had, that starts up, or that does not fit. Not after one
    that refuses this user, this password or this kind of TLS: the answer of another would hide that. Also,
    unlike libpq, after one that hangs up without a word: so does a proxy that has lost its server.
    """
    if is_tls_failure(error):
        return False
    return isinstance(error, OSError) or was_cut_off(error) or _says_not_now(error)


def failure(tried: Sequence[Attempt], wanted: SessionAttrs) -> Exception:
    """Return the one error to raise when all attempts were in vain; its notes tell of the others."""
    if any(isinstance(attempt.error, DoesNotFit) for attempt in tried):
        return NoServerFits(f"no server is {wanted!r} (target_session_attrs): {_listed(tried)}")
    error = _most_telling([attempt.error for attempt in tried])
    if isinstance(error, TimeoutError) and not str(error):  # of Python's own, which says nothing
        return TimeoutError(f"no server took a connection in time: {_listed(tried)}")
    tell_of_others(error, tried)
    return error


def tell_of_others(error: Exception, tried: Sequence[Attempt]) -> None:
    """Note on an error what came of the servers that were tried beside it."""
    if any(attempt.error is not error for attempt in tried):
        error.add_note(f"connmgr tried: {_listed(tried)}")


def _listed(tried: Sequence[Attempt]) -> str:
    return "; ".join(dict.fromkeys(map(str, tried)))


def _most_telling(errors: Sequence[Exception]) -> Exception:
    """Return a server's own answer, else the last error that says more than "no way to that address".

    A name often has an IPv6 address where no IPv6 leads anywhere; "unreachable" would then stand for the
    time-out or the refusal of the address that matters.
    """
    answers = [error for error in errors if _says_not_now(error)]
    telling = [error for error in errors if getattr(error, "errno", None) not in _NO_WAY]
    return (answers or telling or errors)[-1]


def _says_not_now(error: Exception) -> bool:
    return getattr(error, "sqlstate", None) == _CANNOT_CONNECT_NOW
