"""Whoever may write below a profile's directory cannot have its secret read from elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from connmgr.errors import ConfigError
from tests.rig.sources import source_of

OUTSIDE = "0uts1de"
SWAPPING = 1.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The directory of a profile; beside it stands a file that no relative path may reach."""
    for name in ("profiles/sub", "outside/sub"):
        (tmp_path / name).mkdir(parents=True)
        for path in (tmp_path / name / "orders", tmp_path / name / "../orders"):
            put(path, OUTSIDE if name == "outside/sub" else "inside")
    return tmp_path / "profiles"


def put(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o400)
    return path


def swap_file(root: Path) -> None:
    """Make `sub/orders` a link to the outside, and a file again."""
    orders = root / "sub/orders"
    with suppress(FileExistsError):
        (root / "link").symlink_to(root.parent / "outside/orders")
    (root / "link").replace(orders)
    put(root / "file", "inside").replace(orders)


def swap_folder(root: Path) -> None:
    """Make `sub` a link to the outside, and a directory again."""
    (root / "sub").rename(root / "kept")
    (root / "sub").symlink_to("../outside")
    (root / "sub").unlink()
    (root / "kept").rename(root / "sub")


def swap_parent(root: Path) -> None:
    """Move `sub` away, so that its parent is the directory outside, and back."""
    (root / "sub").rename(root.parent / "outside/moved")
    (root.parent / "outside/moved").rename(root / "sub")


@contextmanager
def swapping(swap: Callable[[Path], None], root: Path) -> Iterator[Callable[[], int]]:
    """Swap over and over in a thread; lends the count of swaps."""
    ended, swaps = threading.Event(), 0

    def run() -> None:
        nonlocal swaps
        while not ended.is_set():
            swap(root)
            swaps += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: swaps
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    ("swap", "path"),
    [(swap_file, "sub/orders"), (swap_folder, "sub/orders"), (swap_parent, "sub/../orders")],
)
async def test_a_link_swapped_in_between_check_and_opening_never_leads_outside(
    root: Path, swap: Callable[[Path], None], path: str
) -> None:
    said: list[str] = []

    with swapping(swap, root) as swaps:
        end = time.monotonic() + SWAPPING
        while time.monotonic() < end:
            try:
                said.append((await source_of({"file": path}, root).get()).reveal())
            except ConfigError as error:
                said.append(str(error))

    assert swaps() > 100
    assert "inside" in said
    assert [text for text in said if OUTSIDE in text] == []
