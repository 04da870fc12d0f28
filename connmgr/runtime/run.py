"""Runs work in a transaction, again from its beginning where that is safe."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from sqlalchemy.exc import PendingRollbackError

from connmgr import logs
from connmgr.engine.backoff import transaction_pause
from connmgr.engine.marks import (
    is_unrepeatable,
    mark_answered,
    mark_profile,
    mark_unrepeatable,
    profile_of,
)
from connmgr.errors import CircuitOpen, CommitInRun, CommitOutcomeUnknown
from connmgr.failure import FailureKind
from connmgr.runtime.handle import Handle
from connmgr.runtime.session import ManagedSession

T = TypeVar("T")
Work = Callable[[ManagedSession], Awaitable[T]]
Confirm = Callable[[ManagedSession], Awaitable[bool]]


async def run(handle: Handle, work: Work[T], confirm: Confirm | None) -> T:
    """Run `work` in a transaction of a fresh session each time, and return what it returned.

    Not by tenacity or stamina: a call that does not fail costs them 40 microseconds, a tenth of the whole
    transaction, and what decides here is none of theirs: one budget for a profile, the point at which
    COMMIT was sent, and the classifier.
    """
    handle.budget.begin()
    begun = time.monotonic()
    session = _session(handle)
    for tries in itertools.count(1):
        result, failed = await _once(session, work, confirm)
        if failed is None:
            break
        pause = transaction_pause(tries, handle.settings.retry.transaction)
        if why := _why_not_again(session, failed, tries, time.monotonic() + pause - begun):
            _end(handle, failed, why, tries)
            raise failed
        _log(handle, failed, tries)
        # The pause holds the engine as well: work that has begun is waited for when a registry closes.
        lease = handle.lease()
        try:
            await asyncio.sleep(pause)
            session = _session(handle)
        finally:
            lease.release()
    handle.budget.succeeded()
    return cast("T", result)


async def _once(
    session: ManagedSession, work: Work[T], confirm: Confirm | None
) -> tuple[T | None, Exception | None]:
    """Return what work returned, or why its transaction does not stand, as far as anybody knows."""
    result = None
    try:
        async with session:
            result = await _work(session, work)
    except CommitOutcomeUnknown as error:
        # Only its own: another profile's, of a transaction inside of work, is nothing to ask `confirm` about.
        if not session.is_outcome_unknown or confirm is None:
            return None, error
        return await _confirmed(session.handle, result, confirm, error)
    except Exception as error:  # noqa: BLE001 - the caller of `run` gets it, unless it is repeated
        return None, error
    return result, None


def _session(handle: Handle) -> ManagedSession:
    session = ManagedSession(handle, commits=True, autocommit=False)
    session.may_be_repeated()
    return session


async def _work(session: ManagedSession, work: Work[T]) -> T:
    try:
        result = await work(session)
    except Exception as error:
        if session.was_ended_below():
            # Whatever it did until then stays; repeated, it would be done twice.
            error.add_note(
                "connmgr: not tried again: work had ended the transaction of its session by itself"
            )
            mark_unrepeatable(error)
        elif isinstance(error, PendingRollbackError) and session.lost_connection:
            mark_profile(error, session.handle.name)
        raise
    if session.was_ended_below():
        raise CommitInRun(
            f"profile {session.handle.name!r}: work ended the transaction of its session's connection; "
            "`run` commits when work returns, and repeats it whole when that is safe"
        )
    return result


async def _confirmed(
    handle: Handle, result: T | None, confirm: Confirm, unknown: CommitOutcomeUnknown
) -> tuple[T | None, Exception | None]:
    """Have the application look whether its transaction stands; while it cannot, nobody knows."""
    try:
        async with ManagedSession(handle, commits=True, autocommit=False) as session:
            stands = await confirm(session)
    except Exception as error:  # noqa: BLE001 - that nobody knows is what the caller must hear
        failure = handle.classify(error)
        unknown.add_note(f"connmgr: `confirm` failed too: {failure.type} ({failure.kind.value})")
        return None, unknown
    if stands:
        return result, None
    lost = unknown.__cause__
    failed = lost if isinstance(lost, Exception) else unknown
    mark_answered(failed)
    return None, failed


def _why_not_again(session: ManagedSession, failed: Exception, tries: int, passed: float) -> str | None:
    """Say which limit keeps a transaction from another try, `never` for one that is not to be repeated."""
    handle = session.handle
    retry = handle.settings.retry.transaction
    if not _may_repeat(session, failed):
        return "never"
    if tries >= retry.attempts:
        return "retry.transaction.attempts"
    if passed >= retry.deadline:
        return "retry.transaction.deadline"
    return None if handle.budget.take() else "retry.transaction.budget"


def _may_repeat(session: ManagedSession, error: Exception) -> bool:
    """Whether the whole transaction can be run again and may then succeed: it failed, of this database, and
    for a reason that passes. Another server's lost connection, in the middle of work, is the application's.
    """
    if is_unrepeatable(error) or isinstance(error, CommitInRun | CommitOutcomeUnknown):
        return False
    handle = session.handle
    failure = handle.classify(error)
    if not failure.retry_transaction or profile_of(error) != handle.name:
        return False
    return failure.kind is not FailureKind.LOCK_TIMEOUT or handle.settings.retry.transaction.lock_timeout


def _end(handle: Handle, failed: Exception, why: str, tries: int) -> None:
    """Note and log how it ended; the last failure is the one to tell of."""
    if why != "never":
        failed.add_note(f"connmgr: given up after {tries} {'try' if tries == 1 else 'tries'} ({why})")
    if not isinstance(failed, CircuitOpen):
        handle.log_failure(failed)


def _log(handle: Handle, failed: Exception, tries: int) -> None:
    failure = handle.classify(failed)
    logs.event(
        "INFO",
        f"profile {handle.name!r}: transaction failed ({failure.kind.value}), tried again",
        profile=handle.name,
        kind=failure.kind.value,
        sqlstate=failure.sqlstate,
        tries=tries,
    )
