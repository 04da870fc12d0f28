"""A text with references to the environment that shows nothing of its own words."""

from __future__ import annotations

from collections.abc import Iterable

from connmgr.config.references import Malformed, Part, Reference, parse
from connmgr.config.secrets.base import Context
from connmgr.errors import ConfigError
from connmgr.problem import Code, Problem
from connmgr.secret import Secret


class Template:
    """Texts and references in turn, the texts wrapped: each may be, or be a part of, a secret."""

    __slots__ = ("parts",)

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts = tuple(Secret(part) if isinstance(part, str) else part for part in parts)

    @classmethod
    def parse(cls, written: object, context: Context) -> Template:
        """Read a text, wrapped or not, that a profile holds.

        Raises:
            ConfigError: a reference in it cannot be read.
        """
        template = cls._readable(written)
        if isinstance(template, Template):
            return template
        raise ConfigError([context.problem(Code.REFERENCE, template, "$$ for a dollar sign")])

    @classmethod
    def _readable(cls, written: object) -> Template | str:
        """Return the template, or what is wrong: the parser's own error has the text in its frames."""
        try:
            return cls(parse(written.reveal() if isinstance(written, Secret) else str(written)))
        except Malformed as error:
            return str(error)

    def unset(self, context: Context) -> tuple[Problem, ...]:
        """Return a problem for every reference that has no value now."""
        return tuple(
            part.unset(context.place, context.path)
            for part in dict.fromkeys(self.parts)
            if isinstance(part, Reference) and part.value(context.environ) is None
        )

    def fill(self, context: Context) -> Secret:
        """Return the text with every reference replaced; those that are `unset` become empty."""
        return Secret(
            "".join(
                part.reveal() if isinstance(part, Secret) else part.value(context.environ) or ""
                for part in self.parts
            )
        )

    def __str__(self) -> str:
        """Name the references for people: `${A} and ${B}`; empty when there is none."""
        return " and ".join(dict.fromkeys(str(part) for part in self.parts if isinstance(part, Reference)))

    def __repr__(self) -> str:
        return f"<Template of {len(self.parts)} parts>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)
