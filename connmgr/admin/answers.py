"""Put what a registry returns and raises into plain values, with no secret and no driver's text in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from connmgr.config.diagnostics import render
from connmgr.engine.failures import classify
from connmgr.errors import ConfigError, ConnmgrError
from connmgr.plan import Plan
from connmgr.poolstats import PoolStats
from connmgr.report import Holder, ServiceState


def plan(found: Plan) -> object:
    """Return what `Plan.to_dict` does; files are absolute, for whoever asks may be in another directory.

    Each profile is made as it is encoded: thousands of dictionaries at once would have Python look for
    garbage in everything, and all threads wait for a tenth of a second.
    """
    return {
        "profiles": (_located(each.to_dict()) for each in found.profiles),
        "registry": [_located(each.to_dict()) for each in found.registry],
        "unchanged": found.unchanged,
    }


def pools(stats: Mapping[str, PoolStats], states: Mapping[str, ServiceState], *, named: bool) -> object:
    """Return state and counters of profiles; unless they were named, of those that are in use or not active.

    The counters of one that is not in use are None.
    """
    return {
        name: {"state": state, "stats": stats[name].to_dict() if name in stats else None}
        for name, state in states.items()
        if named or name in stats or state != "active"
    }


def holders(found: Iterable[Holder]) -> list[object]:
    """Return who has a connection."""
    return [
        {"profile": each.profile, "task": each.task, "held_for": each.held_for, "stack": each.stack}
        for each in found
    ]


def error(raised: Exception) -> dict[str, object]:
    """Return what an error is called and says; of what is not connmgr's own only its kind is told."""
    if isinstance(raised, ConfigError):
        problems = json.loads(render(raised.problems, "json"))
        return {"type": "ConfigError", "message": str(raised), "problems": _located(problems)}
    if isinstance(raised, ConnmgrError):
        return {"type": type(raised).__name__, "message": str(raised)}
    failure = classify(raised)
    return {"type": failure.type, "message": f"{failure.type} ({failure.kind})"}


def _located(value: Any) -> Any:
    """Return the value with each `file` in it absolute."""
    if isinstance(value, dict):
        return {
            key: str(Path(each).absolute()) if key == "file" else _located(each)
            for key, each in value.items()
        }
    return [_located(each) for each in value] if isinstance(value, list) else value
