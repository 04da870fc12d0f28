"""Names of imported profiles, from whatever the source calls its databases."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from connmgr.config.files import is_name

_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)
_LONGEST: Final = 63
_LETTER_FIRST: Final = "db_"


def fitting(text: str, taken: Collection[str] = ()) -> str:
    """Return `text` as a name that a profile may have and that none has yet."""
    name = _UNFIT.sub("_", text).strip("_-") or "imported"
    name = name[:_LONGEST]
    # A digit comes first, or Windows takes it for a device.
    if not is_name(name):
        name = (_LETTER_FIRST + name)[:_LONGEST]
    number = 2
    unique = name
    while unique in taken:
        suffix = f"_{number}"
        unique = name[: _LONGEST - len(suffix)] + suffix
        number += 1
    return unique


def variable(name: str, what: str) -> str:
    """Return the name of the variable for a secret of the profile `name`: `ORDERS_PASSWORD`."""
    return f"{name}_{what}".upper().replace("-", "_")
