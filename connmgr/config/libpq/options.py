"""Read the server settings in libpq's `options`: `-c NAME=VALUE`, `-cNAME=VALUE`, `--NAME=VALUE`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_WORD: Final = re.compile(r"(?:\\.|[^\\\s])+", re.DOTALL)


def server_settings(options: str) -> frozenset[str]:
    """Return the names of the settings that `options` sets, as the server compares them."""
    words = _WORD.findall(options)
    return frozenset(_plain(name) for name in _names(words))


def _names(words: list[str]) -> Iterator[str]:
    for before, word in zip(["", *words], words, strict=False):
        if before == "-c":
            yield word
        elif word.startswith(("--", "-c")):
            yield word[2:]


def _plain(setting: str) -> str:
    return setting.partition("=")[0].replace("\\", "").replace("-", "_").lower()
