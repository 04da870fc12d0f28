"""Spans of checkouts and of `Registry.run`, below the application's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode, TracerProvider

from connmgr.engine.failures import classify
from connmgr.errors import ConnmgrError
from connmgr.target import PostgresTarget
from connmgr.telemetry.metrics import POOL_NAME
from connmgr.telemetry.readings import Source

CHECKOUT: Final = "connmgr.checkout"
RUN: Final = "connmgr.run"
SYSTEM: Final = "db.system.name"
ERROR_TYPE: Final = "error.type"


def is_traced() -> bool:
    """Whether the application is in a span that somebody will see."""
    return trace.get_current_span().is_recording()


class Spans:
    """Makes the spans of one registry, with the global provider where none is given."""

    def __init__(self, source: Source, provider: TracerProvider | None) -> None:
        self._source = source
        self._tracer = trace.get_tracer("connmgr", version("connmgr"), provider)

    def checkout(self, profile: str, seconds: float, error: BaseException | None) -> None:
        """Make the span of a checkout that ends now. Only for who is traced, or each is a trace."""
        end = time.time_ns()
        span = self._tracer.start_span(
            CHECKOUT, attributes=self._attributes(profile), start_time=end - int(seconds * 1e9)
        )
        if error is not None:
            _note(span, error)
        span.end(end)

    @contextmanager
    def run(self, profile: str) -> Iterator[Span]:
        """Make the span of one call of `run`, the current one while the block runs."""
        with self._tracer.start_as_current_span(
            RUN,
            attributes=self._attributes(profile),
            # They would note its whole message, with the row that a database quotes in it.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                _note(span, error)
                raise

    def _attributes(self, profile: str) -> dict[str, str]:
        try:
            target = self._source.settings(profile).target
        except ConnmgrError:
            return {POOL_NAME: profile}  # a reload took it away from whoever works with it still
        return {POOL_NAME: profile, SYSTEM: "postgresql" if isinstance(target, PostgresTarget) else "sqlite"}


def _note(span: Span, error: BaseException) -> None:
    """Say on a span what went wrong: the kind, and the server's code or the error's class."""
    if span.is_recording():
        failure = classify(error)
        span.set_attribute(ERROR_TYPE, failure.sqlstate or type(error).__qualname__)
        span.set_status(Status(StatusCode.ERROR, failure.kind.value))
