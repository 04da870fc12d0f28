"""A profile's file is a regular one of a modest size, or a problem: nothing hangs, nothing fills up."""

from __future__ import annotations

import os
import resource
import socket
import time
from pathlib import Path

import pytest

from connmgr.config.loader import LoadResult, load_profiles
from connmgr.problem import Code

SECONDS = 1.0
KIB = 64 * 1024
FILES = ("db.yaml", "db.yml", "_base.yaml", "all.profiles.yaml")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Profiles of which one is as it should be and one extends `_base`."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "url.yaml").write_text("url: postgresql://outside@h/d\n")
    directory = tmp_path / "profiles"
    directory.mkdir()
    (directory / "good.yaml").write_text("url: sqlite://\n")
    (directory / "user.yaml").write_text("extends: _base\nurl: sqlite://\n")
    (directory / "_base.yaml").write_text("pool: {size: 1}\n")
    return directory


def load(directory: Path, names: list[str] | None = None) -> LoadResult:
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = load_profiles(directory, names)
    assert time.monotonic() - started < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < KIB
    return result


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def link_to_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("fifo"))
    path.symlink_to("fifo")


def make_socket(path: Path) -> None:
    # By its name in the current directory: the whole path may be longer than a socket's may be.
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(path.parent, os.O_PATH)
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


def make_directory(path: Path) -> None:
    path.mkdir()


def link_to_directory(path: Path) -> None:
    path.symlink_to(path.parent)


def link_to_zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere.txt")


def link_in_a_circle(path: Path) -> None:
    path.with_name("circle").symlink_to(path.name)
    path.symlink_to("circle")


def make_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 10**9)


def make_endless(path: Path) -> None:
    """As `stat` has it, this file is empty."""
    path.symlink_to("/proc/kallsyms")


CASES = {
    "FIFO": (make_fifo, Code.UNREADABLE),
    "link to a FIFO": (link_to_fifo, Code.UNREADABLE),
    "socket": (make_socket, Code.UNREADABLE),
    "directory": (make_directory, Code.UNREADABLE),
    "link to a directory": (link_to_directory, Code.UNREADABLE),
    "/dev/zero": (link_to_zero, Code.UNREADABLE),
    "link to nothing": (link_to_nothing, Code.UNREADABLE),
    "links in a circle": (link_in_a_circle, Code.UNREADABLE),
    "10 GB": (make_large, Code.TOO_LARGE),
    "larger than it says": (make_endless, Code.TOO_LARGE),
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("case", CASES)
def test_a_file_that_is_none_is_a_problem_at_once_and_spoils_no_other(directory, case, file):
    make, code = CASES[case]
    (directory / file).unlink(missing_ok=True)
    make(directory / file)

    result = load(directory)

    # Of a base that cannot be read nobody can say what it would have changed.
    expected = ["good"] if file == "_base.yaml" else ["good", "user"]
    assert [*result.profiles] == expected
    assert [(p.code, Path(p.place.file).name, p.place.line) for p in result.problems] == [(code, file, 1)]


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_is_not_asked_for_is_not_opened(directory, case):
    CASES[case][0](directory / "db.yaml")

    result = load(directory, ["good", "user"])

    assert [*result.profiles] == ["good", "user"]
    assert result.problems == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("file", FILES)
def test_a_file_that_may_not_be_read_is_a_problem(directory, file):
    (directory / file).touch()
    (directory / file).chmod(0)

    result = load(directory)

    assert "good" in result.profiles
    assert [(p.code, Path(p.place.file).name) for p in result.problems] == [(Code.UNREADABLE, file)]
    assert "Permission denied" in str(result.problems[0])


def test_a_link_to_a_profile_is_followed_as_kubernetes_needs_it(directory):
    (directory / "linked.yaml").symlink_to("../outside/url.yaml")

    assert "linked" in load(directory).profiles


def test_nothing_is_left_open(directory):
    for number, (make, _) in enumerate(CASES.values()):
        (directory / f"case{number}").mkdir()
        make(directory / f"case{number}" / "db.yaml")
    before = len([*Path("/proc/self/fd").iterdir()])

    for number in range(len(CASES)):
        load(directory / f"case{number}")

    assert len([*Path("/proc/self/fd").iterdir()]) == before
