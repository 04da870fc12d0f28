"""Put PyYAML's syntax errors into words of our own.

PyYAML's texts quote the file, and with it a password; its two parsers also differ in theirs.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Explanation(NamedTuple):
    """What went wrong, in our words.

    `in_value` tells whether the value of the key above is at fault, and not a line of its own;
    `at_start` whether the fault is where the thing began that PyYAML was reading.
    """

    found: str
    accepted: str
    hint: str = ""
    in_value: bool = True
    at_start: bool = False


_QUOTE: Final = Explanation(
    "a text whose quote is not closed",
    "the same quote at both ends",
    "add the closing quote",
    at_start=True,
)
_ONE_KEY_A_LINE: Final = "one key a line, at the same indentation as its neighbours"

# What PyYAML says (its context and its problem), and what we say. The first match counts.
_RULES: Final = (
    (("scanning a quoted scalar", "unexpected end of stream"), _QUOTE),
    # "separator" in one parser, "indicator" in the other.
    (("scanning a quoted scalar", "unexpected document"), _QUOTE),
    (
        ("unknown escape character",),
        Explanation(
            "a backslash that begins no escape of YAML's",
            "\\\\ for one backslash",
            "or write the text in single quotes, where a backslash is a backslash",
        ),
    ),
    (
        ("mapping values are not allowed",),
        Explanation(
            "a colon where no key can stand",
            _ONE_KEY_A_LINE,
            "quote a text that holds a colon and a space",
        ),
    ),
    (
        ("cannot start any token",),
        Explanation(
            "a character that begins no YAML value", "a value", "quote a text that begins with @, ` or %"
        ),
    ),
    (
        ("flow node",),
        Explanation(
            "a brace or a bracket that is not closed",
            "{key: value} or [value, value]",
            "close it, or quote a text that begins with { or [",
        ),
    ),
    (
        ("flow mapping",),
        Explanation(
            "a mapping in braces that goes wrong here",
            "{key: value, key: value}",
            "close the brace, or quote a text that begins with {",
        ),
    ),
    (
        ("flow sequence",),
        Explanation(
            "a list in brackets that goes wrong here",
            "[value, value]",
            "close the bracket, or quote a text that begins with [",
        ),
    ),
    (
        ("simple key",),
        Explanation(
            "a line that is no key",
            "a key, a colon, a space and a value",
            "put a colon and a space after the key",
            in_value=False,
            at_start=True,
        ),
    ),
    (
        ("block mapping",),
        Explanation(
            "a line that does not fit the ones above it",
            _ONE_KEY_A_LINE,
            "check its indentation, and the quotes above it",
            in_value=False,
        ),
    ),
)
_OTHERWISE: Final = Explanation(
    "something that is not YAML", "a key, a colon, a space and a value", in_value=False
)


def explain(error: Exception) -> tuple[Any, Explanation]:
    """Return the mark of PyYAML's where the fault lies (None when it gives none), and our words."""
    said = f"{getattr(error, 'context', None)} {getattr(error, 'problem', None)}"
    words = next(
        (words for fragments, words in _RULES if all(fragment in said for fragment in fragments)), _OTHERWISE
    )
    mark = getattr(error, "context_mark" if words.at_start else "problem_mark", None)
    return mark, words
