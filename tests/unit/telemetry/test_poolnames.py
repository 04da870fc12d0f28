"""The number of names in metrics is bounded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from connmgr.telemetry.poolnames import PoolNames


def test_the_first_profiles_keep_their_names_and_the_rest_are_one() -> None:
    names = PoolNames(2)

    assert [names[profile] for profile in ("c", "a", "b", "a", "d")] == ["c", "a", "other", "a", "other"]


def test_a_name_stays() -> None:
    """A profile that got a name of its own later would make the counters of `other` fall."""
    names = PoolNames(1)
    before = names["a"], names["b"]

    assert (names["a"], names["b"]) == before == ("a", "other")


def test_a_limit_of_zero_names_nobody() -> None:
    assert PoolNames(0)["a"] == "other"


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="got -1"):
        PoolNames(-1)


def test_threads_that_ask_at_once_get_no_more_names_than_there_are() -> None:
    names = PoolNames(10)
    profiles = [f"p{number}" for number in range(200)]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: [names[profile] for profile in profiles], range(8)))

    assert all(each == found[0] for each in found)
    assert len(set(found[0])) == 11


def test_the_rest_are_not_remembered() -> None:
    names = PoolNames(1)

    assert [names[f"p{number}"] for number in range(100)] == ["p0", *["other"] * 99]
    assert len(names) == 1
