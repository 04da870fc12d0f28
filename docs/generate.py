"""Write the reference pages, `problems.md` and `settings.md`: `make docs`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from connmgr.config.explanations import EXPLANATIONS, KINDS, Example, Explanation
from connmgr.config.explanations.setting import RELOAD, Setting, all_settings, registry_settings
from connmgr.config.libpq.words import REFUSED, REFUSED_VALUES
from connmgr.problem import Code

DIRECTORY = Path(__file__).resolve().parent
NOTICE = "<!-- Written by `make docs`. Change docs/generate.py or what it reads, not this page. -->"


def problems_page() -> str:
    """Return the page of all codes."""
    return _page(_problems())


def settings_page() -> str:
    """Return the page of all settings."""
    return _page(_settings())


PAGES = {"problems.md": problems_page, "settings.md": settings_page}


def _page(lines: Iterable[str]) -> str:
    return "\n".join([NOTICE, "", *lines]).rstrip() + "\n"


def _problems() -> Iterator[str]:
    yield from (
        "# Problems",
        "",
        "Every problem that connmgr finds in profile files has a code, which is never",
    )
    yield from ("given another meaning. `connmgr explain CM101` prints the same as this page.", "")
    yield from _table(("code", "title"), [(_link(code), each.title) for code, each in EXPLANATIONS.items()])
    for kind, title in KINDS.items():
        yield f"## {kind}xx: {title}\n"
        for code, explanation in EXPLANATIONS.items():
            if code.startswith(kind):
                yield from _problem(code, explanation)


def _problem(code: Code, explanation: Explanation) -> Iterator[str]:
    warning = " (a warning)" if code.is_warning else ""
    yield f'<a id="{code.lower()}"></a>\n\n### {code}: {explanation.title}{warning}\n'
    yield f"{explanation.meaning}\n\n**What to do.** {explanation.remedy}\n"
    yield from _example("Wrong", explanation.wrong)
    yield from _example("Right", explanation.right)


def _example(title: str, example: Example) -> Iterator[str]:
    yield f"{title}:\n"
    yield from _fenced(example.lines())


def _settings() -> Iterator[str]:
    known = all_settings()
    yield from (
        "# Settings",
        "",
        "Every setting of a profile, from the schema. [profiles.md](profiles.md) is the guide;",
    )
    yield from ("`connmgr explain pool.timeout` prints one of these.", "")
    yield from _table(("reload", "a reload"), [(name, does) for name, does in RELOAD.items()])
    for setting in known.values():
        if "." not in setting.path:
            yield from _section(setting, known)
    yield from _of_registry()


def _of_registry() -> Iterator[str]:
    yield "## Settings of `_registry.yaml`\n\nThey stand in a file of their own, beside the profiles.\n"
    known = registry_settings()
    for setting in known.values():
        if "." not in setting.path:
            yield from _section(setting, known, level=3)


def _section(setting: Setting, known: Mapping[str, Setting], level: int = 2) -> Iterator[str]:
    yield f"{'#' * level} `{setting.path}`: {setting.title}\n\n{setting.meaning}\n"
    if not setting.keys:
        yield from _facts(setting)
    yield from _fenced(line for example in setting.examples[:1] for line in example.splitlines())
    keys = [known[key] for key in setting.keys]
    if setting.path == "connection":
        yield from _words(keys)
        yield from _refused()
        return
    for key in keys:
        yield from _section(key, known, level + 1)


def _facts(setting: Setting) -> Iterator[str]:
    """Yield what holds of a setting, below the headings of a table without any."""
    facts = {
        "accepted": setting.accepted,
        "unit": setting.unit,
        "default": setting.default,
        "reload": setting.reload,
    }
    yield from _table(("", ""), [(name, fact) for name, fact in facts.items() if fact])


def _words(keys: list[Setting]) -> Iterator[str]:
    header = ("libpq's word", "means", "accepted", "unit", "default", "reload")
    rows = [(f"`{_last(k)}`", k.meaning, k.accepted, k.unit, k.default, k.reload) for k in keys]
    yield from _table(header, rows)


def _refused() -> Iterator[str]:
    yield "### What libpq has and connmgr refuses\n\nWhether in a URL, a service or a variable.\n"
    words = [(f"`{word}`", why) for word, why in REFUSED.items()]
    values = [(f"`{word}={value}`", why) for (word, value), why in REFUSED_VALUES.items()]
    yield from _table(("refused", "because; instead"), [*words, *values])


def _last(setting: Setting) -> str:
    return setting.path.rpartition(".")[2]


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(header)
    yield _row(("---",) * len(header))
    yield from (_row(row) for row in rows)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _fenced(lines: Iterable[str]) -> Iterator[str]:
    yield from ("```yaml", *lines, "```", "")


def _link(code: Code) -> str:
    return f"[{code}](#{code.lower()})"


if __name__ == "__main__":
    for name, page in PAGES.items():
        (DIRECTORY / name).write_text(page(), encoding="utf-8")
