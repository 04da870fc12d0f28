"""Show health reports as they arrive: a live table, plain columns, or JSON."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from connmgr.cli.output import on_terminal, one_line, write, write_json
from connmgr.cli.tables import Row, plain_columns, terminal_table
from connmgr.healthjson import notes, overall
from connmgr.poolstats import PoolStats
from connmgr.report import HealthReport
from connmgr.server import ServerInfo

if TYPE_CHECKING:
    from rich.console import Group

HEADER = ("profile", "status", "reason", "latency", "pool", "server", "advice")
STYLES = {"healthy": "green", "degraded": "yellow", "unhealthy": "bold red", "checking": "dim"}
VERDICT = 3
"""How many columns of the table, from the left, say how a profile is."""
ADVICE_WIDTH = 30
"""Fewest characters in a line that are worth a column of sentences."""

BAR = 10
"""Characters of the bar that shows how full a pool is; one in use is already one of them."""

Reports = Mapping[str, HealthReport]


class Show(Protocol):
    """Show the reports that are there; `complete` when the round is over."""

    def __call__(self, reports: Reports, *, complete: bool) -> None:
        """Show them."""
        ...


def open_view(names: Sequence[str], *, as_json: bool, repeats: bool) -> AbstractContextManager[Show]:
    """Return the view that suits standard output; leaving it ends a live table, the last one stays."""
    if as_json:
        return _json_view(repeats=repeats)
    return _live_view(names, repeats=repeats) if on_terminal() else _plain_view(names, repeats=repeats)


@contextmanager
def _json_view(*, repeats: bool) -> Iterator[Show]:
    """Write one object; one on each line when rounds repeat."""

    def show(reports: Reports, *, complete: bool) -> None:
        if complete:
            profiles = {name: report.to_dict() for name, report in reports.items()}
            write_json(
                {"status": overall(reports.values()).value, "profiles": profiles},
                indent=None if repeats else 2,
            )

    yield show


@contextmanager
def _plain_view(names: Sequence[str], *, repeats: bool) -> Iterator[Show]:
    """Write a table for each complete round, under the time of its last report when rounds repeat."""

    def show(reports: Reports, *, complete: bool) -> None:
        if not complete:
            return
        table = plain_columns(HEADER, [row(name, reports.get(name)) for name in names])
        table = "\n".join([table, *map(one_line, notes(reports.values()))])
        write(f"{_time(reports)}\n{table}" if repeats else table)

    yield show


@contextmanager
def _live_view(names: Sequence[str], *, repeats: bool) -> Iterator[Show]:
    """Draw one table on the terminal anew at each report."""
    from rich.console import Console
    from rich.live import Live

    console = Console()
    live = Live(
        _picture(names, {}, console.width, repeats=repeats),
        console=console,
        auto_refresh=False,
        # log events would be drawn over; in a file they must not be moved to standard output
        redirect_stderr=sys.stderr.isatty(),
    )

    def show(reports: Reports, *, complete: bool) -> None:
        live.update(_picture(names, reports, console.width, repeats=repeats), refresh=True)

    with live:
        yield show


def _picture(names: Sequence[str], reports: Reports, width: int, *, repeats: bool) -> Group:
    """Draw the table; the cells for which the terminal has no room go below it, as sentences."""
    from rich.console import Group
    from rich.text import Text

    rows = [row_with_bar(name, reports.get(name)) for name in names]
    columns = _columns_that_fit(rows, width)
    table = terminal_table(HEADER[:columns], [line[:columns] for line in rows], STYLES)
    below = [f"{line[0]}: {', '.join(filter(None, line[columns:]))}" for line in rows if any(line[columns:])]
    below += notes(reports.values())
    if repeats and reports:
        below.append(f"checked {_time(reports)}; Ctrl-C ends")
    return Group(table, *map(Text, below))


def _columns_that_fit(rows: Sequence[Row], width: int) -> int:
    """Return how many columns to draw: all, all but the sentences, or the verdict alone."""
    facts = plain_columns(HEADER[:-1], [line[:-1] for line in rows])
    widest = max(map(len, facts.splitlines()))
    if widest + ADVICE_WIDTH <= width:
        return len(HEADER)
    return len(HEADER) - 1 if widest <= width else VERDICT


def row(name: str, report: HealthReport | None) -> tuple[str, ...]:
    """Return the cells of one profile, as in `HEADER`; without a report it is still being checked."""
    if report is None:
        return (name, "checking", "", "", "", "", "")
    latency = "" if report.latency_ms is None else f"{report.latency_ms:.1f} ms"
    cells = (report.reason, latency, _pool(report.pool), _server(report.server), _advice(report))
    return (name, report.status.value, *map(one_line, cells))


def row_with_bar(name: str, report: HealthReport | None) -> tuple[str, ...]:
    """Return the cells with a bar before the numbers of the pool, so that a full one is seen among many."""
    cells = row(name, report)
    pool = report.pool if report is not None else None
    if pool is None or not pool.max:
        return cells
    full = min(BAR, -(-pool.in_use * BAR // pool.max))
    column = HEADER.index("pool")
    bar = f"[{'#' * full}{'.' * (BAR - full)}] {cells[column]}"
    return (*cells[:column], bar, *cells[column + 1 :])


def _pool(pool: PoolStats | None) -> str:
    if pool is None:
        return ""
    return f"{pool.in_use} (no limit)" if pool.max is None else f"{pool.in_use} of {pool.max}"


def _server(server: ServerInfo | None) -> str:
    if server is None:
        return ""
    return " ".join(filter(None, (server.product, server.version, server.role)))


def _advice(report: HealthReport) -> str:
    """Say what went wrong and what to do about it."""
    return "; ".join(filter(None, (report.error.message if report.error else "", report.hint)))


def _time(reports: Reports) -> str:
    latest = max((report.checked_at for report in reports.values()), default=dt.datetime.now(dt.UTC))
    return latest.isoformat(timespec="seconds")
