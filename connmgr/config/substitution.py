"""Put the environment's values into the texts of a profile; secrets are left where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connmgr.config.nested import found_in, secret_names
from connmgr.config.paths import Path, dotted
from connmgr.config.references import Part, Reference, missing, named, parse, references, substitute
from connmgr.config.scalars import NotANumber, describe, resolve, unsafe_character
from connmgr.config.schema import check, is_secret, is_text
from connmgr.problem import Code, Problem
from connmgr.profile import Profile

STAND_IN: Final = "secret"
"""What the schema is shown in place of a secret: as valid, and no harm in a traceback that prints locals."""


def unset(profile: Profile, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for every reference in a text that has no value, secrets' too."""
    for path, found in found_in(profile.values):
        for reference in dict.fromkeys(missing(found, environ)):
            yield reference.unset(profile.place(*path), dotted(path))


@dataclass(slots=True)
class Substitution:
    """The values of one profile with those of `environ` put in, and what is wrong with them.

    `origins` says which references a value came from. Each secret is `STAND_IN`.
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
        if is_secret(path):
            return STAND_IN
        match value:
            case Mapping():
                return self._mapping(value, path)
            case str():
                return self._settled(parse(value), path)
            case _:
                return value

    def _settled(self, parts: tuple[Part, ...], path: Path) -> object:
        text = substitute(parts, self.environ)
        self.origins[path] = references(parts)
        if unsafe := unsafe_character(text):
            self._report(path, unsafe, "text without control characters", Code.CONTROL_CHARACTER)
        if is_text(path) or not self.origins[path]:
            return text
        try:
            return resolve(text)
        except NotANumber as error:
            self._report(path, str(error), "a number that a person would write")
            return None

    def _report(self, path: Path, found: str, accepted: str, code: Code = Code.VALUE) -> None:
        found = f"found {found}{named(self.origins[path])}"
        self.problems.append(Problem(self.profile.place(*path), dotted(path), found, accepted, code=code))

    def _found(self, path: Path, value: object) -> str:
        origin = self.origins.get(path, ())
        hidden = is_secret(path) or not secret_names(self.profile.values).isdisjoint(
            reference.name for reference in origin
        )
        return f"found {describe(value, hidden=hidden)}{named(origin)}"
