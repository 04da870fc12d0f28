"""The schema of `_registry.yaml`, as one with what it refers to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from connmgr.config.paths import Path
from connmgr.config.resources import REGISTRY_SCHEMA, SCHEMA, resource

_ELSEWHERE: Final = "profile.schema.json#/$defs/"


@cache
def root() -> dict[str, Any]:
    """Return the schema with the profile's definitions in it, not to be changed."""
    text = resource(REGISTRY_SCHEMA).read_text(encoding="utf-8").replace(_ELSEWHERE, "#/$defs/")
    profile = json.loads(resource(SCHEMA).read_text(encoding="utf-8"))
    return {**json.loads(text), "$defs": profile["$defs"]}


def definition(path: Path) -> Mapping[str, Any]:
    """Return what the schema says of the setting at `path`; nothing when it knows none."""
    node: Mapping[str, Any] = root()
    for key in path:
        node = node.get("properties", {}).get(key) or node.get("additionalProperties") or {}
    return node


def keys_of(path: Path) -> tuple[str, ...]:
    """Return the keys that may stand below `path`, those of the file for an empty one."""
    return tuple(definition(path).get("properties", {}))
