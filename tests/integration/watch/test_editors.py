"""Whatever a file is written with, the change is told within a second, and once.

The system calls of vim and sed that are made here one by one are those that strace showed of vim 9.0 and of
GNU sed 4.9; where the programs are installed, they write as well.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.watch import Watch
from tests.rig.watching import silent, told_once, write_in_pieces

TEXT = "url: sqlite:///b.db\n"
Write = Callable[[Path], object]


def in_place(path: Path) -> None:
    path.write_text(TEXT, encoding="utf-8")


def same_size_and_time(path: Path) -> None:
    before = path.stat()
    in_place(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def renamed_over(path: Path) -> None:
    """As `sed -i`, `mv` and most programs that write files do."""
    beside = path.with_name("sedKitZWg")
    in_place(beside)
    beside.rename(path)


def with_a_swap_file(path: Path, write: Write) -> None:
    """As vim does around every way of writing."""
    swap = path.with_name(f".{path.name}.swp")
    swap.write_bytes(b"b0VIM 9.0")
    write(path)
    swap.unlink()


def vim_auto(path: Path) -> None:
    """With 'backupcopy' "auto", as it comes: can a file be made here? Then the old one is the backup."""
    probe = path.with_name("4913")
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    os.fchown(descriptor, os.getuid(), os.getgid())
    os.close(descriptor)
    probe.unlink()
    vim_no(path)


def vim_no(path: Path) -> None:
    """With 'backupcopy' "no"."""
    backup = path.rename(path.with_name(f"{path.name}~"))
    _vim_write(path)
    backup.unlink()


def vim_yes(path: Path) -> None:
    """With 'backupcopy' "yes": a copy is the backup, and the file is overwritten."""
    backup = path.with_name(f"{path.name}~")
    shutil.copy(path, backup)
    _vim_write(path)
    backup.unlink()


def _vim_write(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, TEXT.encode())
    os.fsync(descriptor)
    os.fchmod(descriptor, 0o100644)
    os.close(descriptor)


def vscode(path: Path) -> None:
    """Emptied first, written then: both seen as one."""
    with path.open("r+", encoding="utf-8") as file:
        file.truncate(0)
        os.fsync(file.fileno())
        file.write(TEXT)


def jetbrains(path: Path) -> None:
    """With "safe write"."""
    new, old = path.with_name(f"{path.name}___jb_tmp___"), path.with_name(f"{path.name}___jb_old___")
    in_place(new)
    path.rename(old)
    new.rename(path)
    old.unlink()


def emacs(path: Path) -> None:
    """With a lock, which is a link to nowhere, and the old file as the backup."""
    lock = path.with_name(f".#{path.name}")
    lock.symlink_to("somebody@host.1234:1")
    path.rename(path.with_name(f"{path.name}~"))
    in_place(path)
    lock.unlink()


WAYS: list[Write] = [
    in_place,
    same_size_and_time,
    renamed_over,
    vscode,
    jetbrains,
    emacs,
    *(lambda path, write=write: with_a_swap_file(path, write) for write in (vim_auto, vim_no, vim_yes)),
]
NAMES = [
    "in place",
    "same size and time",
    "renamed over",
    "VS Code",
    "JetBrains",
    "Emacs",
    "vim",
    "vim no",
    "vim yes",
]


@pytest.mark.parametrize("write", WAYS, ids=NAMES)
async def test_a_change_is_told_once(watch: Watch, directory: Path, write: Write) -> None:
    await told_once(watch, lambda: write(directory / "orders.yaml"))

    assert (directory / "orders.yaml").read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize("backup", ["auto", "yes", "no"])
@pytest.mark.skipif(not shutil.which("vim"), reason="no vim; its system calls are made above")
async def test_vim(watch: Watch, directory: Path, backup: str) -> None:
    # Without 'backupskip', for vim makes no backups in /tmp.
    setting = f"set backupcopy={backup} backupskip= writebackup"
    quiet = ["-N", "-u", "NONE", "-i", "NONE", "--not-a-term", "-T", "dumb", "--cmd", setting]
    command = ["vim", *quiet, "-c", "s/a.db/b.db/", "-c", "wq", str(directory / "orders.yaml")]

    await told_once(watch, lambda: _run(command))

    assert (directory / "orders.yaml").read_text(encoding="utf-8") == TEXT
    assert os.listdir(directory) == ["orders.yaml"]  # noqa: PTH208 - all of it, dot files too


@pytest.mark.skipif(not shutil.which("sed"), reason="no sed; its system calls are made above")
async def test_sed(watch: Watch, directory: Path) -> None:
    await told_once(watch, lambda: _run(["sed", "-i", "s/a.db/b.db/", str(directory / "orders.yaml")]))

    assert (directory / "orders.yaml").read_text(encoding="utf-8") == TEXT


async def test_rights_a_new_file_and_a_deleted_one_are_changes(watch: Watch, directory: Path) -> None:
    new = directory / "billing.yml"

    await told_once(watch, lambda: in_place(new))
    await told_once(watch, lambda: new.chmod(0o600))
    await told_once(watch, new.unlink)


@pytest.mark.parametrize(
    "name", [".orders.yaml.swp", "4913", "orders.yaml~", "#orders.yaml#", ".hidden.yaml", "notes.txt"]
)
async def test_other_files_are_none(watch: Watch, directory: Path, name: str) -> None:
    other = directory / name

    other.write_text("a", encoding="utf-8")
    other.write_text("b", encoding="utf-8")
    other.rename(directory / "sedXXXX")
    (directory / "sedXXXX").unlink()

    await silent(watch)


async def test_a_writer_that_pauses_for_less_than_quiet_is_waited_for(watch: Watch, directory: Path) -> None:
    path = directory / "orders.yaml"

    async def read_when_told() -> str:
        await watch.changed()
        return path.read_text(encoding="utf-8")

    reading = asyncio.create_task(read_when_told())
    await asyncio.to_thread(write_in_pieces, path, ["url: ", "sqlite:", "///b", ".db", "\n"], 0.12)

    assert await reading == TEXT


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
