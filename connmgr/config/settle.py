"""Settle a profile: its references resolved, its defaults filled in, its secrets left where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connmgr.config.contradictions import contradictions
from connmgr.config.libpq.secret_words import secret_sources
from connmgr.config.libpq.target import build_target
from connmgr.config.libpq.user import put_user
from connmgr.config.milliseconds import ask_settled
from connmgr.config.scalars import seconds
from connmgr.config.schema import is_duration
from connmgr.config.secrets import Source
from connmgr.config.substitution import Substitution, unset
from connmgr.config.targets import Finding, find
from connmgr.errors import ConfigError
from connmgr.problem import Place, Problem
from connmgr.profile import Profile
from connmgr.secret import Environment
from connmgr.settings import (
    BreakerSettings,
    ConnectRetry,
    HealthSettings,
    PoolSettings,
    ReloadSettings,
    RetrySettings,
    SessionSettings,
    Settings,
    Timeouts,
    TransactionRetry,
)
from connmgr.target import SQLiteTarget, Target


def settle(profile: Profile, environ: Mapping[str, str]) -> Settings:
    """Return the settings of `profile`, its references taken from `environ`.

    Passwords stay sources: `password:` reads `environ` again at every connection. A `url` that stands in
    a variable or a file is read once, now.

    Raises:
        ConfigError: with every reference that is not set and every value that does not fit, each with
            the place of the reference in the file.
    """
    environ = Environment(environ)
    draft = _draft(profile, environ)
    if draft.target is None:
        raise ConfigError({problem for problem in draft.problems if not problem.code.is_warning})
    return _settings(profile, draft, draft.target)


def unsettled(profile: Profile, environ: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return the problems that `settle` would raise, and the warnings: of secrets' sources, of durations."""
    return tuple(sorted({*_draft(profile, Environment(environ)).problems}))


@dataclass(slots=True)
class _Draft:
    """What a profile comes to. It has no target when one of `problems` is more than a warning."""

    problems: list[Problem] = field(default_factory=list)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    target: Target | None = None
    connect_timeout: float | None = None


def _draft(profile: Profile, environ: Environment) -> _Draft:
    """Return what the profile comes to. Nothing here raises: a frame may hold a URL and its password."""

    def place(path: tuple[str, ...]) -> Place:
        return profile.place(*path)

    draft = _Draft([*unset(profile, environ)])
    if not draft.problems:
        substitution = Substitution(profile, environ)
        draft.values, draft.problems = substitution.values, substitution.problems
        if not draft.problems:
            draft.problems += contradictions(draft.values, place)
            draft.problems += ask_settled(draft.values, substitution.origins, profile.values, place)
    found = find(profile.values, place, environ, Path(profile.file).parent)
    _put_target(draft, found, profile, environ)
    return draft


def _put_target(draft: _Draft, found: Finding, profile: Profile, environ: Environment) -> None:
    sheet, root = found.sheet, Path(profile.file).parent
    secrets: Mapping[str, Source] = {}
    if found.servers is not None:
        put_user(sheet)
    if not found.is_sqlite:
        secrets = secret_sources(sheet, found.servers, environ, root, found.url_origin)
    draft.problems += sheet.problems
    if any(not problem.code.is_warning for problem in draft.problems):
        return
    if found.sqlite is not None:
        draft.target = found.sqlite
    elif found.servers is not None:
        draft.target = build_target(sheet, profile.name, found.servers, secrets)
    timeout = sheet.value("connect_timeout")
    draft.connect_timeout = float(timeout) if isinstance(timeout, int | float) else None


def _settings(profile: Profile, draft: _Draft, target: Target) -> Settings:
    values = draft.values
    timeouts = _group(values, "timeouts")
    if draft.connect_timeout is not None:
        timeouts.setdefault("connect", draft.connect_timeout)
    return Settings(
        name=profile.name,
        target=target,
        pool=_pool(_group(values, "pool"), embedded=isinstance(target, SQLiteTarget)),
        timeouts=Timeouts(**timeouts),
        session=SessionSettings(**_group(values, "session")),
        health=HealthSettings(**_group(values, "health")),
        retry=RetrySettings(
            ConnectRetry(**_group(values, "retry", "connect")),
            TransactionRetry(**_group(values, "retry", "transaction")),
        ),
        breaker=BreakerSettings(**_group(values, "breaker")),
        reload=ReloadSettings(**_group(values, "reload")),
        startup=values.get("startup", "lazy"),
        protected=values.get("protected", False),
        description=values.get("description", ""),
    )


def _group(values: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """Return the values of one group: durations in seconds, 5.0 as the whole number it is."""
    for name in path:
        values = values.get(name, {})
    return {key: _plain((*path, key), value) for key, value in values.items()}


def _plain(path: tuple[str, ...], value: Any) -> Any:
    if is_duration(path):
        return seconds(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _pool(group: dict[str, Any], *, embedded: bool) -> PoolSettings:
    mode = group.pop("mode", "auto")
    if mode == "auto":
        mode = "none" if embedded else "pooled"
    return PoolSettings(mode=mode, **group)
