"""Problems of files as text, each with the line that it is about."""

from __future__ import annotations

from collections.abc import Collection

from connmgr.cli.output import count
from connmgr.problem import Problem


def text(problems: Collection[Problem]) -> str:
    """Return each problem with its line; they are sorted by file."""
    # Imported when there is something to say: a directory without a problem is checked the sooner.
    from connmgr.cli.excerpts import Excerpts
    from connmgr.config.excerpt import with_source

    excerpts = Excerpts()
    return "\n".join(with_source(problem, excerpts.line(problem.place)) for problem in problems)


def counted(problems: Collection[Problem]) -> str:
    """Say how many problems there are in how many files."""
    files = {problem.place.file for problem in problems}
    return f"{count(len(problems), 'problem')} in {count(len(files), 'file')}"
