"""What a profile says of its pool, time-outs and sessions settles as written, or is refused with a reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connmgr.config.excerpt import with_source
from connmgr.config.loader import LoadResult
from connmgr.config.milliseconds import MOST_SECONDS
from connmgr.problem import Code
from connmgr.settings import PoolSettings, Settings, Timeouts

Load = Callable[[str], LoadResult]
Settle = Callable[..., Settings]
SERVER = "url: postgresql://app@localhost/orders\n"


def test_what_the_pool_and_its_time_outs_know_settles_in_seconds(settled: Settle) -> None:
    settings = settled(
        f"{SERVER}"
        "pool: {size: 8, min_idle: 2, keepalive: 2m, pre_ping: always, liveness_window: 250ms, "
        "liveness_timeout: 1, connecting_limit: 4, max_waiting: 0, reset: full, "
        'leak_detection_threshold: "${LEAK:-1m}"}\n'
        "timeouts: {lock: 1500ms, idle_in_transaction: 1m, command: 40s}\n"
        "session: {autocommit: true}\n"
    )

    assert settings.pool == PoolSettings(
        size=8,
        min_idle=2,
        keepalive=120.0,
        pre_ping="always",
        liveness_window=0.25,
        liveness_timeout=1.0,
        connecting_limit=4,
        max_waiting=0,
        reset="full",
        leak_detection_threshold=60.0,
    )
    assert settings.timeouts == Timeouts(lock=1.5, idle_in_transaction=60.0, command=40.0)
    assert settings.session.autocommit is True


@pytest.mark.parametrize(
    "line",
    [
        "pool: {connecting_limit: 0}",
        "pool: {max_waiting: -1}",
        "pool: {min_idle: -1}",
        "pool: {leak_detection_threshold: 0}",
        "pool: {keepalive: 0s}",
        "pool: {pre_ping: sometimes}",
        "pool: {reset: commit}",
        "timeouts: {lock: 0}",
        "session: {autocommit: yes}",
    ],
)
def test_what_the_pool_cannot_be_is_refused(load: Load, line: str) -> None:
    (problem,) = load(f"{SERVER}{line}\n").problems

    assert problem.code is Code.VALUE


def test_true_and_false_are_no_answer_to_which_connections_are_asked(load: Load) -> None:
    (problem,) = load(f"{SERVER}pool: {{pre_ping: true}}\n").problems

    assert str(problem).endswith(
        "orders.yaml:2:18: CM303 pool.pre_ping: found true; accepted: auto, always, never, or a "
        "reference such as ${NAME}; write always, or auto to leave out those that were used a moment ago"
    )


@pytest.mark.parametrize(
    "path",
    [
        "pool.keepalive",
        "pool.liveness_window",
        "pool.leak_detection_threshold",
        "timeouts.lock",
        "timeouts.idle_in_transaction",
        "timeouts.command",
    ],
)
def test_a_large_bare_number_may_be_meant_in_milliseconds(load: Load, path: str) -> None:
    group, key = path.split(".")

    result = load(f"{SERVER}{group}: {{{key}: {MOST_SECONDS + 1}}}\n")

    assert [(warning.path, warning.code) for warning in result.warnings] == [(path, Code.MILLISECONDS)]


def test_a_command_time_out_does_not_make_the_program_of_a_password_showable(load: Load) -> None:
    text = f"{SERVER}password: {{command: [pass, hunter2], fil: x}}\ntimeouts: {{command: soon}}\n"

    shown = [
        with_source(problem, text.splitlines()[problem.place.line - 1]) for problem in load(text).problems
    ]

    assert any("command" in line for line in shown)
    assert "hunter2" not in str(shown)
