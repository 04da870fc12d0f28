"""Sorts the outcomes of SQLAlchemy's tests by what was expected of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tests.sqlalchemy_suite.expected import Expectations


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The names of the tests by verdict; what a failure said, or why it was expected, beside its name."""

    passed: tuple[str, ...]
    skipped: Mapping[str, str]
    outside: Mapping[str, str]
    differs: Mapping[str, str]
    failed: Mapping[str, str]
    moved: Mapping[str, str]

    @classmethod
    def of(cls, outcomes: Mapping[str, tuple[str, str]], expectations: Expectations) -> Self:
        """Sort outcomes; a test that should fail and passes has moved, and that is to be looked at too."""
        passed, skipped, outside, differs, failed, moved = [], {}, {}, {}, {}, {}
        for name, (outcome, line) in sorted(outcomes.items()):
            difference = expectations.difference(name)
            if outcome == "does not apply":
                outside[name] = expectations.why_not(name)
            elif outcome == "skipped":
                skipped[name] = line
            elif outcome == "failed":
                (differs if difference else failed)[name] = difference or line
            elif difference:
                moved[name] = difference
            else:
                passed.append(name)
        return cls(tuple(passed), skipped, outside, differs, failed, moved)

    @property
    def is_well(self) -> bool:
        """Whether every test did what was expected of it."""
        return not self.failed and not self.moved

    def text(self, title: str, *, everything: bool = False) -> str:
        """Return the counts, the reasons, and name by name what was not as expected."""
        counts = (
            f"{title}: {len(self.passed)} passed, {len(self.outside)} do not apply, "
            f"{len(self.differs)} differ as meant, {len(self.skipped)} skip themselves, "
            f"{len(self.failed)} failed, {len(self.moved)} moved"
        )
        lines = [counts]
        for kind, tests in (("does not apply", self.outside), ("differs", self.differs)):
            lines += [f"  {kind}, {count:3}: {reason}" for reason, count in Counter(tests.values()).items()]
            lines += [f"    {name}" for name in tests if everything]
        if everything:
            lines += [f"  passed: {name}" for name in self.passed]
            lines += [f"  skipped: {name}: {line}" for name, line in self.skipped.items()]
        lines += [f"  FAILED {name}: {line}" for name, line in self.failed.items()]
        lines += [
            f"  MOVED {name}: it passes now, and was to differ: {why}" for name, why in self.moved.items()
        ]
        return "\n".join(lines)
