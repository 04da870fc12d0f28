"""Settings with their defaults and origins, as a table or as JSON."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from connmgr.cli.output import write_json
from connmgr.cli.settings_view import flat_values
from connmgr.cli.tables import write_table
from connmgr.config.value_text import value_text

if TYPE_CHECKING:
    from connmgr.profile import Profile
    from connmgr.settings import Settings

HEADER = ("setting", "value", "default", "from", "reload")


def write_origins(profile: Profile, settings: Settings, *, as_json: bool) -> None:
    """Write one row for each setting, secrets masked."""
    from connmgr.config.origins import Origins

    origins = Origins(profile, os.environ)
    rows = {}
    for name, value in flat_values(settings).items():
        if name != "name":
            rows[name] = (value, origins.of(tuple(name.split("."))))
    if as_json:
        write_json(
            {
                name: {"value": value, "default": o.default, "from": o.source, "reload": o.reload}
                for name, (value, o) in rows.items()
            }
        )
    else:
        shown = [
            (name, value, value_text(o.default, tuple(name.split("."))), o.source, o.reload)
            for name, (value, o) in rows.items()
        ]
        write_table(HEADER, shown)
