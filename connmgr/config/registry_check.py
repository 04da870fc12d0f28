"""Find what is wrong with `_registry.yaml` beyond its YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Final, cast

from connmgr.config.document import Document
from connmgr.config.files import REGISTRY, is_name
from connmgr.config.paths import Path, dotted, is_word
from connmgr.config.registry_schema import definition, keys_of, root
from connmgr.config.scalars import describe
from connmgr.config.schema import definition as profile_definition
from connmgr.config.schema import refusals
from connmgr.config.validate import check_values, one_a_path
from connmgr.config.words import accepted
from connmgr.nearest import Nearest, did_you_mean
from connmgr.problem import Code, Place, Problem

TOKEN: Final = ("web", "token")
_PREVIOUS: Final = ("password", "previous")
"""A profile's secret without a ttl, and without a previous one of its own."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a directory. They are not complete when a file of several profiles cannot be read."""

    profiles: Set[str]
    bases: Set[str] = frozenset()
    is_complete: bool = True


def check_registry(document: Document, file: str, names: Names) -> tuple[Problem, ...]:
    """Return what is wrong with a document that has values; a path has one problem at most."""
    if document.values is None:
        return ()
    check = _Check(document, file, document.values, names)
    said = {problem.path for problem in document.problems}
    # Those of members apart: groups whose names may not be shown have the same path in messages.
    members = [problem for problem in check.members() if problem.path not in said]
    return (*members, *one_a_path((*check.token(), *check.misshapen()), said))


@dataclass(frozen=True, slots=True)
class _Check:
    """One document, and where its values stand."""

    document: Document
    file: str
    values: Mapping[str, object]
    names: Names

    def place(self, path: Path) -> Place:
        return self.document.places.get(path) or Place(self.file)

    def key_place(self, path: Path) -> Place:
        return self.document.keys.get(path) or self.place(path)

    def token(self) -> Iterator[Problem]:
        """Yield what is wrong with the token, which is written as a profile's password, in the same words.

        It has neither ttl nor previous: it is asked for when a request comes, and nobody logs in with it.
        """
        token = _group(self.values, "web").get("token")
        if token is None:
            return
        if token == "":
            yield Problem(self.place(TOKEN), dotted(TOKEN), "found an empty text", "text", code=Code.VALUE)
        for problem in check_values(
            {_PREVIOUS[0]: {"env": "NAME", _PREVIOUS[1]: token}},
            place=lambda path: self.place(_of_token(path)),
            key_place=lambda path: self.key_place(_of_token(path)),
            kind="base",
        ):
            rest = problem.path.removeprefix(dotted(_PREVIOUS))
            yield replace(problem, path=f"{dotted(TOKEN)}{rest}")

    def misshapen(self) -> Iterator[Problem]:
        """Yield what the schema has against the values, the token left out unless there is none."""
        for refusal in refusals(self.values, "registry", settled=False):
            path = refusal.path
            if path == TOKEN and refusal.value is not None:
                continue  # said already
            if refusal.rule == "additionalProperties":
                inside = cast("Mapping[str, object]", refusal.value)
                yield from (self._unknown((*path, key)) for key in inside if not definition((*path, key)))
            elif refusal.rule == "required":
                yield self._without_token()
            else:
                yield self._wrong(path, refusal.value)

    def _unknown(self, path: Path) -> Problem:
        key, known = path[-1], keys_of(path[:-1])
        found = f'unknown key "{key}"' if is_word(key) else "a key that is no word"
        hint = did_you_mean(key, known)
        if not hint and profile_definition(path):
            hint = "that is a profile's to say, or a base's"
        listed = ", ".join(known)
        return Problem(self.key_place(path), dotted(path), found, listed, hint, code=Code.UNKNOWN_KEY)

    def _without_token(self) -> Problem:
        path, found = ("web", "details"), "details for those who send the token, and no token"
        accepted_words, hint = "a token beside it", "add a line such as token: ${HEALTH_TOKEN}"
        return Problem(self.place(path), dotted(path), found, accepted_words, hint, code=Code.CONTRADICTION)

    def _wrong(self, path: Path, value: object) -> Problem:
        setting = path
        while not (node := definition(setting)):
            setting = setting[:-1]  # one in a list is a matter of the list
        # Where a mapping with the token should be, someone may have written the token.
        hidden = self._is_token(value) or TOKEN[: len(setting)] == setting
        found = f"found {describe(value, hidden=hidden)}"
        return Problem(self.place(path), dotted(setting), found, accepted(node, root()), code=Code.VALUE)

    def members(self) -> Iterator[Problem]:
        """Yield a problem for each name in a group that is no profile's, or is there a second time."""
        nearest = Nearest(self.names.profiles)
        for group, members in _group(self.values, "groups").items():
            seen: set[str] = set()
            for index, member in enumerate(members if isinstance(members, list) else ()):
                # What is no text has its problem already.
                if isinstance(member, str) and (found := self._member(member, seen, nearest)):
                    path, (words, accepted_words, hint) = ("groups", group, str(index)), found
                    place = self.document.places.get(path) or self.place(path[:-1])
                    yield Problem(place, dotted(path), words, accepted_words, hint, code=Code.VALUE)

    def _member(self, name: str, seen: set[str], nearest: Nearest) -> tuple[str, str, str] | None:
        """Return what is wrong with a name, what would be accepted, and what to do."""
        is_shown = (is_word(name) or is_name(name)) and not self._is_token(name)
        is_again = name in seen
        seen.add(name)
        if is_again:
            return (
                f'"{name}" a second time' if is_shown else "a name a second time",
                "",
                "delete one of the two",
            )
        if name in self.names.profiles:
            return None
        wanted = "the name of a profile in this directory"
        if name == REGISTRY:
            return f'"{name}", which is this file', wanted, "delete it"
        if name in self.names.bases:
            return f'"{name}", which is a base and no profile', wanted, "name the profiles that extend it"
        if not self.names.is_complete:
            # It may stand in what could not be read; that it is unknown would send people the wrong way.
            return None
        found = f'no profile named "{name}"' if is_shown else "a name that no profile has"
        return found, wanted, nearest.hint(name)

    def _is_token(self, value: object) -> bool:
        """Whether a value is the token's text, which an alias may bring anywhere."""
        return isinstance(value, str) and value == _group(self.values, "web").get("token")


def _of_token(path: Path) -> Path:
    return (*TOKEN, *path[len(_PREVIOUS) :])


def _group(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return the values of a group; none where something else stands, which is a problem of its own."""
    group = values.get(name)
    return group if isinstance(group, Mapping) else {}
