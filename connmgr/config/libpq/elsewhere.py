"""Words that count where the profile says nothing: a service's, and those of libpq's own environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from connmgr.config.libpq.environment import VARIABLES, session_options, variable_words
from connmgr.config.libpq.service import NoService, service_words
from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.libpq.words import SECRETS
from connmgr.config.scalars import unsafe_character
from connmgr.problem import Code
from connmgr.secret import Secret

HOME: Final = "libpq's files in the home folder"

_ASKED: Final = ("libpq_env",)
_SERVICE: Final = ("service", "servicefile")


def put_elsewhere(sheet: Sheet, environ: Mapping[str, str], root: Path, *, variables: bool) -> None:
    """Add the words of the service that is named; with `variables`, those of the environment after it.

    A service file that the profile names is relative to `root`, the profile's directory.
    """
    found = (
        {word: _variable(word, value) for word, value in variable_words(environ).items()} if variables else {}
    )
    sheet.add({word: said for word, said in found.items() if word in _SERVICE})
    _put_service(sheet, environ, root)
    _put_session(sheet, session_options(environ) if variables else "")
    sheet.add(found)
    if variables and environ.get("HOME"):
        _put_home(sheet, Path(environ["HOME"]))


def _variable(word: str, value: str) -> Said:
    name = VARIABLES[word]
    # Read again at every connection, as every secret is.
    known: object = {"env": name} if word in SECRETS else value
    return Said(known, _ASKED, f"variable {name}", f", from {name}")


def _put_service(sheet: Sheet, environ: Mapping[str, str], root: Path) -> None:
    named = sheet.words.get("service")
    if named is None or named.value is None:
        return
    if not named.value or unsafe_character(str(named.value)):
        sheet.is_open = True  # as below; that no service has such a name is said with the other values
        return
    name = str(named.value)
    try:
        words = service_words(name, _service_file(sheet, root), environ)
    except NoService as error:
        sheet.is_open = True  # nobody knows what it would have said
        sheet.refuse(named, Code.SERVICE, error.found, error.accepted, error.hint)
        return
    by = f"service {name}"
    sheet.add({word: _served(word, value, named, by) for word, value in words.items() if value})


def _service_file(sheet: Sheet, root: Path) -> str | None:
    said = sheet.words.get("servicefile")
    if said is None or said.value is None or said.path == _ASKED:
        return None  # PGSERVICEFILE is looked up where the service is
    return str(root.absolute() / str(said.value))


def _served(word: str, value: str, named: Said, by: str) -> Said:
    known: object = (Secret(value),) if word in SECRETS else value
    return Said(known, named.path, by, f", from {by}")


def _put_session(sheet: Sheet, options: str) -> None:
    """Append what libpq sends beside `options`, whoever says those."""
    said = sheet.words.get("options")
    if options and said is not None and isinstance(said.value, str):
        sheet.words["options"] = replace(said, value=f"{said.value} {options}")


def _put_home(sheet: Sheet, home: Path) -> None:
    """Add the files that libpq looks for in the home folder, as far as they are there."""
    for word, name in _home_files(sheet):
        path = home / name
        if word not in sheet.words and _is_file(path):
            sheet.words[word] = Said(str(path), _ASKED, HOME, f", from {name} in the home folder")


def _is_file(path: Path) -> bool:
    """Whether a file is there for all that this user can see: a home may be another's, and closed to it."""
    try:
        return path.is_file()
    except OSError:
        return False


def _home_files(sheet: Sheet) -> Iterator[tuple[str, str]]:
    yield "passfile", ".pgpass"
    yield "sslrootcert", ".postgresql/root.crt"
    if "sslrootcert" in sheet.words:
        yield "sslcrl", ".postgresql/root.crl"
    yield "sslcert", ".postgresql/postgresql.crt"
    if "sslcert" in sheet.words:
        yield "sslkey", ".postgresql/postgresql.key"
