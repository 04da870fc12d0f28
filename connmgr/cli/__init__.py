"""The command line, `connmgr`: files and registry to text, exceptions to exit statuses."""

from __future__ import annotations

import sys
from typing import NoReturn

from connmgr.cli.edge import run
from connmgr.cli.group import connmgr


def main() -> NoReturn:
    """Run the command that the process was started with, and leave with its exit status."""
    sys.exit(run(connmgr, sys.argv[1:]))
