"""A secret appears nowhere but where `reveal()` is called."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable

import pytest
from loguru import logger
from rich.pretty import pretty_repr

from connmgr import Secret

CANARY = "hunter2-canary"


@dataclasses.dataclass(frozen=True)
class Login:
    user: str
    password: Secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        ascii,
        pprint.pformat,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>40}",
        lambda secret: f"{secret:>40}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the form under test
        lambda secret: "{} {!r}".format(secret, secret),  # noqa: UP032 - the form under test
        lambda secret: str([secret]) + str({"password": secret}),
        pretty_repr,
        lambda secret: repr(Login("app", secret)),
        lambda secret: pretty_repr(Login("app", secret)),
        lambda secret: pprint.pformat(Login("app", secret)),
        lambda secret: repr(dataclasses.asdict(Login("app", secret))),
        lambda secret: str(ValueError(secret)) + repr(ValueError(secret)),
        lambda secret: json.dumps({"password": secret}, default=str),
        lambda secret: logging.makeLogRecord({"msg": "%s", "args": (secret,)}).getMessage(),
    ],
)
def test_no_way_to_make_a_text_of_a_secret_shows_it(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(CANARY))

    assert CANARY not in shown
    assert "********" in shown


@pytest.mark.parametrize(
    "take_apart",
    [
        lambda secret: [getattr(secret, name) for name in dir(secret)],
        lambda secret: [getattr(secret, name) for name in type(secret).__slots__],
        lambda secret: secret.__getstate__(),
    ],
)
def test_a_dumper_of_attributes_does_not_find_the_text(take_apart: Callable[[Secret], object]) -> None:
    found = repr(take_apart(Secret(CANARY)))

    assert "function" in found
    assert CANARY not in found


@pytest.mark.parametrize("take", [vars, json.dumps, pickle.dumps, bytes, list, len])
def test_what_would_take_a_secret_apart_is_refused(take: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as refusal:
        take(Secret(CANARY))

    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy])
def test_a_copy_is_the_secret_itself(take: Callable[[Secret], Secret]) -> None:
    secret = Secret(CANARY)

    assert take(secret) is secret


def test_a_refused_pickle_says_why() -> None:
    with pytest.raises(TypeError, match="a Secret is not pickled: it would leave the process in clear text"):
        pickle.dumps(Login("app", Secret(CANARY)))


def fail_with(password: Secret) -> None:
    login = Login("app", password)
    raise ValueError(f"cannot log in with {login}")


def test_a_traceback_with_locals_does_not_show_a_secret() -> None:
    with pytest.raises(ValueError, match="cannot log in") as failure:
        fail_with(Secret(CANARY))

    shown = "".join(traceback.TracebackException.from_exception(failure.value, capture_locals=True).format())
    assert "password = Secret('********')" in shown
    assert CANARY not in shown


def test_logurus_diagnosis_does_not_show_a_secret() -> None:
    written: list[str] = []
    sink = logger.add(written.append, diagnose=True, backtrace=True, format="{message} {extra}")
    secret = Secret(CANARY)

    try:
        fail_with(secret)
    except ValueError:
        logger.bind(password=secret).exception("failed for {}", secret)
    finally:
        logger.remove(sink)

    shown = "".join(written)
    assert "Secret('********')" in shown
    assert CANARY not in shown


def test_reveal_gives_the_text_itself() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_secrets_are_equal_and_hash_by_what_they_hold() -> None:
    assert Secret("Grüße") == Secret("Grüße")
    assert hash(Secret("one")) == hash(Secret("one"))
    assert Secret("one") != Secret("two")


def test_a_secret_never_equals_the_text_it_holds() -> None:
    assert Secret(CANARY) != CANARY
    assert hash(Secret(CANARY)) != hash(CANARY)


def test_secrets_that_are_no_utf_8_compare_too() -> None:
    # As Python shows the bytes of a variable; the error of an encoding would carry the text.
    assert Secret("\udcff") == Secret("\udcff")
    assert Secret("\udcff") != Secret("\udcfe")
