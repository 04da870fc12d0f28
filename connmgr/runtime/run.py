"""Runs work in a transaction, again from its beginning where that is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from connmgr import logs
from connmgr.engine.backoff import transaction_pause
from connmgr.errors import CommitInRun, CommitOutcomeUnknown
from connmgr.failure import Failure, FailureKind
from connmgr.runtime.session import ManagedSession

T = TypeVar("T")
Work = Callable[[ManagedSession], Awaitable[T]]
Confirm = Callable[[ManagedSession], Awaitable[bool]]


async def run(open_session: Callable[[], ManagedSession], work: Work[T], confirm: Confirm | None) -> T:
    """Run `work` in a transaction of a fresh session each time, and return what it returned.

    Not by tenacity or stamina: a call that does not fail costs them 40 microseconds, a tenth of the whole
    transaction, and what decides here is none of theirs: one budget for a profile, the point at which
    COMMIT was sent, and the classifier.
    """
    end: float | None = None
    tries = 0
    while True:
        session = open_session()
        handle = session.handle
        loop = asyncio.get_running_loop()
        if end is None:
            end = loop.time() + handle.settings.retry.transaction.deadline
            handle.budget.begin()
        tries += 1
        session.refuse_commits()
        try:
            async with session:
                result = await work(session)
                _refuse_early_end(session)
        except CommitOutcomeUnknown as error:
            if confirm is None:
                raise
            if await _stands(open_session, confirm, error):
                handle.budget.succeeded()
                return result
            failed: Exception = error
        except Exception as error:
            if not _may_repeat(session, error):
                raise
            failed = error
        else:
            handle.budget.succeeded()
            return result
        pause = transaction_pause(tries, handle.settings.retry.transaction)
        _give_up_when_spent(session, failed, tries, loop.time() + pause >= end)
        await asyncio.sleep(pause)


async def _stands(
    open_session: Callable[[], ManagedSession], confirm: Confirm, unknown: CommitOutcomeUnknown
) -> bool:
    """Have the application look whether its transaction stands; while it cannot, nobody knows."""
    try:
        async with open_session() as session:
            return await confirm(session)
    except Exception as error:
        unknown.add_note(f"connmgr: `confirm` failed too: {type(error).__name__}: {error}")
        raise unknown from error


def _refuse_early_end(session: ManagedSession) -> None:
    if session.was_ended_below():
        raise CommitInRun(
            f"profile {session.handle.name!r}: work ended the transaction of its session's connection; "
            "`run` commits when work returns, and repeats it whole when that is safe"
        )


def _may_repeat(session: ManagedSession, error: Exception) -> bool:
    """Whether the whole transaction can be run again and may then succeed."""
    failure = session.handle.classify(error)
    if not failure.retry_transaction or isinstance(error, CommitInRun):
        return False
    return (
        failure.kind is not FailureKind.LOCK_TIMEOUT or session.handle.settings.retry.transaction.lock_timeout
    )


def _give_up_when_spent(session: ManagedSession, failed: Exception, tries: int, is_late: bool) -> None:
    """Raise the failure when no other try is allowed; the last failure is the one to tell of."""
    handle = session.handle
    failure, retry = handle.classify(failed), handle.settings.retry.transaction
    why = None
    if tries >= retry.attempts:
        why = "retry.transaction.attempts"
    elif is_late:
        why = "retry.transaction.deadline"
    elif not handle.budget.take():
        why = "retry.transaction.budget"
    if why is not None:
        failed.add_note(f"connmgr: given up after {tries} {'try' if tries == 1 else 'tries'} ({why})")
        raise failed
    _log(handle.name, failure, tries)


def _log(profile: str, failure: Failure, tries: int) -> None:
    logs.event(
        "INFO",
        f"profile {profile!r}: transaction failed ({failure.kind.value}), tried again",
        profile=profile,
        kind=failure.kind.value,
        sqlstate=failure.sqlstate,
        tries=tries,
    )
