"""A file made to hurt its reader is a problem with its line, soon and in little memory.

Each one is read by a process of its own: a crash of the parser's C code would end the tests with it. The
time is the process's own CPU time, which other work on the machine does not lengthen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 0.25
KIB = 64 * 1024

# Reads a small broken directory first: imports are no part of what is measured.
READER = """
import json, resource, sys, time
from connmgr.config.loader import load_profiles

load_profiles(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF)

def once():
    begun = time.process_time()
    return load_profiles(sys.argv[2]), time.process_time() - begun

# The quicker of two: whatever else the machine does slows a process down.
result, first = once()
_, second = once() if first > 0.1 else (None, first)
after = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": min(first, second),
    "kib": after.ru_maxrss - before.ru_maxrss,
    "problems": [[p.code, p.place.line, len(str(p))] for p in result.problems],
    "profiles": len(result.profiles),
}))
"""


def laughs(levels: int) -> str:
    lines = ["url: sqlite://", "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


def merge_keys() -> str:
    keys = ", ".join(f"k{n}: 1" for n in range(200))
    merged = [f"m{n}: {{<<: [{', '.join(['*base'] * 20)}]}}" for n in range(1000)]
    return "\n".join(["url: sqlite://", f"base: &base {{{keys}}}", *merged])


def many_profiles() -> str:
    return "profiles:\n" + "".join(f"  p{n}: {{url: 'sqlite://'}}\n" for n in range(100_000))


BOMBS = {
    "laughs-9-levels": (laughs(9), "CM209 CM211", None),
    "laughs-6-levels": (laughs(6), "CM209 CM211", None),
    "merge-keys": (merge_keys(), "CM208 CM209 CM211", None),
    "itself": ("url: sqlite://\npool: &p {size: *p}\n", "CM209", 2),
    "lists-500-deep": ("url: " + "[" * 500, "CM210", 1),
    "lists-5000-deep": ("url: " + "[" * 5_000 + "]" * 5_000, "CM210", 1),
    "lists-100000-deep": ("url: " + "[" * 100_000, "CM210", 1),
    "mappings-100000-deep": ("url: " + "{a: " * 100_000, "CM210", 1),
    "keys-500-deep": ("\n".join(" " * n + "a:" for n in range(500)), "CM210", 51),
    "entries-500-deep": ("- " * 500 + "a", "CM210", 1),
    "scalar-10-mb": ("url: " + "a" * 10_000_000, "CM105", 1),
    "quoted-1-mb": ('url: "' + "a" * 1_000_000, "CM201", 1),
    "escapes": ('url: "' + "\\\\" * 500_000 + '"\n', "CM601 CM303", 1),
    "number-10**6-digits": ("url: sqlite://\npool: {size: " + "9" * 1_000_000 + "}\n", "CM212", 2),
    "hex-10**6-digits": ("url: sqlite://\npool: {size: 0x" + "f" * 1_000_000 + "}\n", "CM212", 2),
    "reference-1-mb": ("url: sqlite://\ndescription: '" + "${" * 500_000 + "'\n", "CM303", 2),
    "dollars-1-mb": ("url: sqlite://\npool: {size: '" + "$$" * 500_000 + "'}\n", "CM303", 2),
    "duration-1-mb": ("url: sqlite://\npool: {timeout: '" + "1" * 1_000_000 + "s'}\n", "CM303", 2),
    "extends-1-mb": ("extends: " + "a" * 1_000_000 + "\n", "CM303", 1),
    "key-1-mb": ("url: sqlite://\n? " + "k" * 1_000_000 + "\n: 1\n", "CM301", 2),
    "keys-100000": ("url: sqlite://\n" + "".join(f"k{n}: 1\n" for n in range(80_000)), "CM211 CM301", None),
    "anchors": ("url: sqlite://\na: [" + ", ".join(f"&a{n} 1" for n in range(25_000)) + "]\n", "CM301", 2),
    "aliases-51": ("url: sqlite://\na: &a 1\nb: [" + ", ".join(["*a"] * 51) + "]\n", "CM209", 3),
    "two-documents": ("url: sqlite://\n---\nurl: sqlite://\n", "CM204", 2),
    "documents-100000": ("--- {}\n" * 100_000, "CM204", 2),
    "empty": ("", "CM203", 1),
    "spaces": (" " * 1_000_000, "CM203", 1),
    "comment": ("#" * 1_000_000, "CM203", 1),
    "lines": ("\n" * 1_000_000 + "url", "CM203", None),
    "tabs": ("\t" * 1_000_000, "CM104", 1),
    "nul": ("url: sqlite://\n\0", "CM103", 2),
    "profiles-100000": (many_profiles(), "CM105", 1),
}


@pytest.fixture
def measured(tmp_path: Path):
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "small.yaml").write_text("url: sqlite://\npool: {size: 0, sise: 1}\n")
    (tmp_path / "bomb").mkdir()

    def measured(text: str, file: str = "bomb.yaml") -> dict[str, object]:
        (tmp_path / "bomb" / file).write_text(text)
        command = [sys.executable, "-c", READER, str(tmp_path / "small"), str(tmp_path / "bomb")]
        # Without a measurement of coverage, which counts every line and takes its time.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return measured


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_problem_with_its_line(measured, name):
    text, codes, line = BOMBS[name]

    found = measured(text, "bomb.profiles.yaml" if name.startswith("profiles") else "bomb.yaml")

    assert found["profiles"] == 0
    assert found["problems"], "nothing was found"
    assert any(code in codes for code, _, _ in found["problems"]), found["problems"][:5]
    assert line is None or line in [at for _, at, _ in found["problems"]]
    assert all(1 <= at <= text.count("\n") + 1 for _, at, _ in found["problems"])
    assert all(length < 2_000 for _, _, length in found["problems"])
    assert found["seconds"] <= SECONDS, found["seconds"]
    assert found["kib"] <= KIB, found["kib"]
