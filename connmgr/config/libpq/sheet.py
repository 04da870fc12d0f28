"""libpq's words as a profile and what it names say them, with where each was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connmgr.config.paths import Path, dotted
from connmgr.problem import Code, Place, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What one word was given, None while only the environment knows it.

    `path` is the setting that said so, `by` says it for people (`url`, `service orders`), and `origin`
    ends a message about it: `, from PGHOST`. Of a secret the value is what `secret_source` takes.
    """

    value: object = field(repr=False)
    path: Path
    by: str
    origin: str = ""


@dataclass(slots=True, eq=False)
class Sheet:
    """The words of one profile, and what is wrong with them.

    While it `is_open`, a service or the environment may still say words that nothing says yet.
    """

    place: Callable[[Path], Place]
    is_open: bool = False
    words: dict[str, Said] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def value(self, word: str) -> object:
        """Return the value of a word; None when nobody said it, or it is not known yet."""
        said = self.words.get(word)
        return None if said is None else said.value

    def text(self, word: str) -> str | None:
        """Return the value of a word as text; None as `value` does."""
        value = self.value(word)
        return None if value is None else str(value)

    def is_unknown(self, word: str) -> bool:
        """Whether a word without a value may still get one."""
        return self.value(word) is None and (self.is_open or word in self.words)

    def add(self, said: Mapping[str, Said]) -> None:
        """Add words that count less than those that are there."""
        for word, each in said.items():
            self.words.setdefault(word, each)

    def refuse(self, said: Said, code: Code, found: str, accepted: str = "", hint: str = "") -> None:
        """Report what is wrong where a word was said."""
        self.refuse_at(said.path, code, f"{found}{said.origin}", accepted, hint)

    def refuse_at(self, path: Path, code: Code, found: str, accepted: str = "", hint: str = "") -> None:
        """Report what is wrong with a setting."""
        self.problems.append(Problem(self.place(path), dotted(path), found, accepted, hint, code=code))
