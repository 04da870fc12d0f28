"""A configuration-driven connection manager for async SQLAlchemy.

    registry = Registry.load("profiles")
    async with registry, registry.session("production") as session:
        ...

`__all__` is the public face; everything else may move in any release. Names are imported when they are
first used (PEP 562): a command that only reads files does not pay for SQLAlchemy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connmgr.engine.failures import failure_of
    from connmgr.errors import (
        CircuitOpen,
        CommitInRun,
        CommitOutcomeUnknown,
        ConfigError,
        ConnmgrError,
        EngineRetired,
        PoolTimeout,
        ProfileDisabled,
        ProfileRemoved,
        ProtectedProfile,
        RegistryClosed,
        ReloadRefused,
        StartupFailed,
        TooManyWaiting,
        UnknownGroup,
        UnknownProfile,
        WrongEventLoop,
    )
    from connmgr.failure import Constraint, ConstraintKind, Failure, FailureKind
    from connmgr.healthjson import health_json
    from connmgr.observer import Observer
    from connmgr.plan import Change, Effect, Plan, ProfilePlan
    from connmgr.poolstats import Histogram, PoolStats
    from connmgr.problem import Place, Problem
    from connmgr.profile import Profile
    from connmgr.registry import Registry
    from connmgr.registry_settings import RegistrySettings
    from connmgr.report import HealthHistory, HealthPoint, HealthReport, Holder, ReloadStats, Status
    from connmgr.secret import Secret, SecretSource
    from connmgr.server import ServerInfo, ServerLoad, TLSInfo
    from connmgr.settings import Settings

_HOMES = {
    "Change": "plan",
    "CircuitOpen": "errors",
    "CommitInRun": "errors",
    "CommitOutcomeUnknown": "errors",
    "ConfigError": "errors",
    "ConnmgrError": "errors",
    "Constraint": "failure",
    "ConstraintKind": "failure",
    "Effect": "plan",
    "EngineRetired": "errors",
    "Failure": "failure",
    "FailureKind": "failure",
    "HealthHistory": "report",
    "HealthPoint": "report",
    "HealthReport": "report",
    "Histogram": "poolstats",
    "Holder": "report",
    "Observer": "observer",
    "Place": "problem",
    "Plan": "plan",
    "PoolStats": "poolstats",
    "PoolTimeout": "errors",
    "Problem": "problem",
    "Profile": "profile",
    "ProfileDisabled": "errors",
    "ProfilePlan": "plan",
    "ProfileRemoved": "errors",
    "ProtectedProfile": "errors",
    "Registry": "registry",
    "RegistryClosed": "errors",
    "RegistrySettings": "registry_settings",
    "ReloadRefused": "errors",
    "ReloadStats": "report",
    "Secret": "secret",
    "SecretSource": "secret",
    "ServerInfo": "server",
    "ServerLoad": "server",
    "Settings": "settings",
    "StartupFailed": "errors",
    "Status": "report",
    "TLSInfo": "server",
    "TooManyWaiting": "errors",
    "UnknownGroup": "errors",
    "UnknownProfile": "errors",
    "WrongEventLoop": "errors",
    "failure_of": "engine.failures",
    "health_json": "healthjson",
}

__all__ = [
    "Change",
    "CircuitOpen",
    "CommitInRun",
    "CommitOutcomeUnknown",
    "ConfigError",
    "ConnmgrError",
    "Constraint",
    "ConstraintKind",
    "Effect",
    "EngineRetired",
    "Failure",
    "FailureKind",
    "HealthHistory",
    "HealthPoint",
    "HealthReport",
    "Histogram",
    "Holder",
    "Observer",
    "Place",
    "Plan",
    "PoolStats",
    "PoolTimeout",
    "Problem",
    "Profile",
    "ProfileDisabled",
    "ProfilePlan",
    "ProfileRemoved",
    "ProtectedProfile",
    "Registry",
    "RegistryClosed",
    "RegistrySettings",
    "ReloadRefused",
    "ReloadStats",
    "Secret",
    "SecretSource",
    "ServerInfo",
    "ServerLoad",
    "Settings",
    "StartupFailed",
    "Status",
    "TLSInfo",
    "TooManyWaiting",
    "UnknownGroup",
    "UnknownProfile",
    "WrongEventLoop",
    "failure_of",
    "health_json",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
