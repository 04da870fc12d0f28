"""Read the text of a connection service file of libpq's, by libpq's own rules.

A line is a section, `key=value`, a comment (`#`) or empty. Blanks around a line do not count, blanks around
the `=` do. Of two sections, or two values of one key, libpq takes the first. Rules: parseServiceFile in
libpq's fe-connect.c (PostgreSQL 17).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from connmgr.errors import ConfigError
from connmgr.problem import Code, Place, Problem

# The blanks of C's isspace; Python's own list is longer, and would strip what libpq keeps.
_BLANKS: Final = " \t\n\v\f\r"
_SETTING: Final = "key=value, without blanks around the ="


@dataclass(frozen=True, slots=True)
class ServiceValue:
    """One value as it stands, which may be a password, and its line counted from 1."""

    text: str = field(repr=False)
    line: int


@dataclass(frozen=True, slots=True)
class ServiceFile:
    """What a service file says.

    `lines` has the line of each service's section. `problems` are the lines over which
    libpq would refuse a service, by the service's name; `skipped` are those that libpq passes over without
    a word.
    """

    services: Mapping[str, Mapping[str, ServiceValue]]
    lines: Mapping[str, int]
    problems: Mapping[str, tuple[Problem, ...]]
    skipped: tuple[Problem, ...]


def parse_services(text: str, file: str) -> Mapping[str, Mapping[str, ServiceValue]]:
    """Return the values of every service by its name and their keys.

    Raises:
        ConfigError: with every line, of whatever service, that is wrong. libpq minds only those of the
            service that it was asked for: `scan_services` tells them apart.
    """
    found = scan_services(text, file)
    if found.problems:
        raise ConfigError(problem for problems in found.problems.values() for problem in problems)
    return found.services


def scan_services(text: str, file: str) -> ServiceFile:
    """Return what a service file says and what is wrong with it."""
    scan = _Scan(file)
    for number, line in enumerate(text.split("\n"), start=1):
        scan.line(line.strip(_BLANKS), number)
    services = {name: MappingProxyType(values) for name, values in scan.services.items()}
    problems = {name: tuple(found) for name, found in scan.problems.items()}
    return ServiceFile(
        MappingProxyType(services),
        MappingProxyType(scan.lines),
        MappingProxyType(problems),
        tuple(scan.skipped),
    )


class _Scan:
    """Takes one line after the other; `section` is the service that they belong to, if any."""

    def __init__(self, file: str) -> None:
        self.services: dict[str, dict[str, ServiceValue]] = {}
        self.lines: dict[str, int] = {}
        self.problems: dict[str, list[Problem]] = {}
        self.skipped: list[Problem] = []
        self._file = file
        self._section: str | None = None

    def line(self, text: str, number: int) -> None:
        if not text or text.startswith("#"):
            return
        if text.startswith("["):
            self._begin(text, number)
        elif self._section is None:
            self._skip(number, "", "a line that belongs to no service", "put it below its [service]")
        else:
            self._setting(self._section, text, number)

    def _begin(self, text: str, number: int) -> None:
        name, bracket, _ = text[1:].partition("]")
        self._section = None
        if not bracket:
            self._skip(number, "", "a [ without its ]", "write [service]")
        elif name in self.services:
            found = f"the service stands here and in line {self.lines[name]}"
            self._skip(number, name, found, "the first one counts: delete one of them")
        else:
            self._section = name
            self.lines[name] = number
            self.services[name] = {}

    def _setting(self, service: str, text: str, number: int) -> None:
        key, equals, value = text.partition("=")
        if text.startswith("ldap"):
            hint = "write down what the directory says"
            self._refuse(
                service, number, "", "a look-up in an LDAP directory, which connmgr does not do", hint
            )
        elif not equals:
            self._refuse(service, number, "", "a line without =")
        elif key != key.strip(_BLANKS):
            self._refuse(service, number, key.strip(_BLANKS), "a blank before the =")
        elif key in ("service", "servicefile"):
            self._refuse(service, number, key, "a service inside a service, which libpq refuses")
        elif key in self.services[service]:
            found = f"the key stands here and in line {self.services[service][key].line}"
            self._skip(number, f"{service}.{key}", found, "the first one counts: delete one of them")
        else:
            self.services[service][key] = ServiceValue(value, number)

    def _refuse(self, service: str, number: int, key: str, found: str, hint: str = "") -> None:
        path = ".".join(filter(None, (service, key)))
        problem = Problem(Place(self._file, number), path, found, _SETTING, hint, code=Code.SERVICE)
        self.problems.setdefault(service, []).append(problem)

    def _skip(self, number: int, path: str, found: str, hint: str) -> None:
        self.skipped.append(Problem(Place(self._file, number), path, found, hint=hint, code=Code.SERVICE))
