"""The path of a setting in a document, and how messages show it."""

from __future__ import annotations

from typing import Final, TypeAlias

Path: TypeAlias = tuple[str, ...]

_LONGEST_WORD: Final = 40


def dotted(path: Path) -> str:
    """Return a path as messages show it: `pool.size`.

    Keys that are no words are left out: they may be a secret that slipped to the left of its colon.
    """
    return ".".join(key if is_word(key) else "…" for key in path)


def levels_above(path: Path) -> int:
    """Return how many keys lead to the settings: in a shared file `profiles` and a name, or `defaults`."""
    return {"profiles": 2, "defaults": 1}.get(path[0], 0) if path else 0


def is_word(key: str) -> bool:
    """Whether a key looks like the name of a setting and may be shown."""
    bare = key.replace("_", "").replace("-", "")
    return len(key) <= _LONGEST_WORD and bare.isalnum() and key.isascii()
