"""Changes are reported when they have come to rest, or have gone on for long enough."""

from __future__ import annotations

from connmgr.config.watching.rest import Rest


def test_one_change_is_due_when_it_was_quiet() -> None:
    rest = Rest(quiet=0.2, longest=0.6)

    rest.notice(10.0)

    assert rest.due() == 10.2


def test_each_further_change_puts_it_off() -> None:
    rest = Rest(quiet=0.25, longest=0.75)
    rest.notice(10.0)

    rest.notice(10.125)

    assert rest.due() == 10.375


def test_changes_without_a_pause_put_it_off_for_longest_at_most() -> None:
    rest = Rest(quiet=0.25, longest=0.75)
    for eighth in range(20):
        rest.notice(10.0 + eighth / 8)

    assert rest.due() == 10.75


def test_what_was_reported_counts_no_more() -> None:
    rest = Rest(quiet=0.25, longest=0.75)
    rest.notice(10.0)
    rest.reported()

    rest.notice(10.5)
    rest.notice(10.625)

    assert rest.due() == 10.875
