"""Health reports in the words of `application/health+json` (draft-inadarei-api-health-check-06)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from connmgr.report import HealthReport, Status

MEDIA_TYPE: Final = "application/health+json"
WORDS: Final = {Status.HEALTHY: "pass", Status.DEGRADED: "warn", Status.UNHEALTHY: "fail"}


def overall(reports: Iterable[HealthReport]) -> Status:
    """Return the status of several profiles together: what is not critical degrades them at most."""
    statuses = [
        Status.DEGRADED if report.status is Status.UNHEALTHY and not report.critical else report.status
        for report in reports
    ]
    return max(statuses, key=list(Status).index, default=Status.HEALTHY)


def health_json(reports: Mapping[str, HealthReport]) -> dict[str, object]:
    """Return the reports as the draft has them, ready for JSON.

    Each profile is a component of the type `datastore`; its measurements are `responseTime` in
    milliseconds, and of its pool `connections`, `utilization` in percent, `waiting` and `maxWait` in seconds.
    `notes` say why the last reload of the profiles' files changed nothing, where it was refused.
    """
    checks: dict[str, object] = {}
    for name, report in reports.items():
        checks.update({f"{name}:{measured}": [check] for measured, check in _checks(report)})
    said = notes(reports.values())
    return {"status": WORDS[overall(reports.values())], **({"notes": said} if said else {}), "checks": checks}


def notes(reports: Iterable[HealthReport]) -> list[str]:
    """Return what is to be said of all profiles together, one line each."""
    refused = dict.fromkeys(report.reload_error for report in reports if report.reload_error)
    return [f"the files are not what runs, the last reload was refused: {each}" for each in refused]


def _checks(report: HealthReport) -> Iterable[tuple[str, dict[str, object]]]:
    yield "responseTime", _answer(report)
    pool = report.pool
    if pool is None:
        return
    status = WORDS[Status.HEALTHY]
    if report.stuck:
        status = WORDS[Status.UNHEALTHY]
    elif pool.saturated:
        status = WORDS[Status.DEGRADED]
    measures: dict[str, tuple[float, str]] = {"connections": (pool.in_use, "connections")}
    if pool.max:
        measures["utilization"] = (round(100 * pool.in_use / pool.max, 1), "percent")
    measures["waiting"] = (pool.waiting, "requests")
    measures["maxWait"] = (round(pool.oldest_wait, 3), "s")
    for measured, (value, unit) in measures.items():
        yield measured, _check(report, value, unit, status)


def _answer(report: HealthReport) -> dict[str, object]:
    check = _check(report, report.latency_ms, "ms", WORDS[report.status])
    check |= {"reason": report.reason, "critical": report.critical}
    if report.since is not None:
        check["since"] = report.since.isoformat()
    if report.server is not None:
        check["server"] = report.server.to_dict(report.checked_at)
    if report.status is not Status.HEALTHY:
        message = report.error.message if report.error else ""
        check["output"] = "; ".join(filter(None, (message, report.hint)))
    return check


def _check(report: HealthReport, value: float | None, unit: str, status: str) -> dict[str, object]:
    observed = {} if value is None else {"observedValue": value, "observedUnit": unit}
    return {
        "componentId": report.profile,
        "componentType": "datastore",
        **observed,
        "status": status,
        "time": report.checked_at.isoformat(),
    }
