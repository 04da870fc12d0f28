"""A profile in the making: what it says so far, what it leaves out, and the check of the whole."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from connmgr.config.dump import dump
from connmgr.config.importing.imported import LeftOut
from connmgr.config.importing.names import variable
from connmgr.config.loader import load_profiles
from connmgr.config.paths import is_word
from connmgr.config.references import Reference, parse_readable
from connmgr.problem import Code, Problem

# Without these a profile would lead to another database; it is given up when one of them is refused.
_ESSENTIAL: Final = frozenset(
    f"connection.{word}" for word in ("host", "hostaddr", "port", "dbname", "user")
) | {"url"}
_NUMBERS: Final = (
    "port",
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslsni",
    "sslcompression",
)
_ORDER: Final = (
    *("url", "connection", "password", "pool", "timeouts"),
    *("host", "hostaddr", "port", "dbname", "user", "size", "max_overflow"),
)
_TWICE: Final = "the source says it twice; the first one is taken"
_SECRETS: Final = ("password", "sslpassword")
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)
_MEANT: Final = re.compile(r"\$(?=[${]|\Z)|(?<=\$)\$")


def literal(text: str) -> str:
    """Return a text as a profile says it, where `${` and `$$` have a meaning.

    So may a dollar sign at its end, when something is put behind it.
    """
    return _MEANT.sub("$$", text)


class Draft:
    """The profile `name` while it is put together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: dict[str, Any] = {}
        self.left_out: list[LeftOut] = []
        self._lines: dict[str, int | None] = {}

    def put(self, path: str, value: object, line: int | None = None) -> None:
        """Say `value` at `path` (`pool.size`), unless an earlier one is there: then leave this one out."""
        if path in self._lines:
            self.leave(path, _TWICE, line)
            return
        self._lines[path] = line
        group, _, key = path.rpartition(".")
        (self.values.setdefault(group, {}) if group else self.values)[key] = value

    def put_word(self, word: str, text: str, line: int | None = None) -> None:
        """Say one of libpq's words, its text as a profile has it."""
        if not is_word(word):
            self.leave("…", "a key that is no word", line)
        elif not text:
            self.leave(word, "it has no value", line)
        elif word in _SECRETS or "://" in text:
            # A URL under the wrong key may hold a password all the same.
            self.put_secret("password" if word == "password" else f"connection.{word}", text, line)
        else:
            self.put(f"connection.{word}", number(text) if word in _NUMBERS else text, line)

    def put_secret(self, path: str, text: str, line: int | None = None) -> None:
        """Say where a secret comes from: a variable that the source names, else one of our own choice."""
        if path in self._lines:
            self.leave(path, _TWICE, line)
        else:
            self.put(path, self.secret(path, text, line), line)

    def secret(self, path: str, text: str, line: int | None = None) -> str:
        """Return the reference that stands for the secret `text`, and say so when it is a new one."""
        parts = parse_readable(text)
        name = variable(self.name, path.rpartition(".")[2])
        if len(parts) == 1 and isinstance(parts[0], Reference):
            name = parts[0].name
            if parts[0].default:
                self.leave(path, f"a secret is not copied: {name} has to be set, it has no default", line)
        else:
            self.leave(path, f"a secret is not copied: set the variable {name} to it", line)
        return f"${{{name}}}"

    def leave(self, key: str, reason: str, line: int | None = None) -> None:
        """Say that a key of the source is not taken over."""
        self.left_out.append(LeftOut(f"{self.name}.{key}", line, reason))

    def finish(self) -> bool:
        """Leave out what no profile may say, and return whether a profile remains."""
        while found := check(self.values):
            unfit = {problem.path: problem for problem in found}
            if essential := [problem for path, problem in unfit.items() if not self._removable(path)]:
                words = "; ".join(map(reason, essential))
                line = self._lines.get(essential[0].path)
                self.left_out.append(LeftOut(self.name, line, f"no profile can say it: {words}"))
                return False
            for path, problem in unfit.items():
                self._remove(path)
                self.left_out.append(LeftOut(f"{self.name}.{path}", self._lines.get(path), reason(problem)))
        self.values = _in_order(self.values)
        return True

    def _removable(self, path: str) -> bool:
        return path in self._lines and path not in _ESSENTIAL

    def _remove(self, path: str) -> None:
        group, _, key = path.rpartition(".")
        holder = self.values[group] if group else self.values
        del holder[key]
        if group and not holder:
            del self.values[group]


def _in_order(values: dict[str, Any]) -> dict[str, Any]:
    """Return the settings in the order in which a person would look for them."""
    ordered = {key: values[key] for key in sorted(values, key=_rank)}
    return {key: _in_order(value) if isinstance(value, dict) else value for key, value in ordered.items()}


def _rank(key: str) -> int:
    return _ORDER.index(key) if key in _ORDER else len(_ORDER)


def check(values: dict[str, Any]) -> tuple[Problem, ...]:
    """Return what `connmgr validate` has against a file with these values, warnings aside.

    The loader itself is asked, about a file of its own: a second list of its checks would fall behind it.
    """
    with TemporaryDirectory(prefix="connmgr-") as directory:
        Path(directory, "profile.yaml").write_text(dump(values), encoding="utf-8", newline="\n")
        found = load_profiles(directory).problems
    return tuple(problem for problem in found if not problem.code.is_warning)


def reason(problem: Problem) -> str:
    """Say in one line why a profile cannot have something."""
    # What is unknown would be followed by every word that there is.
    is_unknown = problem.code in (Code.UNKNOWN_KEY, Code.UNKNOWN_PARAMETER)
    advice = problem.hint or ("" if is_unknown else f"accepted: {problem.accepted}")
    return f"{problem.found}; {advice}" if advice else problem.found


def number(text: str) -> object:
    """Return a whole number or one with a fraction as such, `10_000` too; any other text as it is."""
    digits = text.replace("_", "")
    if not _NUMBER.fullmatch(digits):
        return text
    return int(digits) if digits.isdigit() else float(digits)
