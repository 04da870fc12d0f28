"""Reading a secret's file is safe whatever the path leads to, and whoever changes it meanwhile."""

from __future__ import annotations

import os
import socket
import time
import traceback
from pathlib import Path, PurePath

import pytest

from connmgr.config.secrets.opening import OutsideRoot, resolved_below
from connmgr.errors import ConfigError
from connmgr.secret import Secret
from tests.rig.sources import source_of

OUTSIDE = "0uts1de"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The directory of a profile; beside it stands a file that no relative path may reach."""
    for name in ("profiles/sub", "outside"):
        (tmp_path / name).mkdir(parents=True)
        put(tmp_path / name / "orders", OUTSIDE if name == "outside" else "inside")
    return tmp_path / "profiles"


def put(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o400)
    return path


async def read(path: str | Path, root: Path) -> str:
    """The secret, or what is said instead of it, within the time that reading may ever take."""
    started = time.monotonic()
    try:
        return (await source_of({"file": str(path)}, root).get()).reveal()
    except ConfigError as error:
        return str(error)
    finally:
        assert time.monotonic() - started < 1.0


def open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


async def test_what_is_no_regular_file_is_refused_at_once(root: Path) -> None:
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        # By its name in the current directory: the whole path may be longer than a socket's may be.
        folder = os.open(root, os.O_PATH)
        listener.bind(f"/proc/self/fd/{folder}/socket")
        os.close(folder)

        said = {name: await read(name, root) for name in ("fifo", "socket", "sub", "", ".")}

    assert "file fifo is a FIFO; accepted: a regular file of at most 64 KiB" in said["fifo"]
    assert "file socket is a socket" in said["socket"]
    assert "file sub is a directory" in said["sub"]
    assert "Is a directory" in said[""]
    assert "Is a directory" in said["."]


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/full", "/dev/tty"])
async def test_a_device_is_refused_at_once(root: Path, device: str) -> None:
    (root / "link").symlink_to(device)

    said = [await read(device, root), await read("link", root)]

    # Without a terminal, /dev/tty cannot even be opened.
    assert "is a device" in said[0] or "a device that is not there" in said[0]
    assert "outside of" in said[1]


async def test_a_fifo_with_a_writer_gives_nothing(root: Path) -> None:
    os.mkfifo(root / "fifo")
    both_ends = os.open(root / "fifo", os.O_RDWR | os.O_NONBLOCK)
    os.write(both_ends, b"hunter2")

    said = await read("fifo", root)

    os.close(both_ends)
    assert "is a FIFO" in said


@pytest.mark.parametrize("size", [64 * 1024 + 1, 10 * 10**9])
async def test_a_file_that_is_too_large_is_refused_by_its_size(root: Path, size: int) -> None:
    with (root / "large").open("wb") as file:
        file.truncate(size)

    assert f"file large has {size} bytes; accepted: a regular file of at most 64 KiB" in await read(
        "large", root
    )


@pytest.mark.skipif(not Path("/proc/kallsyms").exists(), reason="this kernel shows no symbols")
async def test_a_file_that_is_larger_than_it_says_is_refused(root: Path) -> None:
    # As `stat` has it, this file is empty.
    assert "has more than 65536 bytes" in await read("/proc/kallsyms", root)


async def test_an_error_in_the_middle_of_reading_is_a_problem(root: Path) -> None:
    # A regular file by its kind, and nothing is mapped at its beginning.
    assert "file /proc/self/mem cannot be read: Input/output error" in await read("/proc/self/mem", root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_that_may_not_be_read_is_a_problem(root: Path) -> None:
    (root / "sub/orders").chmod(0)

    said = await read("sub/orders", root)

    assert "cannot be read: Permission denied" in said
    assert f"this process's user is {os.geteuid()}" in said


@pytest.mark.parametrize(
    "path",
    [
        "../outside/orders",
        "sub/../../outside/orders",
        "link",
        "folder/orders",
        "absolute",
        "up/outside/orders",
    ],
)
async def test_a_relative_path_does_not_leave_the_profiles_directory(root: Path, path: str) -> None:
    (root / "link").symlink_to("../outside/orders")
    (root / "folder").symlink_to("../outside")
    (root / "absolute").symlink_to(root.parent / "outside/orders")
    (root / "up").symlink_to("sub/../..")

    said = await read(path, root)

    assert f"CM503 password: file {path} is outside of {root}" in said
    assert "accepted: a path below the profile's directory, or an absolute path" in said


async def test_an_absolute_path_may_lead_anywhere_by_links(root: Path) -> None:
    (root / "link").symlink_to("../outside/orders")

    assert await read(root / "link", root) == OUTSIDE


@pytest.mark.parametrize(
    "path", ["sub/orders", "./sub//orders", "sub/../sub/orders", "link", "chain", "back/orders"]
)
async def test_links_and_dots_that_stay_below_it_are_followed(root: Path, path: str) -> None:
    (root / "link").symlink_to("sub/orders")
    (root / "chain").symlink_to("./sub/../link")
    (root / "sub/up").symlink_to("..")
    (root / "back").symlink_to("sub/up/sub")

    assert await read(path, root) == "inside"


async def test_links_in_a_circle_are_refused(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")

    assert "Too many levels of symbolic links" in await read("a", root)


async def test_kubernetes_secrets_work_through_a_rotation(root: Path) -> None:
    def rotate(to: str) -> None:
        folder = root / f"..2024_{to}"
        folder.mkdir()
        put(folder / "orders", to)
        (root / "..data_tmp").symlink_to(folder.name)
        (root / "..data_tmp").replace(root / "..data")

    rotate("one")
    (root / "orders").symlink_to("..data/orders")
    before = await read("orders", root)

    rotate("two")

    assert (before, await read("orders", root)) == ("one", "two")


def test_where_no_directory_can_be_opened_the_path_is_resolved_and_checked(root: Path) -> None:
    (root / "link").symlink_to("../outside/orders")

    assert resolved_below(root, PurePath("sub/../sub/orders")) == (root / "sub/orders").resolve()
    for path in ("link", "../outside/orders"):
        with pytest.raises(OutsideRoot):
            resolved_below(root, PurePath(path))


async def test_nothing_is_left_open(root: Path) -> None:
    os.mkfifo(root / "fifo")
    (root / "link").symlink_to("../outside/orders")
    before = open_files()

    for path in ("sub/orders", "fifo", "link", "sub/missing", "/dev/zero", "sub/orders/x"):
        await read(path, root)

    assert open_files() == before
    assert await source_of({"file": "sub/orders"}, root).get() == Secret("inside")


async def test_no_traceback_has_the_contents_in_its_locals(root: Path) -> None:
    put(root / "orders", f"{OUTSIDE}\n\n")

    with pytest.raises(ConfigError, match="a line break inside the password") as caught:
        await source_of({"file": "orders"}, root).get()

    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    assert OUTSIDE not in "".join(told)
