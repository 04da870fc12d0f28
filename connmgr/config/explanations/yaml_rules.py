"""CM2xx: texts that are no YAML, or more YAML than a profile may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connmgr.config.explanations.explanation import Example, Explanation, one
from connmgr.problem import Code

_PROFILE: Final = "url: sqlite:///orders.db\n"

YAML_RULES: Final[Mapping[Code, Explanation]] = {
    Code.SYNTAX: Explanation(
        "Not YAML",
        "The text breaks a rule of YAML's: a quote or a bracket that is not closed, a key at another "
        "indentation than its neighbours, or a colon and a space inside a text without quotes. What comes "
        "after cannot be told, so the file is refused as a whole.",
        "Look at the place and at the line above it; the mistake is often there. Quote a text that holds "
        "': ', ' #', or begins with one of @ ` % & * ! | > { [.",
        one(f"description: Orders: the primary\n{_PROFILE}"),
        one(f'description: "Orders: the primary"\n{_PROFILE}'),
    ),
    Code.TORN_REFERENCE: Explanation(
        "A reference without quotes",
        "A reference stands where YAML reads its characters as its own: inside { } the brace ends the "
        "mapping, and elsewhere ': ' ends a key and ' #' begins a comment. What is left is another value "
        "than the one you see.",
        "Put the whole value into quotes.",
        one(f"{_PROFILE}pool: {{size: ${{POOL_SIZE:-10}}}}\n"),
        one(f'{_PROFILE}pool: {{size: "${{POOL_SIZE:-10}}"}}\n'),
    ),
    Code.NO_SETTINGS: Explanation(
        "No settings in the file",
        "The file is empty, holds comments alone, or holds a list or a single text where settings should "
        "be. An empty file is often one that was cut off while it was copied.",
        "Write settings: keys, each with a colon, a space and a value. `connmgr init` writes files to "
        "start from.",
        one("- url: sqlite:///orders.db\n"),
        one(_PROFILE),
    ),
    Code.SECOND_DOCUMENT: Explanation(
        "A second document",
        "A line `---` begins a second YAML document in the file. Tools disagree on which one counts, and the "
        "settings below the line would be lost without a word.",
        "Delete the line, or put what follows it into a file of its own. Several profiles in one file have "
        "a form of their own: a file named `*.profiles.yaml`.",
        one(f"{_PROFILE}---\npool: {{size: 10}}\n"),
        one(f"{_PROFILE}pool: {{size: 10}}\n"),
    ),
    Code.KEY_TWICE: Explanation(
        "A key twice",
        "A key stands twice in the same mapping. Most readers of YAML take the last one silently, so that "
        "the first, which someone may be editing, does nothing.",
        "Delete one of the two lines, or merge the two mappings into one.",
        one(f"{_PROFILE}pool:\n  size: 10\npool:\n  timeout: 5s\n"),
        one(f"{_PROFILE}pool:\n  size: 10\n  timeout: 5s\n"),
    ),
    Code.KEY_KIND: Explanation(
        "A key that is no text",
        "A key is a number, true, false or null, or a list or mapping. Every key of a profile is a word; "
        "such a key is a value that slipped to the left of its colon.",
        "Write the name of a setting; `connmgr explain` lists them.",
        one(f"{_PROFILE}pool:\n  10: size\n"),
        one(f"{_PROFILE}pool:\n  size: 10\n"),
    ),
    Code.TAG: Explanation(
        "A YAML tag",
        "A value begins with !, which makes it a tag: an order to the reader to turn the value into "
        "something else. Profiles hold plain values only, and a file from a stranger gives no orders.",
        "Delete the tag, or quote a text that begins with an exclamation mark.",
        one(f"description: !important\n{_PROFILE}"),
        one(f'description: "!important"\n{_PROFILE}'),
    ),
    Code.MERGE_KEY: Explanation(
        "A merge key",
        "YAML's merge key `<<` copies the top level of another mapping and not what is below; a nested "
        "group replaces the other one whole. YAML 1.2 no longer has it, and tools disagree. `extends` "
        "merges key by key, across files, and tells where each value comes from.",
        "Move the shared settings into a base, a file whose name begins with _, and extend it.",
        one(f"{_PROFILE}pool: &usual\n  size: 10\ntimeouts:\n  <<: *usual\n"),
        Example({"_usual.yaml": "pool:\n  size: 10\n", "orders.yaml": f"extends: _usual\n{_PROFILE}"}),
    ),
    Code.ALIAS: Explanation(
        "An alias that leads nowhere, or too many",
        "A value such as `*name` repeats what an anchor `&name` marked further up. This one has no anchor, "
        "stands inside its own, or is one too many: with aliases of aliases, a few lines grow to "
        "gigabytes.",
        "Write the value out. Quote a text that begins with an asterisk.",
        one(f"description: *important\n{_PROFILE}"),
        one(f'description: "*important"\n{_PROFILE}'),
    ),
    Code.TOO_DEEP: Explanation(
        "Nested too deep",
        "Lists or mappings lie within one another, more than 50 levels. No setting is deeper than four; "
        "deep nesting is a way to crash a reader.",
        "Write the setting in the form that `connmgr explain` shows for it.",
        one(f"{_PROFILE}pool: {'[' * 60}{']' * 60}\n"),
        one(f"{_PROFILE}pool: {{size: 10}}\n"),
    ),
    Code.TOO_MANY_VALUES: Explanation(
        "Too many values",
        "The file comes to more than 50,000 values, each alias counted for all that it repeats. A profile "
        "has a few dozen; this is another file, or one that was made to use up memory.",
        "Move the file away, or write out what is meant without aliases.",
        one(
            "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
            "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
            "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
            "e: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
        ),
        one(_PROFILE),
    ),
    Code.NUMBER: Explanation(
        "No number for a setting",
        "A value is infinite, not a number (`.inf`, `.nan`), or has more than 40 digits. None of these is a "
        "size or a time, and some databases take them for something else.",
        "Write a number that a person would write. To have no limit, leave the setting out, or clear what a "
        "base sets with null.",
        one(f"{_PROFILE}pool:\n  timeout: .inf\n"),
        one(f"{_PROFILE}pool:\n  timeout: 1h\n"),
    ),
    Code.CONTROL_CHARACTER: Explanation(
        "A control character in a text",
        "A text holds a line break, a tab, a NUL or another control character, written as an escape, by a "
        "block text (|), or by a variable. In PostgreSQL's start-up message a NUL ends one setting and "
        "begins the next: whoever fills the variable could set anything.",
        "Write the text on one line. A block text ends with a line break unless it begins with `>-` or `|-`. "
        "A variable that was read from a file may hold the line break at its end.",
        one(f"description: |\n  Orders,\n  the primary\n{_PROFILE}"),
        one(f"description: >-\n  Orders,\n  the primary\n{_PROFILE}"),
    ),
}
