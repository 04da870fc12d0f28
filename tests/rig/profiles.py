"""Write profile files for a test, one for each keyword."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

Document: TypeAlias = str | dict[str, object]


def profile(url: str, **settings: object) -> dict[str, object]:
    """A profile's document: its URL, and whatever else it sets."""
    return {"url": url, **settings}


def asked_each_time(document: Document) -> Document:
    """Return a profile whose health is asked for anew by each check, as if `ttl` were nothing."""
    if isinstance(document, str):
        return document
    health = document.get("health")
    return {**document, "health": {"ttl": "0.001ms", **(health if isinstance(health, dict) else {})}}


def write_profiles(directory: Path, **documents: Document) -> Path:
    """Write `name.yaml` for each document into `directory` and return the directory.

    A text is written as it stands; anything else as JSON, which is YAML.
    """
    directory.mkdir(exist_ok=True)
    for name, document in documents.items():
        text = document if isinstance(document, str) else json.dumps(document)
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
    return directory
