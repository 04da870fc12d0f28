"""Names of profiles on the command line: the directory they are in, look-up, completion."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from connmgr.cli.edge import CallError
from connmgr.cli.options import VARIABLE, profiles_path
from connmgr.problem import Problem


def profiles_directory(context: click.Context) -> Path:
    """Return the directory of the profiles.

    Raises:
        CallError: there is no such directory, or it is out of reach.
    """
    path = profiles_path(context)
    try:
        found = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        found = False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no name that a directory could have"
        raise CallError(f"the directory {os.fspath(path)!r} cannot be read: {reason}") from error
    if not found:
        raise CallError(
            f"there is no directory {os.fspath(path)!r}; name the profiles' directory with --profiles or "
            f"{VARIABLE}, or write a first one with `connmgr init`"
        )
    return path


def require_known(names: Iterable[str], known: Collection[str], directory: Path) -> None:
    """Refuse names that no profile has.

    Raises:
        CallError: with every unknown name, and the one that was perhaps meant.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CallError("; ".join(_unknown(name, known, directory) for name in unknown))


def _unknown(name: str, known: Collection[str], directory: Path) -> str:
    from connmgr.config.diagnostics import did_you_mean

    hint = did_you_mean(name, known) or f"there are: {', '.join(sorted(known)) or 'none'}"
    return f"no profile {name!r} in {os.fspath(directory)!r}; {hint}"


def stem(problem: Problem, directory: Path) -> str | None:
    """Return the name of the profile in whose file the problem stands; None for the directory's own."""
    file = Path(problem.place.file)
    return None if file == directory else file.stem


def broken_names(problems: Iterable[Problem], directory: Path) -> set[str]:
    """Return the names of the profiles in whose files the problems stand."""
    return {name for problem in problems if (name := stem(problem, directory)) is not None}


def complete_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of profiles that start with `incomplete`, from the files' names alone."""
    from connmgr.config.loader import profile_files

    try:
        names = {path.stem for path in profile_files(profiles_path(context))}
    except (OSError, ValueError):
        return []
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete) and name[0] != "_"]


name_argument = click.argument("name", shell_complete=complete_names)
names_argument = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_names)
