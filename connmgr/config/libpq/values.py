"""Check the value of each word on its own, against the schema of `connection`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.libpq.words import REFUSED, REFUSED_VALUES, SECRETS, known, reason, suggestion
from connmgr.config.scalars import unsafe_character
from connmgr.config.schema import check, is_text
from connmgr.problem import Code

_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,15})", re.ASCII)
_STAND_IN: Final = "secret"
_ADDRESS: Final = ("host", "port", "user", "dbname")
_ACCEPTED: Final = {"port": "a number from 1 to 65535, or one for each host with commas between"}


def check_values(sheet: Sheet) -> None:
    """Report the values that no word takes, and forget them; numbers become numbers.

    What `connection` itself says was checked with the profile it stands in, and is only forgotten.
    """
    for word, said in [*sheet.words.items()]:
        if said.path[0] != "connection":
            _prepare(sheet, word, said)
        elif _refused_value(word, said):
            _refuse_value(sheet, word, said)
    values = {
        word: _STAND_IN if word in SECRETS else said.value
        for word, said in sheet.words.items()
        if said.value is not None
    }
    for problem in check({"connection": values}, place=sheet.place, settled=True, kind="base"):
        word = problem.path.rpartition(".")[2]
        _refuse_unfit(sheet, word, problem.accepted)


def _prepare(sheet: Sheet, word: str, said: Said) -> None:
    if word not in known():
        _refuse_word(sheet, word, said)
        del sheet.words[word]
    elif word in SECRETS or not isinstance(said.value, str):
        return
    elif unsafe := unsafe_character(said.value):
        accepted = "text without control characters"
        sheet.refuse(said, Code.CONTROL_CHARACTER, f"{unsafe} inside {word}", accepted)
        sheet.words[word] = replace(said, value=None)
    elif _refused_value(word, said):
        _refuse_value(sheet, word, said)
    elif not is_text(("connection", word)) and _WHOLE.fullmatch(said.value):
        sheet.words[word] = replace(said, value=int(said.value))


def _refused_value(word: str, said: Said) -> bool:
    return (word, str(said.value)) in REFUSED_VALUES


def _refuse_value(sheet: Sheet, word: str, said: Said) -> None:
    """Refuse a value of libpq's that cannot be carried out; the table knows it, so it may be shown."""
    found = f"{word}={said.value}, which connmgr cannot carry out"
    hint = REFUSED_VALUES[word, str(said.value)]
    if said.path[0] != "connection":
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
    if said.path[0] != "connection":
        code = Code.URL if word in _ADDRESS and said.by == "url" else Code.PARAMETER
        sheet.refuse(said, code, f"a value that {word} does not take", _ACCEPTED.get(word, accepted))
    sheet.words[word] = replace(said, value=None)
