"""What a secret may be made of: the rules for a text, and for the bytes of a file or a command."""

from __future__ import annotations

from typing import Final

from connmgr.config.scalars import unsafe_character
from connmgr.config.secrets.base import Answer, Context
from connmgr.problem import Code
from connmgr.secret import Secret

LIMIT: Final = 64 * 1024
"""The most bytes of a file or of a command's output: far more than any secret, and no harm to memory."""

ONE_LINE: Final = "one line of UTF-8 text"
_BYTE_ORDER_MARK: Final = "\ufeff"


def text_of(contents: bytes | bytearray) -> Secret:
    """Return the text of one line: the line break that an editor or `echo` puts at its end is dropped.

    Bytes that are no UTF-8 become what `without_unsafe` refuses: the error of a strict decoding would
    carry the contents.
    """
    text = contents.decode(errors="surrogateescape")
    return Secret(text[:-2] if text.endswith("\r\n") else text.removesuffix("\n"))


def one_line(secret: Secret, origin: str, code: Code, context: Context) -> Answer:
    """Return the contents of a file or a command as `text_of` gave them, unless no secret is like that."""
    if not secret.reveal():
        hint = "leave the key out if there is none to give"
        return (context.problem(code, f"the {context.setting} from {origin} is empty", ONE_LINE, hint),)
    if secret.reveal().startswith(_BYTE_ORDER_MARK):
        found = f"a byte order mark at the start of what {origin} holds"
        return (context.problem(code, found, ONE_LINE, "save it as UTF-8 without a byte order mark"),)
    return without_unsafe(secret, origin, context)


def without_unsafe(secret: Secret, origin: str, context: Context, what: str = "") -> Answer:
    """Return the secret, or `what` it is, unless it holds a character that no setting may hold."""
    unsafe = unsafe_character(secret.reveal())
    if not unsafe:
        return secret
    found, hint = f"{unsafe} inside the {what or context.setting}", f"it comes from {origin}"
    return (context.problem(Code.CONTROL_CHARACTER, found, "text without control characters", hint),)
