"""Words from a URL: what stands before its question mark, and its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from connmgr.config.libpq.servers import LISTS, brings_another
from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.libpq.words import REFUSED, SECRETS, advice, known, reason, suggestion
from connmgr.config.references import Reference, missing, named, references, substitute
from connmgr.config.urls import ESCAPES, SHAPES, Component, Hidden, Url
from connmgr.problem import Code
from connmgr.secret import Secret

_PATH: Final = ("url",)
_EMPTY: Final = "set the variable, or leave this part out of the url"
_UNKNOWN: Final = Said(None, _PATH, "url")
_NAMES: Final = {"dbname": "database name"}


def put_url(sheet: Sheet, url: Url, environ: Mapping[str, str], origin: str) -> None:
    """Put the words of a URL on the sheet; `origin` ends a message about a component without references."""

    def said(component: Component | Hidden) -> Said:
        return _said(component, environ, origin)

    if url.user is not None:
        _put_part(sheet, "user", said(url.user))
    if url.password is not None:
        sheet.words["password"] = Said(url.password, _PATH, "url", origin)
    if url.path:
        _put_part(sheet, "dbname", said(url.path))
    _put_addresses(sheet, url, said)
    for word, component in url.query:
        found = Said(component, _PATH, "url") if word in SECRETS else said(component)
        if word in LISTS and brings_another(component, environ):
            found = _one(sheet, word, found)
        _put_parameter(sheet, word, found)


def _said(component: Component | Hidden, environ: Mapping[str, str], origin: str) -> Said:
    if len(component) == 1 and isinstance(component[0], str):
        return Said(component[0], _PATH, "url", origin)
    if any(isinstance(part, Secret) for part in component):
        return Said(component, _PATH, "url", origin)
    parts: Component = tuple(part for part in component if isinstance(part, str | Reference))
    if missing(parts, environ):
        return _UNKNOWN
    return Said(substitute(parts, environ), _PATH, "url", named(references(parts)) or origin)


def _put_part(sheet: Sheet, word: str, said: Said) -> None:
    if said.value == "":
        # An empty variable must not turn into localhost, or into the user's own database.
        sheet.refuse(said, Code.URL, f"a {_NAMES.get(word, word)} that is empty", SHAPES, _EMPTY)
        said = _UNKNOWN
    sheet.words[word] = said


def _put_addresses(sheet: Sheet, url: Url, said: Callable[[Component], Said]) -> None:
    if not url.addresses:
        return
    hosts = [said(address.host) if address.host else None for address in url.addresses]
    ports = [said(address.port) if address.port else None for address in url.addresses]
    if any(hosts) or hosts[1:]:
        _put_list(sheet, "host", hosts)
    if any(ports):
        _put_list(sheet, "port", ports)


def _put_list(sheet: Sheet, word: str, each: list[Said | None]) -> None:
    """Put one word for several addresses, as libpq has it: `one,two`."""
    written = [_one(sheet, word, said) for said in each if said is not None]
    if not each[1:]:
        _put_part(sheet, word, written[0])
    elif any(said.value is None for said in written):
        sheet.words[word] = _UNKNOWN
    else:
        text = ",".join("" if said is None else str(said.value) for said in each)
        origin = next((said.origin for said in written), "")  # `,` and `:1,:2` name no host
        sheet.words[word] = Said(text, _PATH, "url", origin)


def _one(sheet: Sheet, word: str, said: Said) -> Said:
    """Return what one address says, unless it would be several."""
    if not isinstance(said.value, str) or "," not in said.value:
        return said
    hint = f"write ?{word}=${{NAME}} for a variable that holds several"
    sheet.refuse(said, Code.URL, f"a comma inside one {word}", f"one {word}", hint)
    return _UNKNOWN


def _put_parameter(sheet: Sheet, word: str, found: Said) -> None:
    if word not in known():
        _refuse_unknown(sheet, word, found)
    elif word in sheet.words:
        hint = "libpq would take the parameter: leave the one before the ? out" if word == "host" else ""
        sheet.refuse(found, Code.PARAMETER, f"{word} twice in one url", "one of them", hint)
    elif found.value in ("", ()):
        sheet.refuse(found, Code.PARAMETER, f"the parameter {word} without a value", f"?{word}=value")
    else:
        sheet.words[word] = found


def _refuse_unknown(sheet: Sheet, word: str, said: Said) -> None:
    """Refuse a word; one that nobody knows is not shown, for it may be half a password."""
    if word in REFUSED:
        found = f"the parameter {word}, which connmgr cannot carry out"
        sheet.refuse(said, Code.REFUSED_PARAMETER, found, hint=reason(word))
        return
    hint = advice(word) or suggestion(word)
    shown = f"the parameter {word}, which libpq does not know" if advice(word) else "an unknown parameter"
    accepted = "libpq's parameters, such as sslmode, application_name and connect_timeout"
    sheet.refuse(said, Code.UNKNOWN_PARAMETER, shown, accepted, hint or ESCAPES)
