"""Keeps tests away from profiles that are protected."""

from __future__ import annotations

import os

from connmgr.errors import ProtectedProfile
from connmgr.settings import Settings

ENVIRONMENT = "CONNMGR_ENV"
_OF_PYTEST = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION")


def refuse_in_tests(settings: Settings) -> None:
    """Refuse a protected profile where tests run, which only the environment of the process decides.

    No argument, setting of the program or registry's `environ` overrides that: the test that would need to
    is the one that was meant to run elsewhere.

    Raises:
        ProtectedProfile: the profile is protected, and tests run.
    """
    if is_refused(settings):
        why = _why_it_is_a_test()
        raise ProtectedProfile(
            f"profile {settings.name!r} is protected, and {why}: give the tests a profile of their own; "
            "`protected: false` in the file would let them in"
        )


def is_refused(settings: Settings) -> bool:
    """Whether the profile is protected, and tests run."""
    return settings.protected and bool(_why_it_is_a_test())


def _why_it_is_a_test() -> str:
    if os.environ.get(ENVIRONMENT) == "test":
        return f"{ENVIRONMENT} is test"
    return next((f"pytest runs ({name} is set)" for name in _OF_PYTEST if name in os.environ), "")
