"""Find what a profile says twice: in its url or connection, and in a key of its own."""

from __future__ import annotations

from collections.abc import Mapping

from connmgr.config.libpq.options import server_settings
from connmgr.config.libpq.sheet import Said, Sheet
from connmgr.config.paths import Path, dotted
from connmgr.problem import Code


def check_both(sheet: Sheet, values: Mapping[str, object]) -> bool:
    """Report a profile with a url and a connection; whether it is one."""
    if "url" not in values or "connection" not in values:
        return False
    place, other = sheet.place(("connection",)), sheet.place(("url",))
    where = f"line {other.line}" if other.file == place.file else f"{other.file}:{other.line}"
    hint = "delete one; what a base says is cleared with url: null or connection: null"
    found = f"a connection here and a url in {where}"
    sheet.refuse_at(("connection",), Code.CONTRADICTION, found, "one of them", hint)
    return True


def check_twice(sheet: Sheet, values: Mapping[str, object]) -> None:
    """Report what the words so far, which are the profile's own, say that a key of its own says too."""
    for key in ("password", "service"):
        if key in values and key in sheet.words:
            _refuse(sheet, (key,), f"a {key} here and one", sheet.words[key])
    if _has(values, "timeouts", "connect") and "connect_timeout" in sheet.words:
        found = "timeouts.connect here and connect_timeout"
        _refuse(sheet, ("timeouts", "connect"), found, sheet.words["connect_timeout"])
    options = sheet.text("options")
    if _has(values, "timeouts", "statement") and options and "statement_timeout" in server_settings(options):
        found = "timeouts.statement here and statement_timeout in the options"
        _refuse(sheet, ("timeouts", "statement"), found, sheet.words["options"])


def _has(values: Mapping[str, object], group: str, key: str) -> bool:
    found = values.get(group)
    return isinstance(found, Mapping) and key in found


def _refuse(sheet: Sheet, path: Path, found: str, other: Said) -> None:
    where = "the url" if other.by == "url" else "connection"
    here, there = sheet.place(path), sheet.place(other.path)
    if here.file != there.file:
        # One of them is a base's, which others need.
        hint = (
            f"{dotted(path)}: null clears it"
            if other.by == "url"
            else f"{dotted(other.path)}: null clears it"
        )
        found = f"{found} in {where} ({there.file}:{there.line})"
    else:
        found, hint = f"{found} in {where}", f"delete the one in {where}"
    sheet.refuse_at(path, Code.CONTRADICTION, found, "one of them", hint)
