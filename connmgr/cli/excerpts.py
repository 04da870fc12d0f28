"""Lines of profile files, to show under the problems that stand in them."""

from __future__ import annotations

from connmgr.config.encoding import LINE_END
from connmgr.config.files import read_file
from connmgr.problem import Place


class Excerpts:
    """Gives the line of a place, each file read once; the problems are sorted by file, so one is kept."""

    def __init__(self) -> None:
        self._file = ""
        self._lines: list[str] = []

    def line(self, place: Place) -> str:
        """Return the text of the line; empty when the file cannot be read, or has no such line."""
        if place.file != self._file:
            self._file, self._lines = place.file, _lines(place.file)
        return self._lines[place.line - 1] if place.line <= len(self._lines) else ""


def _lines(file: str) -> list[str]:
    data = read_file(file)
    text = data.decode("utf-8-sig", errors="replace") if isinstance(data, bytes) else ""
    return LINE_END.split(text)
