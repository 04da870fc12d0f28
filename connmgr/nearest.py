"""Say which of some names was perhaps meant by one that is none of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LONGEST_WORD: Final = 100
MOST_LISTED: Final = 20
"""Names that a message lists; a directory may have thousands."""
MOST_ASKED: Final = 50
"""Different words for which a near name is looked for, which takes long among ten thousand."""


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Ask whether the nearest candidate was meant; empty when none is near."""
    if len(word) > LONGEST_WORD:
        return ""  # a mebibyte of it would take a second to compare
    from difflib import get_close_matches  # only when something is wrong

    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    nearest = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f'did you mean "{by_folded[nearest[0]]}"?' if nearest else ""


def unknown(name: str, known: Iterable[str], where: str = "", *, kind: str = "profile") -> str:
    """Say that nothing of a kind has a name: which there are, and which was perhaps meant."""
    names = sorted(known)
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    hint = did_you_mean(name, names)
    listed = f"there are: {', '.join(names[:MOST_LISTED]) or 'none'}{more}"
    return f"no {kind} named {name!r}{where}; {listed}{f'; {hint}' if hint else ''}"


class Nearest:
    """Remembers what it said: one name that is gone may be missed in a thousand places."""

    def __init__(self, candidates: Iterable[str]) -> None:
        self._candidates = sorted(candidates)
        self._said: dict[str, str] = {}

    def hint(self, word: str) -> str:
        """Ask whether the nearest candidate was meant; after `MOST_ASKED` different words, nothing."""
        if word not in self._said and len(self._said) < MOST_ASKED:
            self._said[word] = did_you_mean(word, self._candidates)
        return self._said.get(word, "")
