"""The runner of the examples sees what a reader sees, and notices what is not so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.markdown import blocks, commands, matches
from tests.docs.page import ExampleFailed, Page


def page(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_blocks_carry_their_language_and_the_line_of_their_text(tmp_path: Path) -> None:
    path = page(tmp_path, "# Title\n\n```python\nx = 1\n```\n\n```\nplain\n```\n")

    found = blocks(path)

    assert [(block.language, block.line, block.text) for block in found] == [
        ("python", 4, "x = 1\n"),
        ("", 8, "plain\n"),
    ]


def test_a_console_block_is_commands_with_their_output(tmp_path: Path) -> None:
    (block,) = blocks(page(tmp_path, "```console\n$ first\none\ntwo\n$ second\n```\n"))

    found = commands(block)

    assert [(command.line, command.output) for command in found] == [("first", "one\ntwo\n"), ("second", "")]


@pytest.mark.parametrize(
    ("shown", "found", "expected"),
    [
        ("ready\n", "ready\n", True),
        ("ready\n", "steady\n", False),
        ("took ... ms\n", "took 1.5 ms\n", True),
        ("first\n...\nlast\n", "first\nsecond\nthird\nlast\n", True),
        ("a.c\n", "abc\n", False),
        ("a  b\n", "a  b   \n", True),
    ],
)
def test_output_is_compared_with_three_dots_for_anything(shown: str, found: str, *, expected: bool) -> None:
    assert matches(shown, found) is expected


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ echo one\ntwo\n```\n",
        "```console\n$ exit 3\n```\n",
        "```sh\nfalse\ntrue\n```\n",
        "```python\nassert 1 == 2\n```\n",
        "```yaml\nno_such_key: 1\n```\n",
        "```yaml\nurl: sqlite://  # CM301\n```\n",
        "```yaml\n# a/orders.yaml\nextends: _base\n```\n",
    ],
)
async def test_an_example_that_is_not_so_fails(
    text: str, tmp_path: Path, doc_environ: dict[str, str]
) -> None:
    examples = Page(page(tmp_path, text), tmp_path, doc_environ)

    with pytest.raises(AssertionError):
        await examples.run()


async def test_python_blocks_share_names_and_may_await(tmp_path: Path) -> None:
    text = "```python\nimport asyncio\nx = await asyncio.sleep(0, 1)\n```\n```python\ny = x + 1\n```\n"
    examples = Page(page(tmp_path, text), tmp_path, dict(os.environ))

    await examples.run()

    assert examples.namespace["y"] == 2


async def test_cd_moves_all_that_follows(tmp_path: Path) -> None:
    console = "```console\n$ mkdir shop && cd shop\n$ touch first\n```\n"
    python = "```python\nopen('second', 'x').close()\n```\n"

    await Page(page(tmp_path, console + python), tmp_path, dict(os.environ)).run()

    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == ["first", "second"]


async def test_a_yaml_block_may_mark_the_lines_that_are_wrong(
    tmp_path: Path, doc_environ: dict[str, str]
) -> None:
    text = "```yaml\nurl: sqlite://\nno_such_key: 1  # CM301\n```\n"

    await Page(page(tmp_path, text), tmp_path, doc_environ).run()


async def test_yaml_blocks_with_a_name_are_files_of_one_directory(
    tmp_path: Path, doc_environ: dict[str, str]
) -> None:
    profile = "```yaml\n# a/orders.yaml\nextends: _base\nurl: sqlite://\n```\n"
    base = "```yaml\n# a/_base.yaml\npool: {size: 3}\n```\n"

    await Page(page(tmp_path, profile + base), tmp_path, doc_environ).run()

    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["_base.yaml", "orders.yaml"]


async def test_a_failure_names_the_page_and_the_line(tmp_path: Path, doc_environ: dict[str, str]) -> None:
    examples = Page(page(tmp_path, "text\n\n```console\n$ exit 3\n```\n"), tmp_path, doc_environ)

    with pytest.raises(ExampleFailed, match=r"page\.md:4: `exit 3` ended with 3"):
        await examples.run()
