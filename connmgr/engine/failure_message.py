"""What is shown of an exception's text: one line, no secret, no row data, no control characters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from connmgr.errors import ConfigError
from connmgr.secret import MASK, Secret

MESSAGE_LIMIT: Final = 300
"""Characters of a failure's message; what is longer ends in an ellipsis."""

_DATA_EXCEPTION: Final = "22"
_DETAILS: Final = re.compile(r"\n(?:DETAIL|HINT):")


def text_of(cause: BaseException) -> str:
    """Give the driver's message, without what it or SQLAlchemy adds below."""
    if isinstance(cause, ConfigError):
        return " | ".join(map(str, cause.problems))
    if isinstance(cause, SQLAlchemyError) and cause.args:
        return str(cause.args[0])
    try:
        text = str(cause)
    except Exception:  # noqa: BLE001 - an exception that cannot tell its message still has a kind
        return ""
    # asyncpg adds lines of detail, which hold the values of the row.
    return _DETAILS.split(text, maxsplit=1)[0]


def message_of(text: str, sqlstate: str | None, secrets: Iterable[Secret]) -> str:
    """Return what may be shown of it; every occurrence of the secrets, also percent-encoded, is masked."""
    if sqlstate is not None and sqlstate.startswith(_DATA_EXCEPTION):
        return "a value does not fit; the driver's text is not shown, it quotes the value"
    # Masked first: cut short or escaped, a secret would no longer be found. The longest goes first: one
    # that holds another (a password and its successor) would else leave its end behind.
    for secret in sorted(secrets, key=lambda secret: len(secret.reveal()), reverse=True):
        text = _masked(text, secret)
    line = " ".join(text.split())[: MESSAGE_LIMIT + 1]
    if not line.isprintable():
        line = "".join(_escaped(character) for character in line)
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"


def _masked(text: str, secret: Secret) -> str:
    pattern = "".join(_plain_or_percent_encoded(character) for character in secret.reveal())
    return re.sub(pattern, MASK, text) if pattern else text


def _plain_or_percent_encoded(character: str) -> str:
    """Match one character: libraries differ in which they encode, and in which case."""
    encoded = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    space = "|\\+" if character == " " else ""
    return f"(?:{re.escape(character)}|(?i:{encoded}){space})"


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
