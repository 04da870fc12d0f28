"""Have tests run in a child in a network of its own, and report them where they were asked for.

The child is pytest with the same tests. So they are written, selected and reported like any others, and
share their fixtures.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree

import pytest

from tests.rig import namespace
from tests.rig.availability import unavailable
from tests.rig.namespace import NamespaceUnavailable

LONGEST = 400.0
"""Seconds for all of them, the slow ones included."""
TIDIES_UP = 30.0
FAILED = ("failure", "error")

Cases: TypeAlias = Mapping[tuple[str, str], ElementTree.Element]


class Delegation:
    """Tests that are left to one child. It is started when the first of them is due."""

    def __init__(self) -> None:
        self._items: list[pytest.Item] = []
        self._cases: Cases | None = None
        self._output = ""

    def take(self, item: pytest.Item) -> None:
        """Let `item` report what became of it in the child; nothing of it is run here, fixtures neither."""
        self._items.append(item)
        item.setup = lambda: None
        item.runtest = lambda: self._tell(item)

    def _tell(self, item: pytest.Item) -> None:
        if self._cases is None:
            self._cases = self._run(item.config.rootpath, set(item.session.items))
        case = self._cases.get(_key(item))
        if case is None:
            pytest.fail(f"the child did not run it:\n{self._output}", pytrace=False)
        for kind in FAILED:
            if (found := case.find(kind)) is not None:
                pytest.fail(f"{found.text}\n{case.findtext('system-out', '')}", pytrace=False)
        if (found := case.find("skipped")) is not None:
            pytest.skip(found.get("message", ""))

    def _run(self, root: Path, selected: set[pytest.Item]) -> Cases:
        try:
            prefix = namespace.prefix()
        except NamespaceUnavailable as missing:
            unavailable(str(missing))
        with tempfile.TemporaryDirectory() as directory:
            report = Path(directory, "report.xml")
            options = ("-q", "-p", "no:cacheprovider", f"--junit-xml={report}")
            names = [item.nodeid for item in self._items if item in selected]
            self._output = _finish(root, *prefix, sys.executable, "-m", "pytest", *options, *names)
            return dict(_read(report)) if report.exists() else {}


def _finish(root: Path, *command: str) -> str:
    """Run a command to its end and return what it printed; when this is interrupted, it is told to end."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=root,
        env=namespace.environment(),
    ) as child:
        try:
            return child.communicate(timeout=LONGEST)[0]
        except BaseException:
            _end(child)
            raise


def _end(child: subprocess.Popen[str]) -> None:
    """Let a child stop its server and go; kill one that does not."""
    child.terminate()
    try:
        child.wait(TIDIES_UP)
    except subprocess.TimeoutExpired:
        child.kill()


def _read(report: Path) -> Iterator[tuple[tuple[str, str], ElementTree.Element]]:
    for case in ElementTree.parse(report).iter("testcase"):
        yield (case.get("classname", ""), case.get("name", "")), case


def _key(item: pytest.Item) -> tuple[str, str]:
    module = item.nodeid.partition("::")[0].removesuffix(".py")
    return module.replace("/", "."), item.name
