"""Run the examples of one page, in order, as a reader would who follows it from top to bottom."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.docs.markdown import Block, blocks, commands, matches

RUN = {"python", "console", "sh", "yaml"}
TIMEOUT = 60.0


class ExampleFailed(AssertionError):
    """An example of the page does not do what the page says."""


class Page:
    """The examples of a page; Python blocks share one namespace, and `cd` moves all that follow."""

    def __init__(self, path: Path, directory: Path, environ: Mapping[str, str]) -> None:
        self.blocks = [block for block in blocks(path) if block.language in RUN]
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self._directory = directory
        self._environ = environ

    async def run(self) -> None:
        """Run every block.

        Raises:
            ExampleFailed: a command failed, or printed something else than the page shows.
        """
        for block in self.blocks:
            if block.language == "python":
                await self._run_python(block)
            elif block.language == "console":
                for command in commands(block):
                    await self._run_command(block, command.line, command.output)
            elif block.language == "sh":
                await self._run_command(block, f"set -e\n{block.text}", "")
            else:
                await self._validate(block)

    async def _run_python(self, block: Block) -> None:
        code = compile(
            "\n" * (block.line - 1) + block.text,
            str(block.page),
            "exec",
            flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            dont_inherit=True,
        )
        with contextlib.chdir(self._directory):
            result = eval(code, self.namespace)
            if inspect.isawaitable(result):
                await result

    async def _run_command(self, block: Block, line: str, shown: str) -> None:
        with tempfile.NamedTemporaryFile("r") as place:
            # In a thread: a command of connmgr's may wait for something that this event loop does.
            result = await asyncio.to_thread(
                subprocess.run,
                ["bash", "-c", f"trap 'pwd > \"$0\"' EXIT\n{line}", place.name],
                cwd=self._directory,
                env=self._environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=TIMEOUT,
            )
            self._directory = Path(place.read().rstrip("\n"))
        if result.returncode != 0:
            raise ExampleFailed(f"{block}: `{line}` ended with {result.returncode}:\n{result.stdout}")
        if shown.strip() and not matches(shown, result.stdout):
            raise ExampleFailed(f"{block}: `{line}` should print\n{shown}\nbut printed\n{result.stdout}")

    async def _validate(self, block: Block) -> None:
        """A YAML block is a profile that `connmgr validate` accepts."""
        directory = self._directory / f"yaml-{block.line}"
        directory.mkdir()
        (directory / "example.yaml").write_text(block.text, encoding="utf-8")
        await self._run_command(
            block, f"connmgr --profiles {directory.name} validate", "1 profile, no problem"
        )
