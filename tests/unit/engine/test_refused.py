"""How long a secret is left alone after a refusal."""

from __future__ import annotations

import asyncpg

from connmgr.engine.drivers.refused import Refusals
from connmgr.secret import Secret

ERROR = asyncpg.InvalidPasswordError("no")


def pauses(refusals: Refusals, secret: Secret, count: int) -> list[float]:
    now, found = 0.0, []
    for _ in range(count):
        refused = refusals.note(secret, ERROR, now, now)
        found.append(refused.until - now)
        now = refused.until
    return found


def test_the_pause_doubles_from_one_second_to_sixty() -> None:
    assert pauses(Refusals(), Secret("a"), 9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_logins_that_were_under_way_together_are_one_refusal() -> None:
    refusals, secret = Refusals(), Secret("a")
    refusals.note(secret, ERROR, begun=10.0, now=10.5)

    refused = refusals.note(secret, ERROR, begun=10.1, now=10.6)

    assert refused.until == 11.5


def test_another_secret_has_pauses_of_its_own() -> None:
    refusals = Refusals()
    pauses(refusals, Secret("a"), 4)

    assert refusals.of(Secret("b")) is None
    assert pauses(refusals, Secret("b"), 1) == [1]


def test_an_accepted_secret_begins_anew_and_the_current_one_does_not() -> None:
    refusals = Refusals()
    pauses(refusals, Secret("a"), 3)
    pauses(refusals, Secret("b"), 3)

    refusals.accepted(Secret("a"), Secret("b"), 1000.0)

    assert refusals.of(Secret("a")) is None
    assert refusals.note(Secret("b"), ERROR, 1000.0, 1000.0).pause == 8


def test_a_lifted_pause_is_over_and_the_next_as_long_as_it_would_have_been() -> None:
    refusals, secret = Refusals(), Secret("a")
    refused = refusals.note(secret, ERROR, 0.0, 0.0)

    refusals.lift(secret)

    assert refused.until == 0.0
    assert refusals.note(secret, ERROR, 0.5, 0.5).until == 2.5


def test_a_source_that_tries_many_secrets_is_not_remembered_for_ever() -> None:
    refusals = Refusals()
    for number in range(100):
        refusals.note(Secret(str(number)), ERROR, 0.0, 0.0)

    assert len(refusals) == 4


def test_what_is_raised_once_more_is_a_copy_without_frames_and_with_notes_of_its_own() -> None:
    refusals, secret = Refusals(), Secret("a")
    try:
        raise asyncpg.InvalidPasswordError("no")
    except asyncpg.InvalidPasswordError as error:
        error.add_note("of the login")
        refused = refusals.note(secret, error, 0.0, 0.0)
        error.add_note("of the first caller")

    first, second = refused.error(), refused.error()
    first.add_note("of the second caller")

    assert (first.__traceback__, first.sqlstate) == (None, "28P01")  # type: ignore[attr-defined]
    assert second.__notes__ == ["of the login"]
