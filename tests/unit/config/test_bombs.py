"""A file made to hurt whoever reads it is refused with its line, in a moment and in little memory.

In a process of its own: what overflows a stack in C would take the tests with it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MOST_SECONDS = 0.25
MOST_BYTES = 64 * 1024 * 1024

READ = """
import json, re, sys, time
from pathlib import Path
from connmgr.config.encoding import LARGEST_FILE
from connmgr.config.source import read

def once():
    begun = time.process_time()
    with open(sys.argv[1], "rb") as file:
        problems = read(file.read(LARGEST_FILE + 1), "f").problems
    return time.process_time() - begun, [str(problem) for problem in problems]

# The quickest of three: whatever else the machine does is not on the reader's account.
seconds, problems = min(once() for _ in range(3))
# What getrusage knows would count the process that started this one.
status = Path("/proc/self/status")
peak = re.search(r"VmHWM:\\s+([0-9]+) kB", status.read_text()) if status.exists() else None
print(json.dumps([seconds, int(peak[1]) * 1024 if peak else 0, problems]))
"""

LAUGHS = "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol,lol]\n" + "".join(
    f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10)
)
MERGES = (
    "base: &base {" + ", ".join(f"k{key}: 1" for key in range(1000)) + "}\n"
    "many: &many\n" + "  <<: [" + ", ".join(["*base"] * 200) + "]\n"
    "more:\n" + "  <<: [" + ", ".join(["*many"] * 20) + "]\n"
)

BOMBS = {
    "billion laughs": (LAUGHS, "f:5:38: CM211"),
    "merge keys": (MERGES, "f:3:344: CM211"),
    "self reference": ("a: &a [*a]\n", "f:1:8: CM209"),
    "depth 500": ("[" * 500, "f:1:51: CM210"),
    "depth 5,000, closed": ("a: " + "[" * 5_000 + "]" * 5_000, "f:1:53: CM210"),
    "depth 100,000": ("[" * 100_000, "f:1:51: CM210"),
    "depth 100,000 of mappings": ("a: " + "{b: " * 100_000, "f:1:200: CM210"),
    "depth by indentation": ("\n".join(" " * level + "a:" for level in range(1_000)), "f:51:51: CM210"),
    "a text of 10 MB": ("a: '" + "x" * 10_000_000 + "'\n", "f:1:1: CM105"),
    "a million digits": ("a: " + "9" * 1_000_000 + "\n", "f:1:4: CM212"),
    "a million digits in base 16": ("a: 0x" + "f" * 1_000_000 + "\n", "f:1:4: CM212"),
    "too many values": ("a: [" + "1," * 300_000 + "]\n", "f:1:199999: CM211"),
    "too many keys": ("a: {" + ",".join(f"k{key}: 1" for key in range(60_000)) + "}\n", "f:1:488883: CM211"),
    "two documents": ("a: 1\n---\nb: 2\n", "f:2:1: CM204"),
    "nothing": ("", "f:1:1: CM203"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_problem_with_its_line(name: str, tmp_path: Path) -> None:
    text, problem = BOMBS[name]
    file = tmp_path / "bomb.yaml"
    file.write_text(text)

    done = subprocess.run([sys.executable, "-c", READ, file], capture_output=True, check=True, text=True)

    seconds, memory, problems = json.loads(done.stdout)
    assert problems[0].startswith(problem)
    assert seconds <= MOST_SECONDS
    assert memory <= MOST_BYTES
