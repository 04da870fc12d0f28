"""A program that gives secrets and notes that it was asked, as a secrets' service would."""

from __future__ import annotations

import sys
from pathlib import Path

_PROGRAM = """
import sys, time
from pathlib import Path
folder = Path(sys.argv[1])
with open(folder / "asked", "a") as asked:
    asked.write("x")
time.sleep(float((folder / "delay").read_text()))
if (folder / "down").exists():
    sys.exit("c4n4ry: the service is down")
print((folder / "password").read_text())
"""


class Provider:
    """Reads its answer from the file `password` in a folder, each time that it is run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._program = folder / "provider.py"
        self._program.write_text(_PROGRAM)
        self.delay(0)

    @property
    def command(self) -> list[str]:
        """What a profile runs."""
        return [sys.executable, "-S", "-I", str(self._program), str(self.folder)]

    @property
    def asked(self) -> int:
        """How often it was run so far."""
        asked = self.folder / "asked"
        return len(asked.read_text()) if asked.exists() else 0

    def delay(self, seconds: float) -> None:
        """Have it take so long."""
        (self.folder / "delay").write_text(str(seconds))

    def stop(self) -> None:
        """Have it fail from now on."""
        (self.folder / "down").touch()

    def start(self) -> None:
        """Have it answer again."""
        (self.folder / "down").unlink()
