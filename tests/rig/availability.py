"""Say that this machine lacks what a test needs: a skip on a desk, a failure in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it when `CI` is set: there, a skipped fault test is an untested promise."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (a failure and not a skip, because CI is set)", pytrace=False)
    pytest.skip(reason)
