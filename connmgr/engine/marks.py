"""What is noted on an error where it is raised, for whoever asks further up what it means."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from math import inf
from typing import Final

_UNANSWERED: Final = "_connmgr_unanswered"
_PROFILE: Final = "_connmgr_profile"
_UNREPEATABLE: Final = "_connmgr_unrepeatable"
_AS_OF: Final = "_connmgr_as_of"
_DEEPEST: Final = 20


def mark_unanswered(error: BaseException) -> None:
    """Note that what was sent may have taken effect: its answer was due when the connection was lost."""
    setattr(error, _UNANSWERED, True)


def is_unanswered(error: BaseException) -> bool:
    """Whether an error, or what it came of, is marked so."""
    return any(getattr(each, _UNANSWERED, False) for each in _causes(error))


def mark_answered(error: BaseException) -> None:
    """Take the mark back: somebody looked, and it did not take effect."""
    for each in _causes(error):
        if getattr(each, _UNANSWERED, False):
            setattr(each, _UNANSWERED, False)


def mark_profile(error: BaseException, name: str) -> None:
    """Note whose database an error is of; the application's own, of whatever class, have no such note."""
    with contextlib.suppress(AttributeError):  # a class of somebody's with slots
        setattr(error, _PROFILE, name)


def profile_of(error: BaseException) -> str | None:
    """Return the profile whose database an error came from, if it came from one."""
    names = (getattr(each, _PROFILE, None) for each in _causes(error))
    return next((name for name in names if name is not None), None)


def mark_unrepeatable(error: BaseException) -> None:
    """Note that work which raised this had taken effect in part, and must not be run again."""
    with contextlib.suppress(AttributeError):
        setattr(error, _UNREPEATABLE, True)


def is_unrepeatable(error: BaseException) -> bool:
    """Whether an error is marked so."""
    return bool(getattr(error, _UNREPEATABLE, False))


def mark_as_of(error: BaseException, moment: float) -> None:
    """Note as of when an error tells how things are, by the monotonic clock: later, all may be well."""
    setattr(error, _AS_OF, moment)


def as_of(error: BaseException) -> float:
    """Return what is noted so; infinity for an error that is as true for whoever comes now."""
    return next(
        (each for each in (getattr(e, _AS_OF, None) for e in _causes(error)) if each is not None), inf
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it wraps or came of, on purpose: not what was merely being handled."""
    for _ in range(_DEEPEST):
        if error is None:
            return
        yield error
        if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        else:
            orig = getattr(error, "orig", None)
            error = orig if isinstance(orig, BaseException) else error.__cause__
