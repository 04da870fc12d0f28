"""Check the value of each word on its own, against the schema of `connection`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.libpq.words import REFUSED, REFUSED_VALUES, SECRETS, known, reason, suggestion
from connmgr.config.scalars import unsafe_character
from connmgr.config.schema import check, is_text
from connmgr.config.urls import ESCAPES
from connmgr.problem import Code
from connmgr.secret import Secret

_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,15})", re.ASCII)
# What the schema takes of these is any text with something in it.
_ANY_TEXT: Final = frozenset(("host", "user", "dbname"))
_ADDRESS: Final = ("host", "port", "user", "dbname")
# Who says what is a value of the profile's own, as the schema of profiles sees it.
_OWN: Final = ("connection", "service")
_PORT: Final = "5432, or one for each host with commas between"


def check_values(sheet: Sheet) -> None:
    """Report the values that no word takes, and forget them; numbers become numbers.

    What the profile says in keys of its own was checked with them, and is only forgotten.
    """
    _check_secrets(sheet)
    for word, said in [*sheet.words.items()]:
        if said.by not in _OWN:
            _prepare(sheet, word, said)
        elif word not in known():
            del sheet.words[word]
        elif _refused_value(word, said):
            _refuse_value(sheet, word, said)
    values = {
        word: said.value
        for word, said in sheet.words.items()
        if said.value is not None and word not in SECRETS and not (said.value and word in _ANY_TEXT)
    }
    if not values:
        return  # most profiles have nothing else, and this is asked of each of ten thousand
    for problem in check({"connection": values}, place=sheet.place, settled=True, kind="base"):
        word = problem.path.split(".")[1]
        _refuse_unfit(sheet, word, problem.accepted)


def _check_secrets(sheet: Sheet) -> None:
    """Report a secret that is written as an empty text, and would be sent as one."""
    for word in SECRETS:
        written = sheet.value(word)
        if isinstance(written, Secret) and not written.reveal():
            accepted = "text, or a reference such as ${NAME}"
            sheet.refuse(sheet.words[word], Code.VALUE, "found an empty text", accepted, "delete the line")


def _prepare(sheet: Sheet, word: str, said: Said) -> None:
    if word not in known():
        _refuse_word(sheet, word, said)
        del sheet.words[word]
    elif word in SECRETS or not isinstance(said.value, str):
        return
    elif said.by != "url" and (unsafe := unsafe_character(said.value)):  # a URL's were looked at before
        accepted = "text without control characters"
        sheet.refuse(said, Code.CONTROL_CHARACTER, f"{unsafe} inside {word}", accepted)
        sheet.words[word] = replace(said, value=None)
    elif _refused_value(word, said):
        _refuse_value(sheet, word, said)
    elif not is_text(("connection", word)) and _WHOLE.fullmatch(said.value):
        sheet.words[word] = Said(int(said.value), said.path, said.by, said.origin)


def _refused_value(word: str, said: Said) -> bool:
    return (word, str(said.value)) in REFUSED_VALUES


def _refuse_value(sheet: Sheet, word: str, said: Said) -> None:
    """Refuse a value of libpq's that cannot be carried out; the table knows it, so it may be shown."""
    found = f"{word}={said.value}, which connmgr cannot carry out"
    hint = REFUSED_VALUES[word, str(said.value)]
    if said.by not in _OWN:
        sheet.refuse(said, Code.REFUSED_PARAMETER, found, hint=hint)
    sheet.words[word] = replace(said, value=None)


def _refuse_word(sheet: Sheet, word: str, said: Said) -> None:
    """Refuse a word of a service or a variable."""
    if word in REFUSED:
        found = f"the parameter {word}, which connmgr cannot carry out"
        sheet.refuse(said, Code.REFUSED_PARAMETER, found, hint=reason(word))
    else:
        hint = reason(word) or suggestion(word)
        sheet.refuse(said, Code.UNKNOWN_PARAMETER, "an unknown parameter", "libpq's parameters", hint)


def _refuse_unfit(sheet: Sheet, word: str, accepted: str) -> None:
    said = sheet.words[word]
    if said.by not in _OWN:
        code = Code.URL if word in _ADDRESS and said.by == "url" else Code.PARAMETER
        if word == "port":
            sheet.refuse(said, code, "a port that is no number from 1 to 65535", _PORT, _hint(said))
        else:
            sheet.refuse(said, code, f"a value that {word} does not take", accepted)
    sheet.words[word] = replace(said, value=None)


def _hint(said: Said) -> str:
    # The rest of a password whose @ was taken for the end of it, as a rule.
    return ESCAPES if said.by == "url" else ""
