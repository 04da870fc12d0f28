"""Names of profiles on the command line: the directory they are in, look-up, completion."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connmgr.cli.edge import CallError
from connmgr.cli.options import VARIABLE, profiles_path
from connmgr.errors import ConfigError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from connmgr.config.loader import LoadResult
    from connmgr.profile import Profile


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


def load_named(directory: Path, names: Collection[str]) -> LoadResult:
    """Read the profiles of these names and nothing else, or all when there are none.

    Raises:
        CallError: with every name that no file has, and the one that was perhaps meant.
    """
    from connmgr.config.loader import load_profiles

    result = load_profiles(directory, [*names] or None)
    unknown = [name for name in names if name not in result.profiles and name not in result.broken]
    if unknown:
        raise CallError("; ".join(_unknown(name, directory) for name in unknown))
    return result


def load_one_each(directory: Path, names: Sequence[str]) -> list[Profile]:
    """Return the profiles of these names.

    Raises:
        CallError: a name that no file has.
        ConfigError: with what is wrong in the files that they need.
    """
    result = load_named(directory, names)
    if result.problems:
        raise ConfigError(result.problems)
    return [result.profiles[name] for name in names]


def _unknown(name: str, directory: Path) -> str:
    from connmgr.config.loader import profile_names
    from connmgr.nearest import unknown

    return unknown(name, profile_names(directory), f" in {os.fspath(directory)!r}")


def complete_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of profiles that start with `incomplete`; only shared files are read for it."""
    from click.shell_completion import CompletionItem  # a shell asks for it, and no command

    from connmgr.config.loader import profile_names

    try:
        names = profile_names(profiles_path(context))
    except (OSError, ValueError):
        return []
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


name_argument = click.argument("name", shell_complete=complete_names)
names_argument = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_names)
