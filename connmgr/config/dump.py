"""Write values as the YAML text of a profile, the way a person would."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from connmgr.config.scalars import NotANumber, resolve

# Without quotes only what reads as one word or sentence: no indicator of YAML's at the start, no ": ", " #"
# or space at an end, and nothing that an editor would not show.
_PLAIN: Final = re.compile(r"(?!\s)(?:[\w/$]|~/)(?:[\w/$~.,@%+=?&{}() -]|:(?=\S))*(?<!\s)")
# YAML 1.1, which editors and other tools still speak, takes these for booleans.
_BOOLEANS_ELSEWHERE: Final = frozenset({"y", "n", "yes", "no", "on", "off"})
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
# A key of more characters than this is none for YAML, unless it is marked as one.
_LONGEST_KEY: Final = 1000


def dump(values: Mapping[str, object]) -> str:
    """Return the text of a file that `config.source` reads as `values`: mappings, lists, and scalars.

    Raises:
        ValueError: no text reads as one of the values: half a surrogate pair, an infinite number, or a
            number or a key that is too long.
        TypeError: a value is of another type; a `Secret` is, for it must not get into a file.
    """
    return "".join(f"{line}\n" for line in _mapping(values)) or "{}\n"


def _mapping(values: Mapping[str, object]) -> Iterator[str]:
    for key, value in values.items():
        yield from _entry(f"{_key(key)}:", value)


def _sequence(values: list[object] | tuple[object, ...]) -> Iterator[str]:
    for value in values:
        lines = _block(value)
        if lines is None:
            yield f"- {_scalar(value)}"
            continue
        first, *rest = lines
        yield f"- {first}"
        yield from (f"  {line}" for line in rest)


def _entry(key: str, value: object) -> Iterator[str]:
    lines = _block(value)
    if lines is None:
        yield f"{key} {_scalar(value)}"
        return
    yield key
    yield from (f"  {line}" for line in lines)


def _block(value: object) -> Iterator[str] | None:
    """Return the lines of a collection; None for what fits behind its key."""
    match value:
        case Mapping() if value:
            return _mapping(value)
        case list() | tuple() if value:
            return _sequence(value)
        case _:
            return None


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value)
        case str():
            return value if _is_plain(value) else _quoted(value)
        case Mapping():
            return "{}"
        case list() | tuple():
            return "[]"
    raise TypeError(f"a profile cannot hold a {type(value).__name__}")


def _number(value: float) -> str:
    text = repr(value)
    try:
        read_back = resolve(text)
    except NotANumber:
        read_back = None
    if isinstance(read_back, str | None):
        raise ValueError("a number that no profile can hold")
    return text


def _key(key: str) -> str:
    text = key if _is_plain(key) else _quoted(key)
    if len(text) > _LONGEST_KEY:
        raise ValueError("a key that is too long for a profile")
    return text


def _is_plain(text: str) -> bool:
    if not (_PLAIN.fullmatch(text) and all(map(_is_shown, text))) or text.lower() in _BOOLEANS_ELSEWHERE:
        return False
    # Inside an open reference the reader would report that YAML tore it.
    if text.rfind("${") > text.rfind("}"):
        return False
    try:
        return isinstance(resolve(text), str)
    except NotANumber:
        return False


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _is_shown(character):
        return character
    number = ord(character)
    if 0xD800 <= number <= 0xDFFF:
        raise ValueError("half of a surrogate pair, which no file can hold")
    if number <= 0xFF:
        return f"\\x{number:02X}"
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"


def _is_shown(character: str) -> bool:
    """Whether a character may stand as it is; the rest is invisible, or not for every reader of YAML."""
    return character.isprintable() and ord(character) <= 0xFFFF
