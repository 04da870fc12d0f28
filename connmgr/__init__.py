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
        ProtectedProfile,
        RegistryClosed,
        StartupFailed,
        TooManyWaiting,
        UnknownProfile,
        WrongEventLoop,
    )
    from connmgr.failure import Constraint, ConstraintKind, Failure, FailureKind
    from connmgr.poolstats import Histogram, PoolStats
    from connmgr.problem import Place, Problem
    from connmgr.profile import Profile
    from connmgr.registry import Registry
    from connmgr.report import HealthReport, Holder, ServerInfo, Status
    from connmgr.secret import Secret, SecretSource
    from connmgr.settings import Settings

_HOMES = {
    "CircuitOpen": "errors",
    "CommitInRun": "errors",
    "CommitOutcomeUnknown": "errors",
    "ConfigError": "errors",
    "ConnmgrError": "errors",
    "Constraint": "failure",
    "ConstraintKind": "failure",
    "EngineRetired": "errors",
    "Failure": "failure",
    "failure_of": "engine.failures",
    "FailureKind": "failure",
    "HealthReport": "report",
    "Histogram": "poolstats",
    "Holder": "report",
    "Place": "problem",
    "PoolStats": "poolstats",
    "PoolTimeout": "errors",
    "Problem": "problem",
    "Profile": "profile",
    "ProtectedProfile": "errors",
    "Registry": "registry",
    "RegistryClosed": "errors",
    "Secret": "secret",
    "SecretSource": "secret",
    "ServerInfo": "report",
    "Settings": "settings",
    "StartupFailed": "errors",
    "Status": "report",
    "TooManyWaiting": "errors",
    "UnknownProfile": "errors",
    "WrongEventLoop": "errors",
}

__all__ = [
    "CircuitOpen",
    "CommitInRun",
    "CommitOutcomeUnknown",
    "ConfigError",
    "ConnmgrError",
    "Constraint",
    "ConstraintKind",
    "EngineRetired",
    "Failure",
    "FailureKind",
    "HealthReport",
    "Histogram",
    "Holder",
    "Place",
    "PoolStats",
    "PoolTimeout",
    "Problem",
    "Profile",
    "ProtectedProfile",
    "Registry",
    "RegistryClosed",
    "Secret",
    "SecretSource",
    "ServerInfo",
    "Settings",
    "StartupFailed",
    "Status",
    "TooManyWaiting",
    "UnknownProfile",
    "WrongEventLoop",
    "failure_of",
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
