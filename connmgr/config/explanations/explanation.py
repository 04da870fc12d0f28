"""What an explanation of a code consists of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

Files: TypeAlias = Mapping[str, str | bytes]

_LONGEST_LINE: Final = 100
_MOST_FILES: Final = 3


@dataclass(frozen=True, slots=True)
class Example:
    """Files of one directory of profiles, by name, and what it takes besides them.

    `variables` are the environment in which references are looked up; `note` says what the files alone do
    not show.
    """

    files: Files
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    note: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the example as people read it: each file under its name, what is too long cut short."""
        if self.note:
            yield f"# {self.note}"
        yield from (f"# {name}={value}" for name, value in self.variables.items())
        for number, (name, text) in enumerate(self.files.items()):
            if number == _MOST_FILES:
                yield f"# … and {len(self.files) - number} more files like these"
                return
            yield f"# {name}"
            yield from _shown(text)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means, for someone who was woken by it.

    `meaning` says what happened and why it is refused; `remedy` what to do. `wrong` gives the code, and
    `right` says what `wrong` meant to.
    """

    title: str
    meaning: str
    remedy: str
    wrong: Example = field(repr=False)
    right: Example = field(repr=False)


def one(text: str | bytes, **variables: str) -> Example:
    """Return the example of a single profile, `orders.yaml`."""
    return Example({"orders.yaml": text}, variables)


def _shown(text: str | bytes) -> Iterator[str]:
    """Yield lines without what a terminal would act on: bytes and characters that no text has are escaped."""
    known = text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text
    for line in known.splitlines():
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
        yield shown if len(shown) <= _LONGEST_LINE else f"{shown[:_LONGEST_LINE]}…"
