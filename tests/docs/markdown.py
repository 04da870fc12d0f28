"""Find the fenced blocks of a Markdown page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
PROMPT = "$ "


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `line` is the page's line on which its text begins."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """A line after a prompt in a console block, and the output that the page shows for it."""

    line: str
    output: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, match.start("text")) + 1, match["language"], match["text"])
        for match in FENCE.finditer(text)
    ]


def commands(block: Block) -> list[Command]:
    """The commands of a console block, each with the lines up to the next prompt."""
    head, *parts = re.split(rf"^{re.escape(PROMPT)}", block.text, flags=re.MULTILINE)
    if head.strip() or not parts:
        raise ValueError(f"{block}: a console block starts with a prompt, {PROMPT!r}")
    return [Command(line, output) for line, _, output in (part.partition("\n") for part in parts)]


def matches(shown: str, found: str) -> bool:
    """Whether output is as shown, in which `...` stands for anything; spaces at line ends do not count."""
    pattern = ".*".join(re.escape(part) for part in _trimmed(shown).split("..."))
    return re.fullmatch(pattern, _trimmed(found), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
