"""Sources of secrets as a profile in a directory would have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connmgr.config.secrets import Source, secret_source
from connmgr.problem import Place
from connmgr.secret import Environment

PLACE = Place("orders.yaml", 2, 11)


def source_of(written: object, root: Path, environ: Mapping[str, str] | None = None) -> Source:
    """Return the source of `password: …` in line 2 of a profile in `root`."""
    return secret_source(
        written,
        environ=Environment({} if environ is None else environ),
        place=PLACE,
        path="password",
        root=root,
        origin="the profile file",
    )
