"""A plan that came as plain values, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connmgr.cli.asking import here, printable
from connmgr.plan import Change, Effect, Plan, ProfilePlan
from connmgr.problem import Place


def text(plain: Mapping[str, Any]) -> str:
    """Return a plan as people read it, its files named from where we are."""
    profiles = tuple(map(_profile, plain["profiles"]))
    registry = tuple(map(_change, plain["registry"]))
    return printable(str(Plan(profiles, plain["unchanged"], registry)))


def _profile(plain: Mapping[str, Any]) -> ProfilePlan:
    return ProfilePlan(
        plain["profile"],
        plain["action"],
        _place(plain),
        plain["in_service"],
        tuple(map(_change, plain["changes"])),
    )


def _change(plain: Mapping[str, Any]) -> Change:
    return Change(plain["key"], plain["old"], plain["new"], Effect(plain["effect"]), _place(plain))


def _place(plain: Mapping[str, Any]) -> Place:
    return Place(here(plain["file"]), plain["line"])
