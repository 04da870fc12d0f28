"""Read the file that is to be imported."""

from __future__ import annotations

from pathlib import Path

from connmgr.config.encoding import LARGEST_FILE
from connmgr.config.importing.imported import BadSource


def read_source(path: Path) -> str:
    """Return the text of a file.

    Raises:
        BadSource: it cannot be read, is no text, or is too large for a file of settings.
    """
    try:
        # A pipe or a device would keep the reader waiting, or never end.
        if not path.is_file():
            raise BadSource("there is no such file")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadSource(error.strerror or type(error).__name__) from None
    if len(data) > LARGEST_FILE:
        raise BadSource("the file is larger than 1 MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadSource("the file is not in UTF-8") from None
