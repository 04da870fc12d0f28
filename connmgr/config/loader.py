"""Load a directory of profile files: every profile, and every problem in every file at once."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from connmgr.config.document import Document
from connmgr.config.encoding import LARGEST_FILE
from connmgr.config.nested import freeze
from connmgr.config.schema import showable_keys
from connmgr.config.source import read
from connmgr.config.validate import validate
from connmgr.problem import Place, Problem
from connmgr.profile import Profile

ENDINGS: Final = (".yaml", ".yml")

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII)
_ANY_PROFILES: Final = "a directory with profile files (*.yaml)"
_START: Final = "connmgr init DIR writes three to start from"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a directory holds: the profiles without a problem by name, and the problems by place."""

    profiles: Mapping[str, Profile]
    problems: tuple[Problem, ...]


def load_profiles(directory: str | Path) -> LoadResult:
    """Read every profile file in `directory`; never raises for what is wrong with them.

    Needs no environment and no network: references stay references.
    """
    root = Path(directory)
    try:
        paths, capitals = profile_files(root), _in_capitals(root)
    except (OSError, ValueError) as error:
        return LoadResult(MappingProxyType({}), (_no_directory(root, error),))
    if not (paths or capitals):
        problem = Problem(Place(_shown(root)), "", "no profile files in the directory", _ANY_PROFILES, _START)
        return LoadResult(MappingProxyType({}), (problem,))
    return _load(paths, [_capitals(path) for path in capitals])


def profile_files(root: Path) -> list[Path]:
    """Return the profile files of a directory, sorted, told from others by their names alone.

    Raises:
        OSError: the directory cannot be read.
        ValueError: no directory could have that name.
    """
    return [path for path in _visible_files(root) if path.suffix in ENDINGS]


def _in_capitals(root: Path) -> list[Path]:
    return [
        path for path in _visible_files(root) if path.suffix.lower() in ENDINGS and path.suffix not in ENDINGS
    ]


def _visible_files(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if not path.name.startswith("."))


def _capitals(path: Path) -> Problem:
    return Problem(Place(_shown(path)), "", "an ending in capitals", ".yaml or .yml", "rename the file")


def _load(paths: list[Path], problems: list[Problem]) -> LoadResult:
    problems = [*problems, *_doubled(paths)]
    stems = Counter(path.stem for path in paths)
    profiles: dict[str, Profile] = {}
    for path in paths:
        file = _shown(path)
        document = _read(path, file)
        found = [*_misnamed(path, file), *document.problems, *validate(document, file)]
        problems += found
        if not found and stems[path.stem] == 1 and document.values is not None:
            profiles[path.stem] = Profile(path.stem, file, freeze(document.values), document.places)
    return LoadResult(MappingProxyType(profiles), tuple(sorted(problems)))


def _doubled(paths: Iterable[Path]) -> Iterator[Problem]:
    """Files that would be one profile: `a.yaml` and `a.yml`."""
    first: dict[str, Path] = {}
    for path in paths:
        earlier = first.setdefault(path.stem, path)
        if earlier is path:
            continue
        found = f"two files for one profile: {earlier.name} and {path.name}"
        yield Problem(Place(_shown(path)), "", found, "one of them", "delete or rename the other")


def _misnamed(path: Path, file: str) -> Iterator[Problem]:
    if _NAME.fullmatch(path.stem):
        return
    accepted = "a letter, then up to 62 letters, digits, _ or -, then .yaml"
    hint = "files to extend are not in this version" if path.stem.startswith("_") else "rename the file"
    yield Problem(Place(file), "", "a file name that cannot name a profile", accepted, hint)


def _read(path: Path, file: str) -> Document:
    try:
        # Asked before opening: opening a FIFO would wait for a writer for ever.
        kind = _kind(path.stat().st_mode)
        if kind:
            found = f"{kind} with the name of a profile file"
            problem = Problem(Place(file), "", found, "a file", "rename it, or move it away")
            return Document(None, problems=(problem,))
        data = _bytes(path)
    except OSError as error:
        return Document(None, problems=(_unreadable(path, file, error),))
    return read(data, file, showable_keys())


def _bytes(path: Path) -> bytes:
    # Without waiting: the file may have been replaced by a FIFO since.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(LARGEST_FILE + 1) or b""


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a FIFO" if stat.S_ISFIFO(mode) else "a device or a socket"


def _unreadable(path: Path, file: str, error: OSError) -> Problem:
    if path.is_symlink() and not path.exists():
        return Problem(Place(file), "", "a link that leads nowhere", "a file", "mend the link, or delete it")
    reason = error.strerror or type(error).__name__
    return Problem(Place(file), "", f"the file cannot be read: {reason}", "a file that this user may read")


def _no_directory(root: Path, error: OSError | ValueError) -> Problem:
    match error:
        case FileNotFoundError():
            found = "there is no such directory"
        case NotADirectoryError():
            found = "a file instead of a directory"
        case OSError():
            found = f"the directory cannot be read: {error.strerror or type(error).__name__}"
        case _:
            found = "no name that a directory could have"
    return Problem(Place(_shown(root)), "", found, _ANY_PROFILES, _START)


def _shown(path: Path) -> str:
    """Return a path for messages: one line, and printable even when its bytes are no UTF-8."""
    text = str(path)
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
