"""A secret that is the value of a variable: `{env: NAME}`."""

from __future__ import annotations

from connmgr.config.secrets.base import Answer, Context, Source
from connmgr.config.secrets.contents import without_unsafe
from connmgr.problem import Code, Problem
from connmgr.secret import Secret


def source(written: object, context: Context) -> Source:
    """Return the source for the name of a variable."""
    return EnvironmentSource(str(written), context)


class EnvironmentSource(Source):
    """A variable, looked up each time; set but empty is as good as not set, for no secret is empty."""

    __slots__ = ("_name",)

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(context)
        self._name = name

    def describe(self) -> str:
        """Say which variable: `env DB_PASSWORD`."""
        return f"env {self._name}"

    def problems(self) -> tuple[Problem, ...]:
        """Return whether the variable is not set, or holds what no secret may."""
        answer = self.ask_now()
        return () if isinstance(answer, Secret) else answer

    def written(self) -> tuple[object, ...]:
        """Return the name."""
        return (self._name,)

    async def ask(self) -> Answer:
        """Return the variable's value of now."""
        return self.ask_now()

    def ask_now(self) -> Answer:
        """Return the variable's value of now."""
        secret = Secret(self._context.environ.get(self._name, ""))
        if secret.reveal():
            return without_unsafe(secret, self.describe(), self._context)
        state = "is empty" if self._name in self._context.environ else "is not set"
        hint = f"set {self._name} for the process that connects"
        return (self._context.problem(Code.NOT_SET, f"{self._name} {state}", hint=hint),)
