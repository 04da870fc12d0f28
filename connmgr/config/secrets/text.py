"""A secret that is a text with references, in the profile or in its url."""

from __future__ import annotations

from connmgr.config.secrets.base import Answer, Context, Source
from connmgr.config.secrets.contents import without_unsafe
from connmgr.config.secrets.template import Template
from connmgr.problem import Problem
from connmgr.secret import Secret


class TextSource(Source):
    """A text whose `${NAME}` references are looked up each time it is asked."""

    __slots__ = ("_template",)

    def __init__(self, template: Template, context: Context) -> None:
        super().__init__(context)
        self._template = template

    def describe(self) -> str:
        """Say where the secret comes from: `${DB_PASSWORD}`, or the origin of a text without references."""
        return str(self._template) or self._context.origin

    def problems(self) -> tuple[Problem, ...]:
        """Return the references that have no value now, and what no secret may hold."""
        answer = self.ask_now()
        return () if isinstance(answer, Secret) else answer

    def written(self) -> tuple[object, ...]:
        """Return the text and where it stands."""
        return (self._template, self._context.origin)

    async def ask(self) -> Answer:
        """Return the text with the references' values of now."""
        return self.ask_now()

    def ask_now(self) -> Answer:
        """Return the text with the references' values of now."""
        return self._template.unset(self._context) or without_unsafe(
            self._template.fill(self._context), self.describe(), self._context
        )
