"""Find the files that ship with connmgr: the schema and the three profiles to start from.

They stand at the top of a checkout, where people look for them, and beside the code in a wheel.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

PACKAGE = "connmgr"
SCHEMA = "schemas/profile.schema.json"
PROFILES = ("profiles/production.yaml", "profiles/development.yaml", "profiles/test.yaml")


def resource(name: str) -> Traversable:
    """Return the shipped file `name`, such as `schemas/profile.schema.json`.

    Raises:
        FileNotFoundError: it is in neither place; the installation is damaged.
    """
    packaged = files(PACKAGE)
    # The wheel's copy first: beside an installed package, `..` is site-packages, where another
    # distribution may have put a `schemas` of its own.
    candidates = (packaged.joinpath(name), _checkout().joinpath(name))
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(
        f"{name} is missing from this installation of {PACKAGE}: looked for "
        f"{' and '.join(str(candidate) for candidate in candidates)}; install {PACKAGE} again"
    )


def _checkout() -> Path:
    """Return the directory that holds the package: in an editable checkout, the top of the project."""
    return Path(__file__).resolve().parents[2]
