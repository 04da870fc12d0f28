"""The metrics as text: written in a thread, once for all who ask at the same time."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from connmgr.registry import Registry

SERVES_FOR: Final = 0.5
"""Seconds for which a text serves: each of them takes half a millisecond for every profile."""

_OPEN_METRICS: Final = "application/openmetrics-text"


class Scrape:
    """The exposition of one registry's metrics, in the two forms that Prometheus asks for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._writing = asyncio.Lock()
        self._written: dict[bool, tuple[float, bytes, str]] = {}

    async def text(self, accept: str | None) -> tuple[bytes, str]:
        """Return the text and its content type.

        Raises:
            ImportError: prometheus_client is not there; the message names the extra.
        """
        from connmgr.telemetry import exposition

        form = _OPEN_METRICS in (accept or "")
        async with self._writing:
            written_at, content, kind = self._written.get(form, (float("-inf"), b"", ""))
            if time.monotonic() - written_at >= SERVES_FOR:
                content, kind = await asyncio.to_thread(exposition, self._registry, accept)
                self._written[form] = time.monotonic(), content, kind
        return content, kind
