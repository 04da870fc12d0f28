"""Who has a pool's connections, and who has one for too long."""

from __future__ import annotations

from connmgr import logs
from connmgr.engine.pool import stacks
from connmgr.engine.pool.meter import Meter
from connmgr.engine.pool.record import Record
from connmgr.report import Holder


def holders(meter: Meter) -> tuple[Holder, ...]:
    """Say who has a connection now, the longest first."""
    now = meter.clock()
    out = [record for record in meter.open.values() if record.is_out]
    return tuple(_holder(meter, record, now) for record in sorted(out, key=lambda record: record.taken_at))


def report(meter: Meter) -> None:
    """Log each connection that is held longer than `pool.leak_detection_threshold`, once."""
    threshold = meter.settings.pool.leak_detection_threshold
    if threshold is None:
        return
    now = meter.clock()
    for record in list(meter.open.values()):
        if record.is_out:
            _report(meter, record, now, threshold)


def came_back(meter: Meter, record: Record, now: float) -> None:
    """Log that a connection which was held for too long is back: it was slow, not lost."""
    threshold = meter.settings.pool.leak_detection_threshold
    if threshold is None or now - record.taken_at <= threshold:
        return
    # It may have come back between two looks of `report`.
    _report(meter, record, now, threshold)
    holder = _holder(meter, record, now)
    logs.event(
        "INFO",
        f"profile {holder.profile!r}: the connection that task {holder.task!r} held too long is back "
        f"after {holder.held_for:.1f} s",
        profile=holder.profile,
        task=holder.task,
        held_for=holder.held_for,
    )


def _report(meter: Meter, record: Record, now: float, threshold: float) -> None:
    if not record.was_reported and now - record.taken_at > threshold:
        record.was_reported = True
        meter.leaks += 1
        _log(_holder(meter, record, now), threshold)


def _log(holder: Holder, threshold: float) -> None:
    logs.event(
        "WARNING",
        f"profile {holder.profile!r}: task {holder.task!r} holds a connection for {holder.held_for:.1f} s "
        f"(pool.leak_detection_threshold is {threshold:g} s); it was checked out at\n{holder.stack}",
        profile=holder.profile,
        task=holder.task,
        held_for=holder.held_for,
        stack=holder.stack,
    )


def _holder(meter: Meter, record: Record, now: float) -> Holder:
    task = record.task.get_name() if record.task else ""
    stack = stacks.render(record.stack) if record.stack else ""
    return Holder(meter.settings.name, task, now - record.taken_at, stack)
