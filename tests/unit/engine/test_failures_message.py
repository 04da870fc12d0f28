"""A failure's message is one short line that holds no secret, no statement and no row."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, InvalidRequestError, StatementError

from connmgr.engine.failure_hints import HINTS
from connmgr.engine.failure_message import MESSAGE_LIMIT
from connmgr.engine.failures import classify
from connmgr.failure import FailureKind
from connmgr.secret import MASK, Secret


def server_error(sqlstate: str, message: str, detail: str = "") -> asyncpg.PostgresError:
    """Make asyncpg's error of a server's answer."""
    return asyncpg.PostgresError.new({"C": sqlstate, "M": message, "D": detail})


@pytest.mark.parametrize("password", ["s3cret", "p@ss: w/ö%rd+", "a.*b", "x\ny", "back\\slash'quote"])
@pytest.mark.parametrize(
    "shown", [str, quote, quote_plus, lambda value: quote(value, safe=""), lambda value: quote(value).lower()]
)
def test_a_secret_is_masked_however_it_is_written(password: str, shown: object) -> None:
    assert callable(shown)
    exc = ValueError(f"cannot use postgresql://app:{shown(password)}@db/orders")

    failure = classify(exc, [Secret("other"), Secret(password)])

    assert failure.message == f"cannot use postgresql://app:{MASK}@db/orders"


def test_a_secret_across_the_cut_is_masked_before_the_cut() -> None:
    password = "s" * 60

    failure = classify(ValueError("x" * (MESSAGE_LIMIT - 30) + password), [Secret(password)])

    assert "s" not in failure.message


def test_of_two_secrets_the_longer_is_masked_whole() -> None:
    failure = classify(ValueError("no s3cret2 here"), [Secret("s3cret"), Secret("s3cret2")])

    assert failure.message == f"no {MASK} here"


def test_an_empty_secret_masks_nothing() -> None:
    assert classify(ValueError("odd"), [Secret("")]).message == "odd"


def test_a_long_message_is_cut() -> None:
    message = classify(ValueError("x" * 1000)).message

    assert message == "x" * (MESSAGE_LIMIT - 1) + "…"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("first\nsecond\r\n\tthird", "first second third"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("nul\x00 bell\x07", "nul\\x00 bell\\x07"),
        ("right\u202eleft", "right\\u202eleft"),
        ("grüße, 日本", "grüße, 日本"),
    ],
)
def test_a_message_is_one_line_without_control_characters(text: str, line: str) -> None:
    assert classify(ValueError(text)).message == line


def test_neither_statement_nor_parameters_nor_row_reach_the_message() -> None:
    orig = server_error(
        "23505", "duplicate key value violates unique constraint", "Key (card)=(4111) exists."
    )
    exc = DBAPIError("INSERT INTO cards VALUES ($1)", {"card": "4111"}, orig)

    failure = classify(exc)

    assert failure.message == "duplicate key value violates unique constraint"
    assert (failure.type, failure.sqlstate) == ("UniqueViolationError", "23505")


def test_a_value_that_the_server_or_driver_quotes_does_not_reach_the_message() -> None:
    exc = asyncpg.DataError("invalid input for query argument $1: '4111' (an integer is required)")

    assert "4111" not in classify(exc).message


def test_an_error_of_sqlalchemys_own_comes_without_its_link_and_statement() -> None:
    wrong_use = InvalidRequestError("This session is closed", code="xd2s")
    wrong_parameters = StatementError("a value is required", "SELECT :card", {"card": "4111"}, None)

    assert classify(wrong_use).message == "This session is closed"
    assert classify(wrong_parameters).message == "a value is required"


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_has_one_sentence_of_advice(kind: FailureKind) -> None:
    advice = HINTS[kind]

    assert advice
    assert "\n" not in advice
    assert not advice.endswith(".")
