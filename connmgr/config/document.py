"""What one YAML file says: plain values, where they stand, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connmgr.config.places import Places
from connmgr.problem import Problem


def _nowhere() -> Places:
    return Places("", {})


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """What one file says. `values` is None when it could not be read as a whole.

    `places` maps a path to where its value stands, `keys` to where its key stands.
    """

    values: Mapping[str, object] | None = field(repr=False)
    places: Places = field(default_factory=_nowhere, repr=False)
    keys: Places = field(default_factory=_nowhere, repr=False)
    problems: tuple[Problem, ...] = ()
