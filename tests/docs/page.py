"""Run the examples of one page, in order, as a reader would who follows it from top to bottom."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.docs.markdown import Block, blocks, commands, matches

RUN = {"python", "console", "sh", "yaml"}
TIMEOUT = 60.0
# A YAML block that begins with the name of a file is that file; any other is alone in its directory.
FILE = re.compile(r"# (?P<path>[\w./-]+\.ya?ml)\n")
# In YAML, a comment with a code marks a line that is wrong on purpose.
MARK = re.compile(r"# (?P<code>CM\d{3})\b")
PROBLEM = re.compile(r"^(?P<file>\S+?):(?P<line>\d+):\d+: (?P<code>CM\d{3})", re.MULTILINE)


class ExampleFailed(AssertionError):
    """An example of the page does not do what the page says."""


class Page:
    """The examples of a page; Python blocks share one namespace, and `cd` moves all that follow."""

    def __init__(self, path: Path, directory: Path, environ: Mapping[str, str]) -> None:
        self.blocks = [block for block in blocks(path) if block.language in RUN]
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self._directory = directory
        self._environ = environ
        self._files: dict[Path, Block] = {}

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
                self._write(block)
        for folder in dict.fromkeys(path.parent for path in self._files):
            await self._validate(folder)

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
        result = await self._run_shell(line)
        if result.returncode != 0:
            raise ExampleFailed(f"{block}: `{line}` ended with {result.returncode}:\n{result.stdout}")
        if shown.strip() and not matches(shown, result.stdout):
            raise ExampleFailed(f"{block}: `{line}` should print\n{shown}\nbut printed\n{result.stdout}")

    async def _run_shell(self, line: str) -> subprocess.CompletedProcess[str]:
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
        return result

    def _write(self, block: Block) -> None:
        named = FILE.match(block.text)
        path = self._directory / (named["path"] if named else f"yaml-{block.line}/example.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        self._files[path] = block

    async def _validate(self, folder: Path) -> None:
        """The problems that `connmgr validate` finds in a directory are those that the page marks."""
        blocks_here = {path: block for path, block in self._files.items() if path.parent == folder}
        marked = {
            (str(path), block.text.count("\n", 0, mark.start()) + 1, mark["code"])
            for path, block in blocks_here.items()
            for mark in MARK.finditer(block.text)
        }
        result = await self._run_shell(f"connmgr --profiles '{folder}' validate")
        found = {(at["file"], int(at["line"]), at["code"]) for at in PROBLEM.finditer(result.stdout)}
        if found != marked or result.returncode not in (0, 2):
            places = ", ".join(map(str, blocks_here.values()))
            raise ExampleFailed(f"{places}: expected {sorted(marked)}, but validate printed\n{result.stdout}")
