"""Find the database that a SQLite URL names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connmgr.config.libpq.absolute import absolute
from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.libpq.words import advice, known
from connmgr.config.references import missing, named, parse_readable, references, substitute
from connmgr.config.urls import Component, Url
from connmgr.problem import Code
from connmgr.sqlite_target import Fence, SQLiteTarget

_TRUE: Final = frozenset({"true", "True", "TRUE"})
_SHAPE: Final = "sqlite:///relative.db or sqlite:////absolute.db"


def sqlite_target(
    sheet: Sheet, url: Url, values: Mapping[str, object], environ: Mapping[str, str], origin: str
) -> SQLiteTarget | None:
    """Return what a SQLite URL and `sqlite:` say, the path absolute; None while the path is not known.

    Reports what is wrong with the URL.
    """
    said = _path(sheet, url, environ, origin)
    if said is None:
        return None
    text = str(said.value)
    attach, outside = (_allows(values, key, environ) for key in ("allow_attach", "allow_outside"))
    if text in {"", ":memory:"}:
        return SQLiteTarget(None, attach, outside)
    if Path(text).is_absolute():
        return SQLiteTarget(str(Path(text)), attach, outside)
    root = absolute(sheet, "", said, Code.URL, "sqlite:////absolute.db")
    fence = None if outside else Fence(root, sheet.place(said.path), said.origin)
    if fence is not None and _leaves(text):
        sheet.problems.append(fence.problem(".."))
    return SQLiteTarget(str(Path(root, text)), attach, outside, fence)


def _path(sheet: Sheet, url: Url, environ: Mapping[str, str], origin: str) -> Said | None:
    """Return the path as it is written, empty for a database in memory; None while it is not known."""
    for name, value in url.query:
        parts: Component = tuple(part for part in value if isinstance(part, str))
        _refuse_parameter(sheet, name, Said(parts, ("url",), "url", origin))
    for host, _ in url.addresses:
        said = Said(host, ("url",), "url", named(references(host)) or origin)
        hint = "write three slashes or four"
        sheet.refuse(said, Code.URL, "a host in the url of a SQLite file", _SHAPE, hint)
    if missing(url.path, environ):
        return None
    text = substitute(url.path, environ)
    said = Said(text, ("url",), "url", named(references(url.path)) or origin)
    if text.startswith("file:"):
        hint = "write a plain path, or sqlite:// for memory"
        sheet.refuse(said, Code.URL, "a file: URI", "sqlite:///relative.db", hint)
    if url.path and not text:
        hint = "set the variable, or leave this part out of the url"
        sheet.refuse(said, Code.URL, "a path that is empty", _SHAPE, hint)
    return said


def _allows(values: Mapping[str, object], key: str, environ: Mapping[str, str]) -> bool:
    """Whether `sqlite:` allows something, also while only the environment knows: then settling will say."""
    group = values.get("sqlite")
    written = group.get(key) if isinstance(group, Mapping) else None
    if not isinstance(written, str):
        return written is True
    parts = parse_readable(written)
    return bool(missing(parts, environ)) or substitute(parts, environ) in _TRUE


def _leaves(path: str) -> bool:
    """Whether a relative path steps out of where it begins; its links are followed when it is opened."""
    depth = 0
    for name in Path(path).parts:
        depth += -1 if name == ".." else 1
        if depth < 0:
            return True
    return False


def check_alone(sheet: Sheet, values: Mapping[str, object]) -> None:
    """Report what no SQLite file has use for."""
    for key in ("password", "service"):
        if key in values:
            found = f"a {key} for SQLite, which has none"
            hint = f"delete the line; what a base says is cleared with {key}: null"
            sheet.refuse_at((key,), Code.CONTRADICTION, found, f"no {key}", hint)


def _refuse_parameter(sheet: Sheet, name: str, said: Said) -> None:
    is_word = name in known() or advice(name)
    shown = f"the parameter {name}" if is_word else "a parameter"
    found = f"{shown} in the url of a SQLite file, which has none"
    hint = advice(name) or "leave it out; a ? in a file's name is %3F"
    sheet.refuse(said, Code.UNKNOWN_PARAMETER, found, "a url without parameters", hint)
