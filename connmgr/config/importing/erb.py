"""Turn the ERB of a Rails file into references, as far as it only asks for variables.

Nothing is run. Every tag is replaced by a word that YAML takes for a plain text, and that the texts are
searched for after YAML has been read: what ERB would print could be YAML, and a reference is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connmgr.config.importing.draft import literal

_WORD: Final = "erbtag"
_TEXT: Final = r"""(?:"(?P<{0}1>[^"\\#{{}}]*)"|'(?P<{0}2>[^'\\{{}}]*)'|(?P<{0}3>[0-9][0-9_]*))"""
_ENV: Final = re.compile(
    r"""ENV(?:\[|\.fetch\(?)\s*(?:"(?P<name1>\w+)"|'(?P<name2>\w+)')\s*"""
    + rf"(?:,\s*{_TEXT.format('comma')}\s*)?[\])]?\s*"
    + rf"(?:\{{\s*{_TEXT.format('block')}\s*\}}|\|\|\s*{_TEXT.format('or')})?(?:\.to_[is])?",
    re.ASCII,
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Erb:
    """A text whose tags are words, and what the words stand for: a reference, or None for other Ruby.

    `control` are the lines of tags that print nothing, such as `<% if … %>`.
    """

    text: str
    control: tuple[int, ...]
    _word: re.Pattern[str]
    _values: tuple[str | None, ...]

    def has_tag(self, text: str) -> bool:
        """Whether a piece of the text had a tag."""
        return self._word.search(text) is not None

    def expand(self, text: str) -> str | None:
        """Return a piece of the text as a profile has it; None when it needs Ruby to be known."""
        first, *pieces = self._word.split(text)
        expanded = literal(first)
        for index, piece in zip(pieces[::2], pieces[1::2], strict=True):
            value = self._values[int(index)]
            if value is None:
                return None
            expanded += value + literal(piece)
        return expanded


def translate(text: str) -> Erb:
    """Replace the tags of a text, which keeps its lines."""
    word = _unused(text)
    pieces: list[str] = []
    values: list[str | None] = []
    control: list[int] = []
    for before, code, line in _tags(text):
        pieces.append(before)
        if code.startswith("="):
            pieces.append(f"{word}{len(values)}q")
            values.append(_reference(code[1:].removesuffix("-").strip()))
        elif code and not code.startswith("#"):
            control.append(line)
        pieces.append("\n" * code.count("\n"))
    return Erb("".join(pieces), tuple(control), re.compile(f"{word}([0-9]+)q"), tuple(values))


def _tags(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield each tag's code with the text before it and its line; last the rest, with an empty code.

    Searched for step by step: an expression would start anew at every `<%` that is never closed.
    """
    position, line = 0, 1
    while (start := text.find("<%", position)) >= 0 and (end := text.find("%>", start + 2)) >= 0:
        before, code = text[position:start], text[start + 2 : end]
        line += before.count("\n")
        yield before, code, line
        line += code.count("\n")
        position = end + 2
    yield text[position:], "", line


def _unused(text: str) -> str:
    """Return a word that the text does not have."""
    longest = max(map(len, re.findall(f"{_WORD}(x*)", text)), default=-1)
    return _WORD + "x" * (longest + 1)


def _reference(code: str) -> str | None:
    """Return the reference for Ruby that asks for one variable; None for any other."""
    match = _ENV.fullmatch(code)
    if match is None:
        return None
    name = match["name1"] or match["name2"]
    if not _NAME.fullmatch(name):
        return None
    found = match.groupdict()
    defaults = [text for key, text in found.items() if not key.startswith("name") and text is not None]
    if len(defaults) > 1:
        return None
    if not defaults or not defaults[0]:
        return f"${{{name}}}"
    is_number = any(found[f"{kind}3"] is not None for kind in ("comma", "block", "or"))
    default = defaults[0].replace("_", "") if is_number else defaults[0].replace("$", "$$")
    return f"${{{name}:-{default}}}"
