"""Put explanations of codes and settings into text for people and plain values for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TypeAlias

from connmgr.cli.tables import plain_columns
from connmgr.config.explanations import EXPLANATIONS, Example, Explanation
from connmgr.config.explanations.setting import (
    RELOAD,
    Setting,
    all_settings,
    registry_settings,
    registry_topics,
)
from connmgr.config.files import REGISTRY
from connmgr.problem import Code

FILE = f"{REGISTRY}.yaml"
WIDTH = 88
INDENT = "  "

Topic: TypeAlias = tuple[Code, Explanation] | Setting


def text(topic: Topic) -> str:
    """Return an explanation as lines for people."""
    return "\n".join(_setting(topic) if isinstance(topic, Setting) else _code(*topic))


def overview() -> str:
    """Return all codes and settings with their titles."""
    codes = plain_columns(("code", "title"), [(code, each.title) for code, each in EXPLANATIONS.items()])
    known = {**all_settings(), **registry_topics()}
    rows = [(path, each.title, each.default) for path, each in known.items()]
    return f"{codes}\n\n{plain_columns(('setting', 'title', 'default'), rows)}"


def plain(topic: Topic) -> dict[str, object]:
    """Return an explanation as plain values."""
    if isinstance(topic, Setting):
        values = {key: value for key, value in asdict(topic).items() if key != "path"}
        return {"setting": topic.path, "file": FILE if _is_of_registry(topic) else "", **values}
    code, explanation = topic
    return {
        "code": str(code),
        "title": explanation.title,
        "warning": code.is_warning,
        "meaning": explanation.meaning,
        "remedy": explanation.remedy,
        "wrong": "\n".join(explanation.wrong.lines()),
        "right": "\n".join(explanation.right.lines()),
    }


def plain_overview() -> dict[str, object]:
    """Return the titles of all codes and settings."""
    return {
        "codes": {str(code): each.title for code, each in EXPLANATIONS.items()},
        "settings": {path: each.title for path, each in {**all_settings(), **registry_topics()}.items()},
    }


def _code(code: Code, explanation: Explanation) -> Iterator[str]:
    warning = " (a warning)" if code.is_warning else ""
    yield from (f"{code}  {explanation.title}{warning}", "")
    yield from _wrapped(explanation.meaning)
    yield ""
    yield from _wrapped(explanation.remedy)
    yield from _example("Wrong", explanation.wrong)
    yield from _example("Right", explanation.right)


def _example(title: str, example: Example) -> Iterator[str]:
    yield from ("", title)
    yield from _indented(example.lines())


def _setting(setting: Setting) -> Iterator[str]:
    yield from (f"{setting.path}  {setting.title}{f' (in {FILE})' if _is_of_registry(setting) else ''}", "")
    yield from _wrapped(setting.meaning)
    yield ""
    yield from _facts(setting)
    if setting.keys:
        yield from ("", "Keys")
        known = registry_settings() if _is_of_registry(setting) else all_settings()
        rows = [(path, known[path].title, known[path].default) for path in setting.keys]
        yield from _indented(plain_columns(("key", "title", "default"), rows).splitlines())
    yield from ("", "Examples" if setting.examples[1:] else "Example")
    yield from _indented("\n".join(setting.examples).splitlines())


def _is_of_registry(setting: Setting) -> bool:
    return any(setting is each for each in registry_settings().values())


def _facts(setting: Setting) -> Iterator[str]:
    reload = f"{setting.reload}: a reload {RELOAD[setting.reload]}" if setting.reload else ""
    facts = {"unit": setting.unit, "default": setting.default, "reload": reload}
    if not setting.keys:
        facts = {"accepted": setting.accepted, **facts}
    for name, fact in facts.items():
        if fact:
            yield from _wrapped(fact, first=f"{name:<10}", rest=" " * 10)


def _wrapped(words: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        words,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{INDENT}{line}".rstrip() for line in lines)
