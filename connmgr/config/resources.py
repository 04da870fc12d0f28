"""Find the files that ship with connmgr: the schema and the three profiles to start from.

They stand at the top of a checkout, where people look for them, and beside the code in a wheel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parents[1]
SCHEMA: Final = "schemas/profile.schema.json"
REGISTRY_SCHEMA: Final = "schemas/registry.schema.json"
HEALTH_SCHEMA: Final = "schemas/health.schema.json"
SCHEMAS: Final = (SCHEMA, "schemas/base.schema.json", "schemas/profiles.schema.json", REGISTRY_SCHEMA)
"""Those of the files that people write, for their editors."""
PROFILES: Final = ("profiles/production.yaml", "profiles/development.yaml", "profiles/test.yaml")


def resource(name: str) -> Path:
    """Return the path of the shipped file `name`, such as `schemas/profile.schema.json`.

    Not through `importlib.resources`: its import alone takes a third of the time of `python -c ""`, and
    what it adds, packages inside a zip file, the compiled drivers do not allow anyway.

    Raises:
        FileNotFoundError: it is in neither place; the installation is damaged.
    """
    # The wheel's copy first: beside an installed package, `..` is site-packages, where another
    # distribution may have put a `schemas` of its own.
    candidates = (PACKAGE / name, PACKAGE.parent / name)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(
        f"{name} is missing from this installation of connmgr: looked for "
        f"{' and '.join(str(candidate) for candidate in candidates)}; install connmgr again"
    )
