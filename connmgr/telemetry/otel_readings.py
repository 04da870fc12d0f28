"""Readings that all callbacks of one collection share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

from connmgr.telemetry.metrics import Metric
from connmgr.telemetry.readings import Readings, Sample


class Collection:
    """Reads once for a collection, in which each metric is asked for once: by whom, nobody says.

    A metric that is asked for again begins the next one. Read for each metric anew, figures of different
    moments would stand beside each other: more connections in use than may be open.
    """

    def __init__(self, read: Callable[[], Readings]) -> None:
        self._read = read
        self._readings: Readings = {}
        self._asked: set[Metric] = set()
        self._lock = Lock()

    def samples(self, metric: Metric) -> Iterable[Sample]:
        """Return the samples of a metric in this collection."""
        with self._lock:
            if metric in self._asked or not self._asked:
                self._readings, self._asked = self._read(), set()
            self._asked.add(metric)
            return self._readings.get(metric, ())
