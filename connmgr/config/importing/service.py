"""Import the services of one of libpq's connection service files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from connmgr.config.files import is_name
from connmgr.config.importing.draft import Draft, literal, reason
from connmgr.config.importing.imported import BadSource, Imported, LeftOut, in_order
from connmgr.config.importing.names import fitting
from connmgr.config.servicefile import scan_services
from connmgr.problem import Problem

_AS_THEY_ARE: Final[Mapping[str, str]] = MappingProxyType({})
_RENAMED: Final = "the service's name does not fit a profile, which is called {}"


def import_service(text: str, renamed: Mapping[str, str] = _AS_THEY_ARE) -> Imported:
    """Return a profile for each service that libpq could use; `renamed` has another name for some.

    Raises:
        BadSource: the text has no service.
    """
    found = scan_services(text, "")
    if not found.services:
        raise BadSource("no [service] in the file")
    profiles: dict[str, Mapping[str, Any]] = {}
    left_out = [LeftOut(problem.path, problem.place.line, reason(problem)) for problem in found.skipped]
    for service, values in found.services.items():
        name = fitting(service, profiles)
        draft = Draft(renamed.get(name, name))
        if not is_name(service) and name == draft.name:
            left_out.append(LeftOut(draft.name, found.lines[service], _RENAMED.format(draft.name)))
        if service in found.problems:
            left_out += _refused(draft.name, found.problems[service])
            continue
        for key, value in values.items():
            draft.put_word(key, literal(value.text), value.line)
        if draft.finish():
            profiles[draft.name] = draft.values
        left_out += draft.left_out
    return Imported(profiles, in_order(left_out))


def _refused(name: str, problems: Iterable[Problem]) -> list[LeftOut]:
    return [
        LeftOut(name, problem.place.line, f"libpq refuses this service: {reason(problem)}")
        for problem in problems
    ]
