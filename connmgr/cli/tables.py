"""Draw rows of cells: aligned columns for pipes, a table for terminals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from connmgr.cli.output import on_terminal, write

if TYPE_CHECKING:
    from rich.table import Table

Row: TypeAlias = Sequence[str]
GAP = "  "


def write_table(header: Row, rows: Sequence[Row]) -> None:
    """Write the rows, as a table that fits the terminal or else as plain columns, never cut."""
    if on_terminal():
        from rich.console import Console

        console = Console()
        with console.capture() as capture:
            console.print(terminal_table(header, rows))
        write(capture.get())
    else:
        write(plain_columns(header, rows))


def plain_columns(header: Row, rows: Sequence[Row]) -> str:
    """Return the rows as aligned columns without control codes; every cell whole, one line per row."""
    lines = [header, *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(header))]
    return "\n".join(
        GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def terminal_table(header: Row, rows: Sequence[Row], styles: Mapping[str, str] | None = None) -> Table:
    """Return the rows as a table of rich's; a cell too wide is wrapped. `styles` maps a cell to its style.

    There are no rules between cells: box characters are not in every locale.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, len(GAP), 0, 0), pad_edge=False, header_style="bold")
    for title in header:
        table.add_column(title, overflow="fold")
    for row in rows:
        # Text, because a plain string would be read as markup: `[red]` in a description vanishes
        table.add_row(*(Text(cell, style=(styles or {}).get(cell, "")) for cell in row))
    return table
