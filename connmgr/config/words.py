"""Say in words what a schema accepts: `a whole number of at least 1, or a reference such as ${NAME}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

REFERENCE: Final = "a reference such as ${NAME}"


def accepted(node: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """Return in words what `node`, a part of the schema `root`, accepts."""
    return _listed([*_alternatives(node, root)])


def _alternatives(node: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[str]:
    if "x-accepted" in node:
        # What a pattern accepts, no rule can say.
        yield node["x-accepted"]
    elif "anyOf" in node:
        for alternative in node["anyOf"]:
            yield from _alternatives(alternative, root)
    elif "$ref" in node:
        yield from _referred(node["$ref"], root)
    elif "enum" in node:
        yield from (str(value) for value in node["enum"])
    else:
        yield _typed(node)


def _referred(name: str, root: Mapping[str, Any]) -> Iterator[str]:
    node = root["$defs"][name.rpartition("/")[2]]
    match name.rpartition("/")[2]:
        case "cleared":
            # Nobody who mistyped a value wants to clear it.
            return
        case "reference":
            # False where values are settled, and references no longer accepted.
            if node:
                yield REFERENCE
        case "duration":
            yield _duration(node["anyOf"][0])
        case _:
            yield from _secret(node)


def _secret(node: Mapping[str, Any]) -> Iterator[str]:
    text, forms = node["anyOf"]
    yield _typed(text)
    yield REFERENCE
    # What stands beside a form is no form: nobody who mistyped a secret is looking for its ttl.
    one_of = [key for each in forms.get("oneOf", ()) for key in each["required"]]
    yield from (f"{{{key}: …}}" for key in one_of or forms["properties"])


def _duration(number: Mapping[str, Any]) -> str:
    bounds = f"more than {number['exclusiveMinimum']} and at most {number['maximum']} seconds"
    return f"a duration of {bounds} (a number of seconds, or a text such as 500ms, 30s, 10m or 1h)"


def _typed(node: Mapping[str, Any]) -> str:
    kind = node.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "integer":
            most = f" and at most {node['maximum']}" if "maximum" in node else ""
            return f"a whole number of at least {node['minimum']}{most}"
        case "boolean":
            return "true, false"
        case "object":
            keys = [*node["properties"]]
            return f"a mapping with the key{'s' if keys[1:] else ''} {_listed(keys, last='and')}"
        case _:
            return "text"


def _listed(words: Sequence[str], last: str = "or") -> str:
    """Return `a, b, or c`; two words have their comma too, for some hold spaces."""
    if len(words) == 1:
        return words[0]
    comma = "" if last == "and" else ","
    return f"{', '.join(words[:-1])}{comma} {last} {words[-1]}"
