"""Words from `connection:`, and from what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping

from connmgr.config.libpq.servers import LISTS, brings_another
from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.libpq.words import SECRETS
from connmgr.config.paths import Path
from connmgr.config.references import missing, named, parse_readable, references, substitute
from connmgr.config.scalars import NotANumber, resolve, unsafe_character
from connmgr.config.schema import is_text
from connmgr.problem import Code


def put_connection(sheet: Sheet, written: Mapping[str, object], environ: Mapping[str, str]) -> None:
    """Put what a `connection:` says on the sheet; what `environ` does not know has no value."""
    for word, value in written.items():
        said = setting(("connection", word), value, environ)
        if word in LISTS and isinstance(value, str) and brings_another(parse_readable(value), environ):
            hint = "write ${NAME} alone for a variable that holds several"
            sheet.refuse(said, Code.PARAMETER, f"a comma inside one {word}", f"one {word}", hint)
            said = Said(None, said.path, said.by)
        sheet.words[word] = said


def setting(path: Path, written: object, environ: Mapping[str, str]) -> Said:
    """Return what one setting says, its references put in; a secret as it is written."""
    by = path[0]
    if path[-1] in SECRETS or not isinstance(written, str) or "$" not in written:
        return Said(_whole(written), path, by)
    parts = parse_readable(written)
    if missing(parts, environ):
        return Said(None, path, by)
    text = substitute(parts, environ)
    if unsafe_character(text):
        return Said(None, path, by)  # reported where every text of the profile is looked at
    found = references(parts)
    return Said(text if is_text(path) or not found else _resolved(text), path, by, named(found))


def _resolved(text: str) -> object:
    try:
        return _whole(resolve(text))
    except NotANumber:
        return text


def _whole(value: object) -> object:
    """Return 5432.0 as the whole number that it is to the schema: its text is no port."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
