"""Keeps one good or bad check from turning traffic off and on."""

from __future__ import annotations

import datetime as dt

from connmgr.report import HealthReport, Status


class Damper:
    """Whether one profile counts as up: `fall` checks in a row turn that off, and `rise` on again.

    The first check decides by itself. Reports of one and the same check count once, however many ask, and
    those of a profile that is paused not at all: nothing was checked. `rise` and `fall` may change.
    """

    __slots__ = ("_against", "_checked_at", "fall", "is_up", "rise")

    def __init__(self, rise: int, fall: int) -> None:
        self.rise = rise
        self.fall = fall
        self._checked_at: dt.datetime | None = None
        self._against = 0
        self.is_up = True

    def feed(self, report: HealthReport) -> bool:
        """Take a report in, and return whether the profile is up."""
        is_well = report.status is not Status.UNHEALTHY
        if report.reason == "paused":
            return self.is_up
        if self._checked_at is None:
            self.is_up = is_well
        elif report.checked_at <= self._checked_at or report.reason == "not_checked":
            return self.is_up
        elif is_well == self.is_up:
            self._against = 0
        else:
            self._against += 1
            if self._against >= (self.rise if is_well else self.fall):
                self.is_up, self._against = is_well, 0
        self._checked_at = report.checked_at
        return self.is_up
