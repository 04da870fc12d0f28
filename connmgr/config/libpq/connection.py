"""Words from `connection:`, and from what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping

from connmgr.config.libpq.sheet import Said
from connmgr.config.libpq.words import SECRETS
from connmgr.config.paths import Path
from connmgr.config.references import missing, named, parse_readable, references, substitute
from connmgr.config.scalars import NotANumber, resolve
from connmgr.config.schema import is_text


def connection_words(written: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, Said]:
    """Return what a `connection:` says; what `environ` does not know has no value."""
    return {word: setting(("connection", word), value, environ) for word, value in written.items()}


def setting(path: Path, written: object, environ: Mapping[str, str]) -> Said:
    """Return what one setting says, its references put in; a secret as it is written."""
    by = path[0]
    if path[-1] in SECRETS or not isinstance(written, str) or "$" not in written:
        return Said(written, path, by)
    parts = parse_readable(written)
    if missing(parts, environ):
        return Said(None, path, by)
    text = substitute(parts, environ)
    found = references(parts)
    return Said(text if is_text(path) or not found else _resolved(text), path, by, named(found))


def _resolved(text: str) -> object:
    try:
        return resolve(text)
    except NotANumber:
        return text
