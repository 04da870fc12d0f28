"""Import the entries of a Rails database.yml: PostgreSQL and SQLite, without running its ERB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from connmgr.config.files import is_name
from connmgr.config.foreign import Branch, Text, Unreadable, Value, read_foreign
from connmgr.config.importing.draft import Draft
from connmgr.config.importing.erb import Erb, translate
from connmgr.config.importing.imported import BadSource, Imported, LeftOut, in_order
from connmgr.config.importing.names import fitting
from connmgr.config.importing.rails_entry import put_entry
from connmgr.config.paths import is_word

_AS_THEY_ARE: Final[Mapping[str, str]] = MappingProxyType({})
_MADE_BY_ERB: Final = "its name is made by ERB, which is not run"


def import_rails(text: str, renamed: Mapping[str, str] = _AS_THEY_ARE) -> Imported:
    """Return a profile for each entry of PostgreSQL or SQLite; `renamed` has another name for some.

    Of an environment with several databases they are `production_primary` and so on.

    Raises:
        BadSource: the file is no YAML, or has no entries.
    """
    erb = translate(text)
    try:
        root = read_foreign(erb.text)
    except Unreadable as error:
        raise BadSource(f"line {error.line}: {error}") from None
    if not isinstance(root, Branch):
        raise BadSource("no entries such as production: in the file")
    return _Importer(erb, renamed).imported(root)


class _Importer:
    """Gathers the profiles of one file."""

    def __init__(self, erb: Erb, renamed: Mapping[str, str]) -> None:
        self._erb = erb
        self._renamed = renamed
        self._profiles: dict[str, Mapping[str, Any]] = {}
        self._left_out = [
            LeftOut("<% %>", line, "ERB is not run; every line is read as if it were not there")
            for line in erb.control
        ]

    def imported(self, root: Branch) -> Imported:
        self._doubled("", root)
        for environment, value in root.values.items():
            for name, entry in _entries(environment, value):
                self._take(name, entry)
        return Imported(self._profiles, in_order(self._left_out))

    def _take(self, name: str, entry: Value) -> None:
        if self._erb.has_tag(name):
            self._leave("…", entry, _MADE_BY_ERB)
        elif not isinstance(entry, Branch):
            self._leave(name, entry, "no settings of a database")
        elif entry.is_base and not {"database", "url"} & entry.values.keys():
            self._leave(name, entry, "what other entries start from; they have what it says")
        else:
            self._profile(name, entry)

    def _profile(self, name: str, entry: Branch) -> None:
        fit = fitting(name, self._profiles)
        draft = Draft(self._renamed.get(fit, fit))
        if not is_name(name) and fit == draft.name:
            self._leave(draft.name, entry, f"its name does not fit a profile, which is called {draft.name}")
        self._doubled(f"{draft.name}.", entry)
        if put_entry(draft, entry, self._erb) and draft.finish():
            self._profiles[draft.name] = draft.values
        self._left_out += draft.left_out

    def _doubled(self, prefix: str, branch: Branch) -> None:
        for key, line in branch.doubled:
            shown = key if is_word(key) else "…"
            self._left_out.append(LeftOut(f"{prefix}{shown}", line, "it stands twice; the last one counts"))

    def _leave(self, name: str, entry: Value, reason: str) -> None:
        shown = name if is_word(name) else "…"
        self._left_out.append(LeftOut(shown, entry.line, reason))


def _entries(environment: str, value: Value) -> Iterator[tuple[str, Value]]:
    """Yield the entries of an environment: itself, or one for each of its databases."""
    if isinstance(value, Branch) and value.values:
        children = value.values.values()
        if all(isinstance(child, Branch) for child in children):
            yield from ((f"{environment}_{name}", child) for name, child in value.values.items())
            return
    if not (isinstance(value, Text) and not value.text):
        yield environment, value
