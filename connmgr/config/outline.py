"""What a profile says, setting by setting, as text that shows no secret; references stay references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from connmgr.config.libpq.words import SECRETS
from connmgr.config.paths import Path, dotted
from connmgr.config.references import Part, Reference, parse
from connmgr.config.schema import is_secret
from connmgr.config.urls import Address, BadUrl, Component, Hidden, Url, split, starts_with_reference
from connmgr.profile import Profile
from connmgr.secret import MASK, Secret

_URL = ("url",)


class Said(NamedTuple):
    """One setting: as text, secrets masked up to the references that they are made of, and as it is.

    Two texts may read the same where the values differ.
    """

    text: str
    value: object


def outline(profile: Profile) -> dict[str, Said]:
    """Return every setting that the profile or a base of it says, by its dotted path."""
    return {dotted(path): said for path, said in _leaves(profile.values, ())}


def _leaves(values: Mapping[str, object], path: Path) -> Iterator[tuple[Path, Said]]:
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, Mapping) and not is_secret(here):
            yield from _leaves(value, here)
        else:
            yield here, Said(_text(here, value), value)


def _text(path: Path, value: object) -> str:
    match value:
        case Mapping():
            return _elsewhere(value)
        case Secret() if path == _URL:
            return _url(parse(value.reveal()))
        case Secret():
            return _masked(parse(value.reveal()))
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _elsewhere(value: Mapping[str, object]) -> str:
    """Show `{file: PATH, ttl: 15m}`; of a command its program alone, as an argument may be a secret."""
    return f"{{{', '.join(f'{key}: {_inside(part)}' for key, part in value.items())}}}"


def _inside(part: object) -> str:
    match part:
        case tuple():
            program, *arguments = (each.reveal() if isinstance(each, Secret) else str(each) for each in part)
            return f"[{program}{', …' if arguments else ''}]"
        case Mapping():
            return _elsewhere(part)
        case Secret():
            return _masked(parse(part.reveal()))
        case _:
            return str(part)


def _masked(parts: Component | Hidden) -> str:
    return "".join(str(part) if isinstance(part, Reference) else MASK for part in parts)


def _url(parts: tuple[Part, ...]) -> str:
    if starts_with_reference(parts):
        return _masked(parts)
    try:
        url = split(parts)
    except BadUrl:
        return MASK
    return "".join(_url_pieces(url))


def _url_pieces(url: Url) -> Iterator[str]:
    yield f"{url.scheme}://"
    if url.user is not None or url.password is not None:
        password = "" if url.password is None else f":{_masked(url.password)}"
        yield f"{_plain(url.user or ())}{password}@"
    yield f"{','.join(map(_address, url.addresses))}/{_plain(url.path)}"
    for index, (name, value) in enumerate(url.query):
        shown = _masked(value) if name in SECRETS else _plain(value)
        yield f"{'&' if index else '?'}{name}={shown}"


def _address(address: Address) -> str:
    host = _plain(address.host)
    host = f"[{host}]" if ":" in host and not host.startswith("$") else host
    return f"{host}:{_plain(address.port)}" if address.port else host


def _plain(parts: Component | Hidden) -> str:
    return "".join(map(str, parts))
