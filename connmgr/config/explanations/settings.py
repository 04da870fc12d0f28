"""CM3xx: settings that do not exist, are missing, or do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connmgr.config.explanations.explanation import Explanation, one
from connmgr.problem import Code

_PROFILE: Final = "url: postgresql://app@db.internal/orders\n"

SETTINGS: Final[Mapping[Code, Explanation]] = {
    Code.UNKNOWN_KEY: Explanation(
        "An unknown key",
        "No setting has this name here: it is misspelt, stands at another indentation than it should, or is "
        "another tool's word. It is not ignored, for the setting that was meant would silently keep its "
        "default.",
        "Write the name that the message offers. `connmgr explain` lists all settings, and an editor that "
        "knows the schema offers them while you type.",
        one(f"{_PROFILE}pool:\n  max_size: 20\n"),
        one(f"{_PROFILE}pool:\n  size: 20\n"),
    ),
    Code.MISSING_KEY: Explanation(
        "A key is missing",
        "The profile does not say where its database is. There is no default for that: a guess such as "
        "localhost would connect to whatever answers there.",
        "Add url, connection, service or `libpq_env: true`, or extend a profile or base that has one.",
        one("description: Orders\n"),
        one(f"description: Orders\n{_PROFILE}"),
    ),
    Code.VALUE: Explanation(
        "A value that does not fit",
        "The setting exists and does not take this value: a text where a number belongs, a number out of "
        "bounds, a word that is not on its list, or nothing at all. The same rule holds for what a "
        "variable brings. Nothing is converted or rounded, for you would not see it.",
        "Write a value of the kind that the message names; `connmgr explain SETTING` has an example. What is "
        "text to YAML may look like something else: yes, no, on and off are texts, true and false are not.",
        one(f"{_PROFILE}pool:\n  timeout: 5 seconds\nhealth:\n  critical: yes\n"),
        one(f"{_PROFILE}pool:\n  timeout: 5s\nhealth:\n  critical: true\n"),
    ),
    Code.CONTRADICTION: Explanation(
        "Two settings that cannot both hold",
        "Each of two settings is fine alone, and together they say two things: the same fact in two "
        "places, or bounds that exclude each other. Whichever was taken, someone would read the "
        "other one and be wrong. Settings of bases and the parameters of a URL count too.",
        "Keep one of the two that the message names. What a base sets is cleared with null.",
        one("url: postgresql://app:tiger@db.internal/orders\npassword: ${ORDERS_PASSWORD}\n"),
        one(f"{_PROFILE}password: ${{ORDERS_PASSWORD}}\n", ORDERS_PASSWORD="tiger"),  # noqa: S106 - shown, and no one's
    ),
    Code.MILLISECONDS: Explanation(
        "Perhaps milliseconds",
        "A plain number over 600 stands where seconds are meant. Other tools count in milliseconds, and "
        "`timeout: 5000` is then over an hour of waiting. This is a warning: the value is taken as it is.",
        "Write the unit: 5s, 5000ms, 20m or 1h. With a unit there is no warning.",
        one(f"{_PROFILE}pool:\n  timeout: 5000\n"),
        one(f"{_PROFILE}pool:\n  timeout: 5000ms\n"),
    ),
}
