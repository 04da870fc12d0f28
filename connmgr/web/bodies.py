"""The body of an answer: in the kind that the client likes best, with details or without."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from connmgr.healthjson import MEDIA_TYPE, WORDS, health_json, notes
from connmgr.web.watch import Look

JSON: Final = "application/json"
TEXT: Final = "text/plain"
KINDS: Final = (MEDIA_TYPE, JSON, TEXT)
"""What is offered, the first to those who like all of them the same."""

LONGEST_ACCEPT: Final = 1000
"""Characters of an `Accept` header that are read; browsers send a fifth of that."""


def liked_best(accept: str | None) -> str:
    """Return the kind that an `Accept` header likes best; the first for one that likes none.

    An answer of another kind is of more use to a probe than 406 would be (RFC 9110, 12.5.1, allows it).
    """
    if not accept or len(accept) > LONGEST_ACCEPT:
        return KINDS[0]
    likes = dict(map(_like, accept.split(",")))
    return max(KINDS, key=lambda kind: _quality(kind, likes))


def _like(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return kind.lower(), quality if 0 <= quality <= 1 else 0.0


def _quality(offered: str, likes: Mapping[str, float]) -> float:
    """Return how much a kind is liked: what comes closest to it decides (RFC 9110, 12.5.1)."""
    for like in (offered, f"{offered.partition('/')[0]}/*", "*/*"):
        if like in likes:
            return likes[like]
    return 0.0


def body(look: Look, kind: str, *, details: bool) -> bytes:
    """Return the answer, written once for all who like the same."""
    key = (kind, details)
    if key not in look.bodies:
        look.bodies[key] = _written(look, kind, details=details).encode()
    return look.bodies[key]


def _written(look: Look, kind: str, *, details: bool) -> str:
    if kind == TEXT:
        return _text(look, details=details)
    if not details:
        return json.dumps({"status": WORDS[look.status] if kind == MEDIA_TYPE else look.status.value})
    if kind == MEDIA_TYPE:
        return json.dumps(health_json(look.reports))
    profiles = {name: report.to_dict() for name, report in look.reports.items()}
    return json.dumps({"status": look.status.value, "profiles": profiles})


def _text(look: Look, *, details: bool) -> str:
    lines = [look.status.value]
    if details:
        lines += [f"{name} {each.status.value} {each.reason}" for name, each in look.reports.items()]
        lines += notes(look.reports.values())
    return "\n".join(lines) + "\n"
