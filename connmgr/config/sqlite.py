"""Find the file of a SQLite URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connmgr.config.libpq.absolute import absolute
from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.libpq.words import advice, known
from connmgr.config.references import missing, named, references, substitute
from connmgr.config.urls import Component, Url
from connmgr.problem import Code

_SHAPE: Final = "sqlite:///relative.db or sqlite:////absolute.db"


def sqlite_path(sheet: Sheet, url: Url, environ: Mapping[str, str], origin: str) -> str | None:
    """Return the absolute path in a SQLite URL, empty for a database in memory; None while it is not known.

    Reports what is wrong with the URL.
    """
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
    return "" if text in {"", ":memory:"} else absolute(sheet, text, said, Code.URL, "sqlite:////absolute.db")


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
