"""The pages that are generated are up to date, and what they show is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connmgr.config.explanations import EXPLANATIONS
from connmgr.config.explanations.setting import RELOAD, all_settings
from connmgr.config.libpq.words import REFUSED, REFUSED_VALUES
from connmgr.config.schema import check
from connmgr.config.source import read
from connmgr.problem import Code, Place
from docs.generate import PAGES, problems_page, settings_page
from tests.docs.markdown import blocks

DOCS = Path(__file__).resolve().parents[2] / "docs"
ANCHOR = re.compile(r'<a id="(\w+)"></a>')
LINK = re.compile(r"\]\(([^)#:]+)\)")
GUIDE = DOCS / "profiles.md"


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_generator_writes(name: str) -> None:
    committed = (DOCS / name).read_text(encoding="utf-8")

    assert committed == PAGES[name](), f"docs/{name} is out of date: run `make docs` and commit it"


def test_every_code_has_its_section_and_a_link_to_it() -> None:
    page = problems_page()

    assert ANCHOR.findall(page) == [code.lower() for code in Code]
    assert [code for code in Code if f"[{code}](#{code.lower()})" not in page] == []
    assert [code for code, each in EXPLANATIONS.items() if each.meaning not in page] == []


def test_every_setting_has_its_place() -> None:
    page = settings_page()

    headed = re.findall(r"^#+ `([\w.]+)`", page, re.MULTILINE)
    tabled = re.findall(r"^\| `(\w+)` \|", page.partition("## `connection`")[2], re.MULTILINE)
    assert sorted({*headed, *(f"connection.{word}" for word in tabled)} & {*all_settings()}) == sorted(
        all_settings()
    )


def test_every_refusal_of_libpqs_words_and_values_stands_with_its_reason() -> None:
    page = settings_page()

    words = [f"| `{word}` | {why} |" for word, why in REFUSED.items()]
    values = [f"| `{word}={value}` | {why} |" for (word, value), why in REFUSED_VALUES.items()]
    assert [row for row in (*words, *values) if row not in page] == []


def test_every_reload_is_one_that_the_page_explains() -> None:
    assert {setting.reload for setting in all_settings().values()} - {""} == set(RELOAD)


def test_every_setting_says_its_unit_and_default() -> None:
    silent = [path for path, each in all_settings().items() if not (each.unit and each.default)]

    assert silent == []


@pytest.mark.parametrize("path", all_settings())
def test_every_example_of_a_setting_is_one_that_the_schema_takes(path: str) -> None:
    for example in all_settings()[path].examples:
        document = read(example.encode(), "example.yaml", frozenset())

        assert document.values is not None
        assert check(document.values, place=lambda _: Place("example.yaml"), kind="base") == ()


def test_the_examples_are_shown_as_yaml() -> None:
    (settings, problems) = (blocks(DOCS / name) for name in ("settings.md", "problems.md"))

    assert {block.language for block in (*settings, *problems)} == {"yaml"}
    assert len(problems) == 2 * len(Code)


def test_every_link_of_the_guide_leads_to_a_file() -> None:
    links = LINK.findall(GUIDE.read_text(encoding="utf-8"))

    assert {"settings.md", "problems.md"} <= set(links)
    assert [link for link in links if not (DOCS / link).is_file()] == []
