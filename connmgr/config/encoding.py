"""Turn the bytes of a profile file into text, or say where they are none."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from connmgr.problem import Code, Place, Problem

LARGEST_FILE: Final = 1024 * 1024

_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What an editor counts as the end of a line; so does YAML, in a text that is fit.
LINE_END: Final = re.compile(r"\r\n|\r|\n")
# A tab before anything else on a line: YAML would read it now as indentation, now as a part of a text,
# and calls even a comment behind it no YAML.
_INDENTING_TAB: Final = re.compile(r"(?<![^\r\n]) *\t")
_ASCII: Final = re.compile(r"[\t\n\r -~]*")
_BEYOND_ASCII: Final = re.compile(r"[^\t\n\r -~]+")
_UTF8: Final = "a file in UTF-8"


def decode(data: bytes, file: str) -> tuple[str, tuple[Problem, ...]]:
    """Return the text of a file and what is wrong with it; with problems, the text is not to be used."""
    if len(data) > LARGEST_FILE:
        found = "the file is larger than 1 MiB"
        return "", (Problem(Place(file), "", found, "a profile of a few dozen lines", code=Code.TOO_LARGE),)
    if problem := _wide(data, file):
        return "", (problem,)
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        return "", (_bad_byte(data, file),)
    return text, tuple(_unfit(text, file))


def line_count(text: str) -> int:
    """How many lines an editor would show, 1 at least."""
    return max(1, len(LINE_END.split(text.rstrip("\r\n"))))


def place_at(text: str, index: int, file: str) -> Place:
    """Return the place of the character at `index`."""
    before = text[:index]
    lines = LINE_END.split(before)
    return Place(file, len(lines), len(lines[-1]) + 1)


def _wide(data: bytes, file: str) -> Problem | None:
    """UTF-16 and UTF-32, with a mark or without: their ASCII has NUL bytes, which no UTF-8 text has."""
    if not (data.startswith(_UTF16_MARKS) or b"\0" in data[:4]):
        return None
    hint = "save it again as UTF-8"
    found = "the file is in UTF-16, or in another encoding with NUL bytes"
    return Problem(Place(file), "", found, _UTF8, hint, code=Code.ENCODING)


def _bad_byte(data: bytes, file: str) -> Problem:
    # Decoded anew without the mark, so that columns count from the first visible character.
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        start = error.start
    place = place_at(body[:start].decode(), start, file)
    found = f"the byte 0x{body[start]:02X} is not UTF-8"
    hint = "save it again as UTF-8; it may be in Latin-1 now"
    return Problem(place, "", found, _UTF8, hint, code=Code.ENCODING)


def _unfit(text: str, file: str) -> Iterator[Problem]:
    # The first of its kind is enough: a file of another kind would yield thousands, each of them slowly.
    if "\t" in text and (match := _INDENTING_TAB.search(text)):
        place = place_at(text, match.end() - 1, file)
        hint = "replace every tab by two spaces"
        yield Problem(place, "", "a tab in the indentation", "spaces", hint, code=Code.TAB)
    for index, character in _unfit_characters(text):
        found = f"the character U+{ord(character):04X} ({_name(character)})"
        place = place_at(text, index, file)
        accepted = "text without control characters"
        yield Problem(place, "", found, accepted, "delete it", code=Code.CHARACTER)
        return


def _unfit_characters(text: str) -> Iterator[tuple[int, str]]:
    if _ASCII.fullmatch(text):
        return
    # Runs, for one call tells whether a whole run is printable: one for every character took a tenth of a
    # second in a file of one mebibyte.
    for run in _BEYOND_ASCII.finditer(text):
        if not run[0].isprintable():
            characters = enumerate(run[0], run.start())
            yield from ((index, character) for index, character in characters if not _fits(character))


def _fits(character: str) -> bool:
    if character.isprintable():
        return True
    import unicodedata  # a file that is fit needs none of its tables

    # U+0085 (one of Cc), U+2028 and U+2029 (Zl, Zp) would end a line for YAML and not for an editor: every
    # place below would be wrong. A U+FEFF inside the text, which one of PyYAML's parsers counts as a column
    # and the other does not, and the non-characters (Cn) are what a damaged file has.
    return unicodedata.category(character) not in {"Cc", "Cs", "Cn", "Zl", "Zp"} and character != "\ufeff"


def _name(character: str) -> str:
    import unicodedata

    return unicodedata.name(character, "a control character").lower()
