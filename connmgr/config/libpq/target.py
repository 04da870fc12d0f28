"""Make a PostgreSQL target of the words on a sheet, all of them known and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connmgr.config.libpq.rules import sslmode
from connmgr.config.libpq.sheet import Sheet
from connmgr.secret import SecretSource
from connmgr.target import PostgresTarget, Server

_SAME: Final = (
    *("sslrootcert", "sslcert", "sslkey", "sslcrl", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version"),
    *("target_session_attrs", "load_balance_hosts", "options"),
    *("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
)
"""Words that a target has under the same name, with the same meaning."""


def build_target(
    sheet: Sheet, name: str, servers: tuple[Server, ...], secrets: Mapping[str, SecretSource]
) -> PostgresTarget:
    """Return the target of the profile `name`; what nobody says has libpq's default, or ours."""
    user = sheet.text("user")
    fallback = sheet.text("fallback_application_name")
    return PostgresTarget(
        servers=servers,
        dbname=sheet.text("dbname") or str(user),
        user=user,
        password=secrets.get("password"),
        sslpassword=secrets.get("sslpassword"),
        sslmode=sslmode(sheet, servers),  # type: ignore[arg-type]  # the schema's own words
        application_name=sheet.text("application_name") or fallback or f"connmgr/{name}",
        **_others(sheet),
    )


def _others(sheet: Sheet) -> dict[str, Any]:
    words = {word: sheet.value(word) for word in _SAME if sheet.value(word) is not None}
    if "keepalives" in sheet.words:
        words["keepalives"] = sheet.value("keepalives") == 1
    if words.get("sslrootcert") == "system":
        del words["sslrootcert"]  # the system's store is what a target has without one
    if sheet.value("sslcertmode") == "disable":
        words.pop("sslcert", None)
        words.pop("sslkey", None)
    return words
