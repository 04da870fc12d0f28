"""Metrics and traces of a registry, for OpenTelemetry and for Prometheus.

`__all__` is the public face. A name is imported when it is first used (PEP 562), and asks for its extra then:
neither library is needed by the other half, or by the rest of connmgr.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connmgr.telemetry.otel import Instrumentation, instrument
    from connmgr.telemetry.prometheus import PoolCollector, exposition

_HOMES = {
    "Instrumentation": "otel",
    "PoolCollector": "prometheus",
    "exposition": "prometheus",
    "instrument": "otel",
}

__all__ = ["Instrumentation", "PoolCollector", "exposition", "instrument"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
