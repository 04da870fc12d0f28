"""Rows of cells as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connmgr.cli.output import one_line
from connmgr.cli.tables import plain_columns, terminal_table


def test_columns_are_as_wide_as_their_widest_cell():
    text = plain_columns(("name", "file"), [("a", "x"), ("longer", "y")])

    assert text.splitlines() == ["name    file", "a       x", "longer  y"]


def test_no_line_ends_in_spaces():
    text = plain_columns(("name", "note"), [("a", ""), ("b", "a long note")])

    assert text.splitlines() == ["name  note", "a", "b     a long note"]


def test_no_rows_leave_the_header():
    assert plain_columns(("name", "file"), []) == "name  file"


def test_a_cell_is_styled_by_what_it_says():
    table = terminal_table(("name", "status"), [("healthy", "unhealthy")], {"unhealthy": "red"})

    (cell,) = table.columns[1].cells
    assert (cell.plain, cell.style) == ("unhealthy", "red")


@given(st.text())
def test_a_text_made_one_line_has_no_line_end_and_no_control_character(text):
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert line.isprintable()


def test_a_control_character_is_shown_escaped():
    assert one_line("a\x1b[31m\n  b") == "a\\x1b[31m b"
