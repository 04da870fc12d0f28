"""One thing wrong in a profile file, with its place and its code."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """What kind of thing is wrong. Codes are stable: one is never given another meaning.

    1xx files, 2xx YAML, 3xx settings, 4xx composition, 5xx references, 6xx where the database is.
    """

    UNREADABLE = "CM101"
    ENCODING = "CM102"
    CHARACTER = "CM103"
    TAB = "CM104"
    TOO_LARGE = "CM105"
    FILE_NAME = "CM106"
    NO_PROFILES = "CM107"
    NAME_TWICE = "CM108"

    SYNTAX = "CM201"
    TORN_REFERENCE = "CM202"
    NO_SETTINGS = "CM203"
    SECOND_DOCUMENT = "CM204"
    KEY_TWICE = "CM205"
    KEY_KIND = "CM206"
    TAG = "CM207"
    MERGE_KEY = "CM208"
    ALIAS = "CM209"
    TOO_DEEP = "CM210"
    TOO_MANY_VALUES = "CM211"
    NUMBER = "CM212"
    CONTROL_CHARACTER = "CM213"

    UNKNOWN_KEY = "CM301"
    MISSING_KEY = "CM302"
    VALUE = "CM303"
    CONTRADICTION = "CM304"
    MILLISECONDS = "CM305"

    BASE_MISSING = "CM401"
    BASE_CYCLE = "CM402"
    BASE_DEPTH = "CM403"
    NOTHING_TO_CLEAR = "CM404"

    REFERENCE = "CM501"
    NOT_SET = "CM502"
    FILE_REFERENCE = "CM503"
    COMMAND_REFERENCE = "CM504"
    READABLE_BY_OTHERS = "CM505"

    URL = "CM601"
    UNKNOWN_PARAMETER = "CM602"
    REFUSED_PARAMETER = "CM603"
    PARAMETER = "CM604"
    SERVICE = "CM605"

    @property
    def is_warning(self) -> bool:
        """Whether it is said and nothing refused for it."""
        return self in (Code.MILLISECONDS, Code.READABLE_BY_OTHERS)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; lines and columns count from 1, columns in characters."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What was found where, what would be accepted, and what to do about it.

    `path` is the place in the document (`pool.size`), empty for the file as a whole. `found` never
    holds a secret's value. `accepted` and `hint` are empty when there is nothing to say.
    """

    place: Place
    path: str
    found: str
    accepted: str = ""
    hint: str = ""
    code: Code = field(kw_only=True)

    def __str__(self) -> str:
        kind = " warning:" if self.code.is_warning else ""
        subject = f" {self.path}:" if self.path else ""
        accepted = f"; accepted: {self.accepted}" if self.accepted else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.place}: {self.code}{kind}{subject} {self.found}{accepted}{hint}"
