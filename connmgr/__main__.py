"""`python -m connmgr`: the command line without the script on the PATH."""

from __future__ import annotations

from connmgr.cli import main

if __name__ == "__main__":
    main()
