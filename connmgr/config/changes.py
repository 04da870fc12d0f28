"""Say key by key how a profile differs from what it was, and what each change takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final

from connmgr.config.outline import outline
from connmgr.config.paths import Path, dotted
from connmgr.config.schema import definition
from connmgr.config.secrets import Source
from connmgr.config.value_text import value_text
from connmgr.plan import Change, Effect
from connmgr.problem import Place
from connmgr.profile import Profile
from connmgr.secret import MASK
from connmgr.settings import Settings
from connmgr.target import Target

_ADDRESS: Final = ("servers", "dbname", "user", "path")
_WORDS: Final = {"servers": "host", "allow_attach": "sqlite", "allow_outside": "sqlite"}


def changes(old: Settings, new: Settings, profile: Profile) -> tuple[Change, ...]:
    """Return what differs by value, a change of a variable too; places are those of the new `profile`."""
    if old == new:
        return ()
    return (*_target_changes(old.target, new.target, profile), *_group_changes(old, new, profile, ()))


def written_changes(old: Profile, new: Profile) -> tuple[Change, ...]:
    """Return what differs as written, for a profile that nobody uses: its references need not resolve."""
    before, after = outline(old), outline(new)
    found = []
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        if one is not None and other is not None and one.value == other.value:
            continue
        path = tuple(key.split("."))
        texts = _pair(one and one.text, other and other.text)
        found.append(Change(key, *texts, _effect(path), new.place(*path)))
    return tuple(found)


def _group_changes(old: Any, new: Any, profile: Profile, path: Path) -> Iterator[Change]:
    for each in fields(new):
        if each.name in ("target", "name"):
            continue
        here, one, other = (*path, each.name), getattr(old, each.name), getattr(new, each.name)
        if one == other:
            continue
        if is_dataclass(other):
            yield from _group_changes(one, other, profile, here)
        else:
            yield _change(_written_as(here, profile), value_text(one, here), value_text(other, here), profile)


def _target_changes(old: Target, new: Target, profile: Profile) -> Iterator[Change]:
    if type(old) is not type(new):
        yield _change(("url",), old.url, new.url, profile)
        return
    compared = [each.name for each in fields(new) if each.compare]
    differing = [name for name in compared if getattr(old, name) != getattr(new, name)]
    for name in differing:
        path = _path(name, profile)
        if name == "servers" and path != ("url",):
            yield from _server_changes(old, new, profile)
            continue
        if path != ("url",):
            yield _change(path, _text(getattr(old, name)), _text(getattr(new, name)), profile)
    if any(_path(name, profile) == ("url",) and name in _ADDRESS for name in differing):
        yield _change(("url",), old.url, new.url, profile)


def _server_changes(old: Target, new: Target, profile: Profile) -> Iterator[Change]:
    """Yield what differs of a list of servers, word by word as `connection` has them."""
    for word in ("host", "hostaddr", "port"):
        one, other = (_all_of(target, word) for target in (old, new))
        if one != other:
            yield _change(("connection", word), one, other, profile)


def _all_of(target: Target, word: str) -> str:
    values = [getattr(server, word) for server in getattr(target, "servers", ())]
    return ",".join("none" if value is None else str(value) for value in values)


def _written_as(path: Path, profile: Profile) -> Path:
    """Return the key at which a setting is written: libpq's word for one that has two names."""
    libpq = ("connection", "connect_timeout")
    is_libpq = path == ("timeouts", "connect") and path not in profile.places and libpq in profile.places
    return libpq if is_libpq else path


def _path(name: str, profile: Profile) -> Path:
    """Return where a word of the target stands, or would: the parts of an address stand in the url."""
    word = _WORDS.get(name, name)
    if word == "sqlite":
        return ("sqlite", name)
    for path in ((word,), ("connection", word)):
        if path in profile.places:
            return path
    if name in _ADDRESS:
        return ("url",)
    return (word,) if word == "password" else ("connection", word)


def _change(path: Path, old: str, new: str, profile: Profile) -> Change:
    return Change(dotted(path), *_pair(old, new), _effect(path), _place(path, profile))


def _pair(old: str | None, new: str | None) -> tuple[str | None, str | None]:
    """Return both texts; where only what is masked or left out differs, the second says so."""
    return (old, f"{new} (another)") if old == new else (old, new)


def _effect(path: Path) -> Effect:
    known = definition(path) or {}
    return Effect(known.get("x-reload", Effect.REBUILD.value))


def _place(path: Path, profile: Profile) -> Place:
    """Return the place of a setting; of one in the url that of the url."""
    if path not in profile.places and path[0] in ("connection", "password") and ("url",) in profile.places:
        return profile.place("url")
    return profile.place(*path)


def _text(value: object) -> str:
    match value:
        case Source():
            return f"{MASK} ({value.describe()})"
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return value_text(value, ())
