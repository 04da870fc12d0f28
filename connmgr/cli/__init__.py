"""The command line, `connmgr`: files and registry to text, exceptions to exit statuses."""

from __future__ import annotations

import gc
import sys
from typing import Final, NoReturn

MOST_NEW: Final = 100_000
"""Objects made since the collector last ran for which it runs again, where Python says 700."""


def main() -> NoReturn:
    """Run the command that the process was started with, and leave with its exit status."""
    # What is imported stays, and the collector would look for garbage in it again and again. Not switched
    # off, for `health --watch` runs for days.
    gc.set_threshold(MOST_NEW)
    # Hence not at the top, where the imports would come first.
    from connmgr.cli.edge import run
    from connmgr.cli.group import connmgr

    status = run(connmgr, sys.argv[1:])
    # The interpreter looks for garbage in everything once more before it ends, which takes a tenth of the
    # time of a whole `validate`; the system takes all of it back in a moment anyway.
    gc.freeze()
    sys.exit(status)
