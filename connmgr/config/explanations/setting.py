"""Explain a setting from what the schema says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from connmgr.config import registry_schema
from connmgr.config.dump import dump
from connmgr.config.files import REGISTRY
from connmgr.config.schema import schema, settings
from connmgr.config.words import accepted

RELOAD: Final[Mapping[str, str]] = {
    "live": "applies it at once; connections stay",
    "next connection": "applies it to new connections; those that are open keep what they have",
    "rebuild": "makes a new engine, and retires the old one when its sessions are over",
}
"""What a reload does with a changed setting, by the schema's `x-reload`."""

# The form of every description in the schema.
_DESCRIPTION: Final = re.compile(
    r"(?P<meaning>.*?) Unit: (?P<unit>.*?)\. Default: (?P<default>.*)\.", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting or group of settings, in words; `path` is dotted, `examples` are whole YAML texts.

    `reload` is a key of `RELOAD`, empty for a group whose settings differ. `keys` are the paths of a
    group's settings.
    """

    path: str
    title: str
    meaning: str
    unit: str
    default: str
    accepted: str
    reload: str
    examples: tuple[str, ...]
    keys: tuple[str, ...]


@cache
def all_settings() -> Mapping[str, Setting]:
    """Return every setting and group by its dotted path, a group before what is in it."""
    root = schema()
    nodes = {".".join(path): node for path, node in settings()}
    return {path: _setting(path, node, nodes, root) for path, node in nodes.items()}


@cache
def registry_topics() -> Mapping[str, Setting]:
    """Return the settings of `_registry.yaml` as one asks for them: `_registry.web.details`.

    Without the file, `health` would be a profile's, and the other one's too.
    """
    return {f"{REGISTRY}.{path}": setting for path, setting in registry_settings().items()}


@cache
def registry_settings() -> Mapping[str, Setting]:
    """Return every setting of `_registry.yaml`, as `all_settings` does those of a profile."""
    root = registry_schema.root()
    nodes = {}
    for group, node in root["properties"].items():
        nodes[group] = node
        nodes |= {f"{group}.{key}": child for key, child in node.get("properties", {}).items()}
    return {path: _setting(path, node, nodes, root) for path, node in nodes.items()}


def _setting(
    path: str, node: Mapping[str, Any], nodes: Mapping[str, Any], root: Mapping[str, Any]
) -> Setting:
    found = _DESCRIPTION.fullmatch(node["description"])
    meaning, unit, default = found.groups() if found else (node["description"], "", "")
    return Setting(
        path,
        node["title"],
        meaning,
        unit,
        default,
        accepted(node, root),
        node.get("x-reload", ""),
        tuple(_yaml(path, example) for example in node["examples"]),
        tuple(other for other in nodes if other.rpartition(".")[0] == path),
    )


def _yaml(path: str, value: object) -> str:
    *groups, key = path.split(".")
    written: dict[str, object] = {key: value}
    for group in reversed(groups):
        written = {group: written}
    return dump(written)
