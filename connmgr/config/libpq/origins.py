"""Say of each of libpq's words that a profile's target was given who said it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connmgr.config.targets import find
from connmgr.profile import Profile


def target_origins(profile: Profile, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return who said each word: `url`, `connection`, `password`, `service NAME` or `variable PGHOST`.

    A word that nobody said, and that has its default, is left out. Reads what settling reads.
    """
    found = find(profile.values, lambda path: profile.place(*path), environ, Path(profile.file).parent)
    return {word: said.by for word, said in found.sheet.words.items()}
