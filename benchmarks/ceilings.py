"""Validators in C and in Rust: what could be checked fastest of a profile that was read already.

Each is made once and raises for values that it refuses. Those that are not installed are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

Check = Callable[[Mapping[str, object]], object]


def ceilings(schema: dict[str, Any]) -> Iterator[tuple[str, Check | None]]:
    """Yield each validator by its name, None for one that is not installed."""
    makers: dict[str, Callable[[dict[str, Any]], Check]] = {
        "jsonschema_rs": _jsonschema_rs,
        "msgspec": _msgspec,
        "pydantic": _pydantic,
    }
    for name, make in makers.items():
        yield name, make(schema) if find_spec(name) else None


def _jsonschema_rs(schema: dict[str, Any]) -> Check:
    import jsonschema_rs

    return jsonschema_rs.validator_for(schema).validate


def _msgspec(_schema: dict[str, Any]) -> Check:
    import msgspec

    from benchmarks.models_msgspec import Profile

    return lambda values: msgspec.convert(values, Profile)


def _pydantic(_schema: dict[str, Any]) -> Check:
    from benchmarks.models_pydantic import Profile

    return Profile.model_validate
