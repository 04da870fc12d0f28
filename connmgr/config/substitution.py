"""Put the environment's values into the texts of a profile, secrets left as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connmgr.config.document import Path, dotted
from connmgr.config.nested import secret_names, texts
from connmgr.config.references import Part, Reference, missing, named, parse, references, substitute
from connmgr.config.scalars import NotANumber, describe, resolve, unsafe_character
from connmgr.config.schema import check, is_secret, is_text
from connmgr.problem import Code, Problem
from connmgr.profile import Profile
from connmgr.secret import Secret


def unset(profile: Profile, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for every reference without a value, secrets' too."""
    for path, text in texts(profile.values):
        for reference in dict.fromkeys(missing(parse(text), environ)):
            yield reference.unset(profile.place(*path), dotted(path))


@dataclass(slots=True)
class Substitution:
    """The values of one profile with those of `environ` put in, and what is wrong with them.

    `origins` says which references a value came from. Secrets are texts as written: they are here
    for the schema alone.
    """

    profile: Profile
    environ: Mapping[str, str]
    values: dict[str, Any] = field(init=False, repr=False)
    problems: list[Problem] = field(default_factory=list)
    origins: dict[Path, tuple[Reference, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = self._mapping(self.profile.values, ())
        wrong = {problem.path for problem in self.problems}
        checked = check(
            self.values, place=lambda path: self.profile.place(*path), found=self._found, settled=True
        )
        self.problems += (problem for problem in checked if problem.path not in wrong)

    def _mapping(self, values: Mapping[str, object], path: Path) -> dict[str, Any]:
        return {key: self._value(value, (*path, key)) for key, value in values.items()}

    def _value(self, value: object, path: Path) -> object:
        match value:
            case Mapping():
                return self._mapping(value, path)
            case Secret():
                return value.reveal()
            case str():
                return self._settled(parse(value), path)
            case _:
                return value

    def _settled(self, parts: tuple[Part, ...], path: Path) -> object:
        text = substitute(parts, self.environ)
        self.origins[path] = references(parts)
        if unsafe := unsafe_character(text):
            self._report(path, unsafe, "text without control characters")
        if is_text(path) or not self.origins[path]:
            return text
        try:
            return resolve(text)
        except NotANumber as error:
            self._report(path, str(error), "a number that a person would write")
            return None

    def _report(self, path: Path, found: str, accepted: str) -> None:
        found = f"found {found}{named(self.origins[path])}"
        self.problems.append(
            Problem(self.profile.place(*path), dotted(path), found, accepted, code=Code.VALUE)
        )

    def _found(self, path: Path, value: object) -> str:
        origin = self.origins.get(path, ())
        hidden = is_secret(path) or not secret_names(self.profile.values).isdisjoint(
            reference.name for reference in origin
        )
        return f"found {describe(value, hidden=hidden)}{named(origin)}"
