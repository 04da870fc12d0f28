"""What tells that a file changed, also where its status does not; what cannot be read; what is kept of it."""

from __future__ import annotations

import gc
import json
import mmap
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connmgr.config import rereading
from connmgr.config.directory import ProfileDirectory
from connmgr.config.loader import LoadResult, load_profiles
from connmgr.secret import Secret
from tests.rig.account import ACCOUNTS
from tests.rig.results import said

URL = "url: sqlite://\n"
CANARY = "swordfish-4711"
SHIPPED = Path(__file__).parents[3] / "profiles"

# Files of a checkout are old enough for their status to be trusted, and so are links to them.
COUNT = """
import json, os, sys
from pathlib import Path
from connmgr.config import rereading
from connmgr.config.directory import ProfileDirectory

path, opened, counts = sys.argv[1], [], []

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(path):
        opened.append(Path(arguments[0]).name)

def write(name, text):
    Path(path, name).write_text(text)
    opened.clear()

directory = ProfileDirectory(path)
directory.read()
sys.addaudithook(watch)
directory.read()
counts.append(sorted(opened))
write("new.yaml", "url: sqlite://\\n")
directory.read()
counts.append(sorted(opened))
write("_base.yaml", "pool: {size: 4}\\n")
directory.read()
counts.append(sorted(opened))
print(json.dumps(counts))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "profiles"
    path.mkdir()
    (path / "orders.yaml").write_text(URL)
    return path


def read(directory: ProfileDirectory) -> LoadResult:
    result = directory.read()
    assert said(result) == said(load_profiles(directory.path))
    return result


def found(result: LoadResult) -> list[str]:
    return [problem.found for problem in result.problems]


def test_files_that_did_not_change_are_not_opened(path: Path) -> None:
    (path / "orders.yaml").unlink()
    for name in ("production", "development", "test"):
        (path / f"{name}.yaml").symlink_to(SHIPPED / f"{name}.yaml")

    done = subprocess.run([sys.executable, "-c", COUNT, path], capture_output=True, check=True, text=True)

    # What was written a moment ago is looked into once more: of its status nobody can be sure.
    assert json.loads(done.stdout) == [[], ["new.yaml"], ["_base.yaml", "new.yaml"]]


def test_files_written_again_and_again_within_a_tick_of_the_clock_are_seen(path: Path) -> None:
    directory = ProfileDirectory(path)

    for number in range(200):
        (path / "orders.yaml").write_text(f"{URL}pool: {{size: {10 + number % 2}}}\n")
        assert directory.read().profiles["orders"].values["pool"] == {"size": 10 + number % 2}


def test_a_write_that_no_status_tells_of_is_seen(path: Path) -> None:
    text = f"{URL}pool: {{size: 3}}\n".encode()
    (path / "orders.yaml").write_bytes(text)
    with (path / "orders.yaml").open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[:] = text  # from here on, the page is known to be written to
        directory = ProfileDirectory(path)
        before, status = read(directory), (path / "orders.yaml").stat()

        memory[:] = text.replace(b"3", b"4")
        now = read(directory)

        assert (path / "orders.yaml").stat() == status
    assert (before.profiles["orders"].values["pool"], now.profiles["orders"].values["pool"]) == (
        {"size": 3},
        {"size": 4},
    )


def test_a_file_that_takes_the_place_of_one_of_the_same_size_and_time_is_seen_by_its_status(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereading, "COARSEST", -(10**18))  # as if all files had been there for long
    directory = ProfileDirectory(path)
    result, status = read(directory), (path / "orders.yaml").stat()

    (path / ".new").write_text("url: 'sqlite:'\n")
    os.utime(path / ".new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (path / ".new").replace(path / "orders.yaml")

    assert (path / "orders.yaml").stat().st_size == status.st_size
    assert read(directory) is not result


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_directory(path: Path) -> None:
    path.mkdir()


def make_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("name", ["bad.yaml", "_bad.yaml", "bad.profiles.yaml", "_registry.yaml"])
@pytest.mark.parametrize("make", [make_fifo, make_directory, make_link])
def test_what_is_no_file_is_a_problem_until_it_is_gone(path: Path, name: str, make) -> None:
    directory = ProfileDirectory(path)
    before = read(directory)

    make(path / name)
    wrong = read(directory)
    assert [problem.place.file for problem in wrong.problems] == [str(path / name)]
    assert read(directory) is wrong
    (path / name).rename(path / ".away")

    assert said(read(directory)) == said(before)
    assert read(directory).profiles["orders"] is before.profiles["orders"]


def test_a_link_that_leads_nowhere_leads_somewhere_again(path: Path) -> None:
    (path / "link.yaml").symlink_to("../target")
    directory = ProfileDirectory(path)
    assert found(read(directory)) == ["a link that leads nowhere"]

    (path.parent / "target").write_text(URL)
    assert set(read(directory).profiles) == {"orders", "link"}
    (path.parent / "target").unlink()

    assert found(read(directory)) == ["a link that leads nowhere"]


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that every account may list: pytest's own is its owner's alone."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Be an account that is not root, for root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    import pwd

    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    os.seteuid(next(known[name].pw_uid for name in ACCOUNTS if name in known))
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("name", ["stock.yaml", "_stock.yaml", "stock.profiles.yaml"])
def test_a_file_that_may_not_be_read_is_a_problem_until_it_may(public: Path, name: str) -> None:
    (public / "orders.yaml").write_text(URL)
    (public / name).write_text(f"profiles:\n  stock: {{{URL.strip()}}}\n" if "profiles" in name else URL)
    directory = ProfileDirectory(public)
    before = read(directory)

    (public / name).chmod(0)
    with as_somebody_else():
        for _ in range(2):
            assert found(read(directory)) == ["the file cannot be read: Permission denied"]
    (public / name).chmod(0o644)
    with as_somebody_else():
        now = read(directory)

    assert said(now) == said(before)
    assert now.profiles["orders"] is before.profiles["orders"]


def test_a_directory_that_may_not_be_listed_comes_back_as_it_was(public: Path) -> None:
    (public / "orders.yaml").write_text(URL)
    directory = ProfileDirectory(public)
    before = read(directory)

    public.chmod(0o700)
    with as_somebody_else():
        if os.geteuid() == public.stat().st_uid:
            public.chmod(0)
        assert found(read(directory)) == ["the directory cannot be read: Permission denied"]
    public.chmod(0o755)

    assert read(directory).profiles["orders"] is before.profiles["orders"]


def test_a_thousand_reads_leave_nothing_open(path: Path) -> None:
    os.mkfifo(path / "fifo.yaml")
    (path / "folder.yaml").mkdir()
    (path / "link.yaml").symlink_to("nowhere")
    (path / "_registry.yaml").write_text("{}\n")
    directory = ProfileDirectory(path)
    directory.read()
    before = len([*Path("/proc/self/fd").iterdir()])

    for number in range(1000):
        (path / "orders.yaml").write_text(f"{URL}pool: {{size: {1 + number % 3}}}\n")
        if number % 10 == 0:
            path.rename(path.with_name("away"))
            directory.read()
            path.with_name("away").rename(path)
        directory.read()

    assert len([*Path("/proc/self/fd").iterdir()]) == before


def reachable(start: object) -> Iterator[object]:
    """Everything that an object keeps alive, but for what only a `Secret` holds, and for code."""
    seen: set[int] = set()
    rest = [start]
    while rest:
        each = rest.pop()
        if id(each) in seen or isinstance(each, Secret | type) or hasattr(each, "__code__"):
            continue
        seen.add(id(each))
        yield each
        rest += gc.get_referents(each)


def test_no_text_of_a_file_is_kept(path: Path) -> None:
    (path / "orders.yaml").write_text(f"# {CANARY}\nurl: postgresql://app@db/orders\npassword: {CANARY}\n")
    (path / "t.profiles.yaml").write_text(f"# {CANARY}\nprofiles: {{t: {{{URL.strip()}}}}}\n")
    (path / "_registry.yaml").write_text(f"web: {{details: token, token: {CANARY}}} # {CANARY}\n")
    directory = ProfileDirectory(path)
    result = read(directory)
    assert result.problems == ()

    kept = [each for each in reachable(directory) if isinstance(each, str | bytes)]

    assert str(path / "orders.yaml") in kept
    assert not [
        each for each in kept if CANARY in (each if isinstance(each, str) else each.decode("latin-1"))
    ]
