"""Runs what leans on SQLAlchemy with the lowest and the newest dependencies: `python -m tests.compat`."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ("tests/integration/pool", "tests/integration/runtime", "tests/faults")
SHOWN = ("sqlalchemy", "asyncpg", "aiosqlite")
SAY = f"from importlib.metadata import version as v; print(*(n + ' ' + v(n) for n in {SHOWN}), sep=', ')"


def main() -> int:
    """Build both environments, run the tests in each, and return 1 if either fails."""
    return max([_check("lowest", _lowest()), _check("highest", [])])


def _lowest() -> list[str]:
    """Return what pyproject.toml asks for at least, as what to install exactly."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.sub(r"\[.*\]", "", need).replace(">=", "==") for need in project["dependencies"]]


def _check(name: str, constraints: list[str]) -> int:
    python = _environment(ROOT / f".venv-{name}", constraints)
    what = subprocess.run([python, "-c", SAY], check=True, capture_output=True, text=True).stdout.strip()
    pytest = [python, "-m", "pytest", "-q", "-m", "not slow", "--tb=native", "-p", "no:cacheprovider"]
    command = [*pytest, *TESTS, *sys.argv[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr or "nothing").splitlines()
    failed = sorted({line for line in lines if line.startswith(("FAILED", "ERROR"))})
    (ROOT / f".venv-{name}" / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    print(f"{name} ({what}): {lines[-1].strip('= ')}", *failed, sep="\n  ", flush=True)  # noqa: T201 - its job
    return int(done.returncode != 0)


def _environment(directory: Path, constraints: list[str]) -> Path:
    """Return the Python of an environment with these versions; what is there already is kept up."""
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True, clear=True)
    exact = directory / "constraints.txt"
    exact.write_text("\n".join(constraints), encoding="utf-8")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    subprocess.run([*pip, "--constraint", exact, "--editable", f"{ROOT}[test]"], check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
