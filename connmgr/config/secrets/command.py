"""A secret that a program writes to its output: `{command: [PROGRAM, ARGUMENT, …]}`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from connmgr.config.references import Reference
from connmgr.config.secrets.base import Answer, Context, Source
from connmgr.config.secrets.contents import LIMIT, one_line, without_unsafe
from connmgr.config.secrets.template import Template
from connmgr.problem import Code, Problem
from connmgr.secret import Secret

if TYPE_CHECKING:
    from connmgr.config.secrets.process import Ended

DEADLINE: Final = 10.0
"""Seconds that a command may take."""

ENVIRONMENT: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)
"""What a command is told of the environment, beside `LC_*`. More is written out: `[env, NAME=value, …]`."""

_BY_HAND: Final = "run it by hand as this process's user, in the profile's directory"


def source(written: object, context: Context) -> Source:
    """Return the source for a program and its arguments."""
    arguments = cast("Sequence[object]", written)
    return CommandSource([Template.parse(argument, context) for argument in arguments], context)


class CommandSource(Source):
    """A program, run each time: no shell, no input, hardly an environment, the profile's directory."""

    __slots__ = ("_arguments",)

    def __init__(self, arguments: Sequence[Template], context: Context) -> None:
        super().__init__(context)
        self._arguments = tuple(arguments)

    def describe(self) -> str:
        """Say which program: `command vault`. Its arguments may hold secrets."""
        parts = self._arguments[0].parts
        return f"command {''.join(str(p) if isinstance(p, Reference) else p.reveal() for p in parts)}"

    def problems(self) -> tuple[Problem, ...]:
        """Return what would keep the program from starting; it is not run."""
        problems = self._unfillable()
        return problems or (() if self._program() else (self._not_found(),))

    def written(self) -> tuple[object, ...]:
        """Return the arguments, and the directory they are run in."""
        return (self._arguments, self._context.root)

    async def ask(self) -> Answer:
        """Run the program and return what it wrote."""
        if problems := self._unfillable():
            return problems
        program = self._program()
        return await self._run(program) if program else (self._not_found(),)

    async def _run(self, program: Path) -> Answer:
        # Late, for asyncio with it: `validate` starts no command.
        from connmgr.config.secrets.process import TooMuchOutput, run

        try:
            ended = await run(
                program,
                [argument.fill(self._context) for argument in self._arguments[1:]],
                folder=self._context.root,
                environ=self._environ(),
                deadline=DEADLINE,
            )
        except TimeoutError:
            found = f"{self.describe()} had not ended after {DEADLINE:g} s, or had left its output open"
            return (self._refused(found, hint=f"it was killed; {_BY_HAND}"),)
        except TooMuchOutput:
            return (self._refused(f"{self.describe()} wrote more than {LIMIT} bytes", hint="it was killed"),)
        except OSError as error:
            return (self._refused(f"{self.describe()} cannot be started: {error.strerror}"),)
        return self._judged(ended)

    def _judged(self, ended: Ended) -> Answer:
        if ended.status == 0:
            return one_line(ended.output, self.describe(), Code.COMMAND_REFERENCE, self._context)
        how = f"exit status {ended.status}" if ended.status > 0 else f"signal {-ended.status}"
        errors = f"standard error: {ended.errors} bytes, not shown, for they may hold secrets"
        return (self._refused(f"{self.describe()} ended with {how}", hint=f"{errors}; {_BY_HAND}"),)

    def _unfillable(self) -> tuple[Problem, ...]:
        """Return what keeps the arguments from being filled in: a variable not set, a control character."""
        unset = (problem for argument in self._arguments for problem in argument.unset(self._context))
        return tuple(dict.fromkeys(unset)) or tuple(dict.fromkeys(self._unsafe()))

    def _unsafe(self) -> Iterator[Problem]:
        for argument in self._arguments:
            answer = without_unsafe(argument.fill(self._context), self.describe(), self._context, "command")
            if not isinstance(answer, Secret):
                yield from answer

    def _program(self) -> Path | None:
        """Find the program as the check and the run both see it: by the profile's directory, or by PATH."""
        import shutil  # with its compressors: only for who has a command

        name = self._arguments[0].fill(self._context).reveal()
        if Path(name).name != name:  # a path, `./vault` too
            found = shutil.which(self._context.root / name)
        else:
            folders = self._context.environ.get("PATH", os.defpath).split(os.pathsep)
            # A relative entry would mean this process's directory here, and the profile's to the program.
            found = shutil.which(name, path=os.pathsep.join(filter(os.path.isabs, folders)))
        return Path(found) if found else None

    def _not_found(self) -> Problem:
        hint = "a name is looked for in PATH, a path begins at the profile's directory"
        return self._refused(f"{self.describe()} is not there, or not executable", hint=hint)

    def _environ(self) -> dict[str, str]:
        environ = self._context.environ
        return {name: environ[name] for name in environ if name in ENVIRONMENT or name.startswith("LC_")}

    def _refused(self, found: str, hint: str = "") -> Problem:
        accepted = f"a program that writes {LIMIT // 1024} KiB at most and ends with status 0"
        return self._context.problem(Code.COMMAND_REFERENCE, found, accepted, hint)
