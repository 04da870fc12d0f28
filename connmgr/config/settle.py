"""Settle a profile: its references resolved, its defaults filled in, its secrets left where they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from connmgr.config.references import Part, parse, references
from connmgr.config.scalars import seconds, unsafe_character
from connmgr.config.schema import is_duration
from connmgr.config.secrets import Source, secret_source
from connmgr.config.substitution import Substitution, unset
from connmgr.config.targets import Values, build_target, conflicts
from connmgr.config.urls import BadUrl, Fault, Url, leading, split
from connmgr.errors import ConfigError
from connmgr.problem import Problem
from connmgr.profile import HealthSettings, PoolSettings, Profile, SessionSettings, Settings, Timeouts
from connmgr.secret import Environment, Secret
from connmgr.target import SQLiteTarget


def settle(profile: Profile, environ: Mapping[str, str]) -> Settings:
    """Return the settings of `profile`, its references taken from `environ`.

    Passwords stay sources: `password:` reads `environ` again at every connection.

    Raises:
        ConfigError: with every reference that is not set and every value that does not fit, each with
            the place of the reference in the file.
    """
    environ = Environment(environ)
    _refuse([*unset(profile, environ)])
    substitution = Substitution(profile, environ)
    problems = substitution.problems
    try:
        built = _target(profile, environ, substitution.values)
    except ConfigError as error:
        problems = [*problems, *error.problems]
    _refuse(problems)
    return _settings(profile, substitution.values, built)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise ConfigError(problems)


def _target(profile: Profile, environ: Mapping[str, str], values: Mapping[str, Any]) -> Values:
    """Return what the url and the password come to."""
    parts = _secret_parts(profile, "url")
    place = profile.place("url")
    try:
        url = _url(parts, environ)
        sources = _passwords(profile, url, environ)
        _refuse(
            [problem for source in sources for problem in source.problems() if not problem.code.is_warning]
        )
        built = build_target(url, profile.name, environ, sources[0] if sources else None)
    except BadUrl as error:
        raise ConfigError(fault.problem(place, parts) for fault in error.faults) from None
    has_connect = "connect" in values.get("timeouts", {})
    has_password = "password" in profile.values
    _refuse(
        [
            *conflicts(
                url,
                built,
                lambda path: profile.place(*path),
                has_password=has_password,
                has_connect=has_connect,
            )
        ]
    )
    return built


def _secret_parts(profile: Profile, key: str) -> tuple[Part, ...]:
    return parse(cast("Secret", profile.values[key]).reveal())


def _url(parts: tuple[Part, ...], environ: Mapping[str, str]) -> Url:
    for reference in references(parts):
        # Before the url is split: the split marks references with a character that no text may hold.
        if unsafe := unsafe_character(reference.value(environ) or ""):
            accepted = "text without control characters"
            raise BadUrl(Fault(f"{unsafe} inside the url", accepted, origin=(reference,)))
    return split(leading(parts, environ))


def _passwords(profile: Profile, url: Url, environ: Mapping[str, str]) -> list[Source]:
    """Return the sources of the password, of which there may be two by mistake."""
    sources = []
    root = Path(profile.file).parent
    if "password" in profile.values:
        place = profile.place("password")
        sources.append(
            secret_source(
                profile.values["password"],
                environ=Environment(environ),
                place=place,
                path="password",
                root=root,
                origin="the profile file",
            )
        )
    if url.password is not None:
        written = references(_secret_parts(profile, "url")[:1])
        origin = f"the url in {written[0]}" if written else "the url"
        sources.append(
            secret_source(
                url.password,
                environ=Environment(environ),
                place=profile.place("url"),
                path="url",
                root=root,
                origin=origin,
            )
        )
    return sources


def _settings(profile: Profile, values: Mapping[str, Any], built: Values) -> Settings:
    timeouts = _group(values, "timeouts")
    if built.connect_timeout is not None:
        timeouts["connect"] = built.connect_timeout
    return Settings(
        name=profile.name,
        target=built.target,
        pool=_pool(_group(values, "pool"), embedded=isinstance(built.target, SQLiteTarget)),
        timeouts=Timeouts(**timeouts),
        session=SessionSettings(**_group(values, "session")),
        health=HealthSettings(**_group(values, "health")),
        description=values.get("description", ""),
    )


def _group(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the values of one group: durations in seconds, 5.0 as the whole number it is."""
    return {key: _plain((name, key), value) for key, value in values.get(name, {}).items()}


def _plain(path: tuple[str, ...], value: Any) -> Any:
    if is_duration(path):
        return seconds(value)
    return int(value) if isinstance(value, float) else value


def _pool(group: dict[str, Any], *, embedded: bool) -> PoolSettings:
    mode = group.pop("mode", "auto")
    if mode == "auto":
        mode = "none" if embedded else "pooled"
    return PoolSettings(mode=mode, **group)
