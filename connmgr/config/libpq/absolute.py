"""Make relative paths absolute when a profile is settled: a later `chdir` changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.problem import Code

_CERTIFICATES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")


def make_absolute(sheet: Sheet) -> None:
    """Let paths begin at the current directory, as libpq's do, and report where there is none.

    Not the service file, which is read at once, and not a password file that the profile itself names:
    as its other secrets' files, that begins at the profile's directory and stays in it.
    """
    for word in _CERTIFICATES:
        if sheet.value(word) != "system":
            _make_absolute(sheet, word)
    if "passfile" in sheet.words and sheet.words["passfile"].by not in ("url", "connection"):
        _make_absolute(sheet, "passfile")


def absolute(sheet: Sheet, path: str, said: Said, code: Code, accepted: str) -> str:
    """Return a path that begins at the current directory; as it is, and reported, when there is none."""
    try:
        return str(Path(path).absolute())
    except OSError as error:
        found = f"a relative path, and no current directory ({error.strerror or type(error).__name__})"
        sheet.refuse(said, code, found, accepted, "change to a directory that exists")
        return path


def _make_absolute(sheet: Sheet, word: str) -> None:
    said, path = sheet.words.get(word), sheet.text(word)
    if said is not None and path is not None:
        whole = absolute(sheet, path, said, Code.PARAMETER, "an absolute path")
        sheet.words[word] = Said(whole, said.path, said.by, said.origin)
