"""Run several calls of the command in one process: nine tenths of a call's time is the start of Python.

    python -m tests.rig.commands '[["list"], ["show", "orders"]]'

Prints for each call its exit status and what it wrote to standard output and to standard error.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

from connmgr.cli import edge
from connmgr.cli.group import connmgr


def main(calls: list[list[str]]) -> None:
    """Make the calls, one after another."""
    answers = []
    for call in calls:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = edge.run(connmgr, call)
        answers.append([status, out.getvalue(), err.getvalue()])
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
