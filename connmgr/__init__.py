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
    from connmgr.errors import (
        ConfigError,
        ConnmgrError,
        EngineRetired,
        PoolTimeout,
        RegistryClosed,
        TooManyWaiting,
        UnknownProfile,
        WrongEventLoop,
    )
    from connmgr.poolstats import Histogram, PoolStats
    from connmgr.problem import Place, Problem
    from connmgr.profile import Profile
    from connmgr.registry import Registry
    from connmgr.report import (
        Failure,
        FailureKind,
        HealthReport,
        Holder,
        ServerInfo,
        Status,
    )
    from connmgr.secret import Secret, SecretSource
    from connmgr.settings import Settings

_HOMES = {
    "ConfigError": "errors",
    "ConnmgrError": "errors",
    "EngineRetired": "errors",
    "Failure": "report",
    "FailureKind": "report",
    "HealthReport": "report",
    "Histogram": "poolstats",
    "Holder": "report",
    "Place": "problem",
    "PoolStats": "poolstats",
    "PoolTimeout": "errors",
    "Problem": "problem",
    "Profile": "profile",
    "Registry": "registry",
    "RegistryClosed": "errors",
    "Secret": "secret",
    "SecretSource": "secret",
    "ServerInfo": "report",
    "Settings": "settings",
    "Status": "report",
    "TooManyWaiting": "errors",
    "UnknownProfile": "errors",
    "WrongEventLoop": "errors",
}

__all__ = [
    "ConfigError",
    "ConnmgrError",
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
    "Registry",
    "RegistryClosed",
    "Secret",
    "SecretSource",
    "ServerInfo",
    "Settings",
    "Status",
    "TooManyWaiting",
    "UnknownProfile",
    "WrongEventLoop",
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
