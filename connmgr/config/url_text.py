"""Get at the text of `url`: written in the profile, in a variable, or in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from connmgr.config.libpq.sheet import Sheet
from connmgr.config.references import missing, named, parse_readable, references
from connmgr.config.scalars import unsafe_character
from connmgr.config.urls import Component, starts_with_reference
from connmgr.problem import Code
from connmgr.secret import Environment, Secret

_PATH = ("url",)


@dataclass(frozen=True, slots=True, eq=False)
class UrlText:
    """A URL's text with its references; `by` says for people where its own words stand.

    `origin` ends a message about a part without a reference.
    """

    parts: Component = field(repr=False)
    by: str = "the url"
    origin: str = ""


def url_text(
    written: object, sheet: Sheet, environ: Mapping[str, str], root: FilePath | None
) -> UrlText | None:
    """Return the text of a url; None when it is not known yet, or cannot be used, which is reported.

    Only with `root`, the profile's directory, is read what the url names.
    """
    if isinstance(written, Mapping):
        return None if root is None else _read(written, sheet, environ, root)
    parts = parse_readable(written.reveal() if isinstance(written, Secret) else str(written))
    if not parts or _has_unsafe(parts, sheet, environ):
        return None
    if not starts_with_reference(parts):
        return UrlText(parts)
    if missing(parts[:1], environ):
        return None
    return UrlText(parts, f"the url in {parts[0]}", named(references(parts[:1])))


def _has_unsafe(parts: Component, sheet: Sheet, environ: Mapping[str, str]) -> bool:
    """Whether the split, which marks references with a NUL, would take a value or a text for a mark."""
    found = False
    for part in parts:
        if isinstance(part, str):
            # The file's own text has its problem already.
            found = found or bool(unsafe_character(part))
        elif unsafe := unsafe_character(part.value(environ) or ""):
            accepted = "text without control characters"
            origin = named([part])
            sheet.refuse_at(_PATH, Code.URL, f"{unsafe} inside the url{origin}", accepted)
            found = True
    return found


def _read(
    written: Mapping[str, object], sheet: Sheet, environ: Mapping[str, str], root: FilePath
) -> UrlText | None:
    # Sources of secrets are only needed by who has one.
    from connmgr.config.secrets import secret_source

    source = secret_source(
        written,
        environ=Environment(environ),
        place=sheet.place(_PATH),
        path="url",
        root=root,
        origin="the profile file",
    )
    problems = source.problems()
    sheet.problems += problems
    if any(not problem.code.is_warning for problem in problems):
        return None
    answer = source.ask_now()
    if not isinstance(answer, Secret):  # what it names was changed in this moment
        sheet.problems += answer
        return None
    # Its text is a URL as it stands: what looks like a reference there was never meant as one.
    return UrlText((answer.reveal(),), f"the url in {source.describe()}", f", from {source.describe()}")
