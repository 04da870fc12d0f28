"""Look up a service in libpq's connection service files.

libpq asks the file that it is told of, or else the user's own, and then the machine's. Where the machine's
is was decided when libpq was built; without libpq only PGSYSCONFDIR says it.
Rules: parseServiceInfo in libpq's fe-connect.c (PostgreSQL 17).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from connmgr.config.files import shown
from connmgr.config.libpq.regular import NotRead, read_regular
from connmgr.config.scalars import unsafe_character
from connmgr.config.secrets.aside import Aside
from connmgr.config.secrets.file import DEADLINE
from connmgr.config.servicefile import ServiceFile, ServiceValue, scan_services

_MOST_NAMES: Final = 10
_WHERE: Final = (
    "looked for in servicefile or PGSERVICEFILE, else in ~/.pg_service.conf, then in "
    "$PGSYSCONFDIR/pg_service.conf; the directory built into libpq is not known here: set PGSYSCONFDIR"
)


class NoService(Exception):
    """A service cannot be used. Says what was found, what would be accepted, what to do; never a value."""

    def __init__(self, found: str, accepted: str = "", hint: str = "") -> None:
        super().__init__("; ".join(filter(None, (found, accepted and f"accepted: {accepted}", hint))))
        self.found = found
        self.accepted = accepted
        self.hint = hint


class _Candidate(NamedTuple):
    """A file to look in. `named` says that someone named it, so that it must be there."""

    path: str
    named: bool


def service_words(name: str, servicefile: str | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Return libpq's words and what a service says for them, values as they stand.

    `servicefile` counts before PGSERVICEFILE. A relative path begins at the working directory, as libpq's.

    Raises:
        NoService: no file has the service, a file cannot be read in time, or a line of the service is wrong.
    """
    candidates = (*_candidates(servicefile, environ),)
    try:
        answer = Aside(lambda: _find(name, candidates), "connmgr-service").result_now(DEADLINE)
    except TimeoutError:
        answer = _late(candidates)
    if isinstance(answer, NoService):
        raise answer
    return answer


def _candidates(servicefile: str | None, environ: Mapping[str, str]) -> Iterator[_Candidate]:
    named = environ.get("PGSERVICEFILE") if servicefile is None else servicefile
    if named is not None:
        yield _Candidate(named, named=True)
    elif home := environ.get("HOME"):
        yield _Candidate(f"{home}/.pg_service.conf", named=False)
    directory = environ.get("PGSYSCONFDIR")
    if directory is not None:
        yield _Candidate(f"{directory}/pg_service.conf", named=False)


def _find(name: str, candidates: Iterable[_Candidate]) -> dict[str, str] | NoService:
    """Return the words or the error: raised from here, its traceback would have the files' contents."""
    looked: dict[str, Iterable[str]] = {}
    for path, named in candidates:
        text = read_regular(path, Path())  # not `cwd()`, which raises in a directory that is gone
        if isinstance(text, NotRead):
            if named or text.there:
                return NoService(f"the service file {shown(path)}: {text.found}", text.accepted, text.hint)
            continue
        file = scan_services(text.reveal(), shown(path))
        if name in file.services:
            return _words(name, file, shown(path))
        looked[shown(path)] = file.services
    return _missing(name, looked)


def _late(candidates: Iterable[_Candidate]) -> NoService:
    files = " or ".join(shown(path) for path, _ in candidates)
    found = f"the service file {files} could not be read within {DEADLINE:g} s"
    return NoService(found, hint="is it on a network file system whose server is away?")


def _words(name: str, file: ServiceFile, path: str) -> dict[str, str] | NoService:
    values = file.services[name]
    wrong = [
        (problem.place.line, problem.found, problem.hint) for problem in file.problems.get(name, ())
    ] + list(_unsafe(values))
    if not wrong:
        return {key: value.text for key, value in values.items()}
    found = ", ".join(f"{path}:{line}: {what}" for line, what, _ in sorted(wrong))
    hints = dict.fromkeys(hint for *_, hint in sorted(wrong) if hint)
    return NoService(f"service {shown(name)}: {found}", "key=value in each line", ", ".join(hints))


def _unsafe(values: Mapping[str, ServiceValue]) -> Iterator[tuple[int, str, str]]:
    for key, value in values.items():
        for what, text in (("a key", key), ("the value", value.text)):
            if unsafe := unsafe_character(text):
                yield value.line, f"{unsafe} inside {what}", ""


def _missing(name: str, looked: Mapping[str, Iterable[str]]) -> NoService:
    if not looked:
        return NoService(f"no service file in which to look for service {shown(name)}", "", _WHERE)
    found = f"no service {shown(name)} in {' or in '.join(looked)}"
    names = sorted({shown(each) for services in looked.values() for each in services})
    more = ", …" if len(names) > _MOST_NAMES else ""
    return NoService(found, ", ".join(names[:_MOST_NAMES]) + more, _WHERE)
