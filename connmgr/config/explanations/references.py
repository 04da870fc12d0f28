"""CM5xx: values that live elsewhere, in a variable, a file or a program's output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connmgr.config.explanations.explanation import Example, Explanation, one
from connmgr.problem import Code

_PROFILE: Final = "url: postgresql://app@db.internal/orders\n"
_FROM_FILE: Final = f"{_PROFILE}password: {{file: orders.secret}}\n"
_TWO_FILES: Final = {"orders.yaml": _FROM_FILE, "orders.secret": "tiger\n"}

REFERENCES: Final[Mapping[Code, Explanation]] = {
    Code.REFERENCE: Explanation(
        "A reference that cannot be read",
        "A `${` begins a reference that has no closing brace, no name, another form than the three there "
        "are, or another reference inside. Taken as a plain text it would reach the database as it stands.",
        "Write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`. Write `$$` for a plain dollar sign.",
        one('url: "${ORDERS-URL}"\n'),
        one('url: "${ORDERS_URL}"\n', ORDERS_URL="sqlite:///orders.db"),
    ),
    Code.NOT_SET: Explanation(
        "A variable is not set",
        "The profile refers to a variable that the process does not have, or has empty where the form of "
        "the reference asks for a value. Files are fine without it: it is asked for when the profile is "
        "first used, and that profile alone fails.",
        "Set the variable for the process that failed; a shell's own does not reach a service. Or give a "
        "default: `${NAME:-default}`. `connmgr validate --settle` looks every variable up beforehand.",
        one("url: ${ORDERS_URL}\n"),
        one("url: ${ORDERS_URL}\n", ORDERS_URL="sqlite:///orders.db"),
    ),
    Code.FILE_REFERENCE: Explanation(
        "A secret's file cannot be used",
        "The file of a `{file: PATH}` is not there, may not be read, is no regular file, is empty or larger "
        "than 64 KiB, or lies outside the profile's directory without an absolute path. Half of a secret, or "
        "another file's text, must not be sent to a server.",
        "Check the path and who may read it, as the user that runs the process. A relative path begins at "
        "the directory of the profile and stays in it; write an absolute one to leave it.",
        one(_FROM_FILE),
        Example(_TWO_FILES, note="after chmod 600 orders.secret"),
    ),
    Code.COMMAND_REFERENCE: Explanation(
        "A secret's command gave no secret",
        "The program of a `{command: […]}` was not found, ended with an error, took longer than 10 seconds, "
        "or printed nothing, or more than 64 KiB. It runs without a shell, in the profile's directory, with "
        "hardly any environment, so what works in a terminal may fail here.",
        "Write the program and each argument as an item of its own. Run it by hand as the same user under "
        '`env -i PATH="$PATH" HOME="$HOME"`. More variables are written out: `[env, NAME=value, …]`.',
        one(f'{_PROFILE}password: {{command: ["pass show orders"]}}\n'),
        one(f"{_PROFILE}password: {{command: [pass, show, orders]}}\n"),
    ),
    Code.READABLE_BY_OTHERS: Explanation(
        "Others can read the secret",
        "The file of a secret can be read by every user of the machine, or by a group that needs it not. "
        "This is a warning: the secret is used.",
        "`chmod 400 FILE` as its owner; in Kubernetes `defaultMode: 0400` for the volume. If it has been so "
        "for long, change the secret too.",
        Example(_TWO_FILES, note="after chmod 644 orders.secret"),
        Example(_TWO_FILES, note="after chmod 400 orders.secret"),
    ),
}
