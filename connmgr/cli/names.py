"""Names of profiles on the command line: the directory they are in, look-up, completion."""

from __future__ import annotations

import os
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
        CallError: there is no such directory.
    """
    path = profiles_path(context)
    if not path.is_dir():
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


def stem(problem: Problem) -> str:
    """Return the name of the profile in whose file the problem stands."""
    return Path(problem.place.file).stem


def complete_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of profiles that start with `incomplete`, from the files' names alone."""
    try:
        stems = {
            path.stem
            for path in profiles_path(context).iterdir()
            if path.suffix in {".yaml", ".yml"} and not path.name.startswith(("_", "."))
        }
    except OSError:
        return []
    return [CompletionItem(stem) for stem in sorted(stems) if stem.startswith(incomplete)]


name_argument = click.argument("name", shell_complete=complete_names)
names_argument = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_names)
