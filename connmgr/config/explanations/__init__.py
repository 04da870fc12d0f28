"""What every code of a problem means, for `connmgr explain` and the documentation.

Nothing else imports this package: reading profiles does without its texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connmgr.config.explanations.composition import COMPOSITION
from connmgr.config.explanations.databases import DATABASES
from connmgr.config.explanations.explanation import Example, Explanation
from connmgr.config.explanations.files import FILES
from connmgr.config.explanations.references import REFERENCES
from connmgr.config.explanations.settings import SETTINGS
from connmgr.config.explanations.yaml_rules import YAML_RULES
from connmgr.problem import Code

__all__ = ["EXPLANATIONS", "KINDS", "Example", "Explanation"]

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CM1": "Files",
        "CM2": "YAML",
        "CM3": "Settings",
        "CM4": "Composition",
        "CM5": "References",
        "CM6": "Where the database is",
    }
)
"""What the codes that begin alike are about."""

EXPLANATIONS: Final[Mapping[Code, Explanation]] = MappingProxyType(
    {**FILES, **YAML_RULES, **SETTINGS, **COMPOSITION, **REFERENCES, **DATABASES}
)
"""An explanation for every code, in their order."""
