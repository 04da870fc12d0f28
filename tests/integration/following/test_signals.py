"""SIGHUP has a registry reload, for as long as it is open."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from connmgr import ConnmgrError, Registry
from tests.rig.wait import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "orders.yaml").write_text("url: sqlite://\n")
    return tmp_path


async def test_it_reloads_at_each_signal(directory: Path) -> None:
    async with Registry.load(directory) as registry:
        registry.handle_signals()
        (directory / "more.yaml").write_text("url: sqlite://\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await wait_until(lambda: "more" in registry, what="the reload")

        (directory / "more.yaml").unlink()
        os.kill(os.getpid(), signal.SIGHUP)
        await wait_until(lambda: "more" not in registry, what="the second reload")


async def test_what_is_refused_is_kept_and_ends_nothing(directory: Path) -> None:
    async with Registry.load(directory) as registry:
        registry.handle_signals()
        (directory / "orders.yaml").write_text("uri: sqlite://\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await wait_until(lambda: registry.reload_error is not None, what="the refusal")

        async with registry.connect("orders"):
            pass


async def test_a_closed_registry_leaves_the_signal_to_others(directory: Path) -> None:
    heard = asyncio.Event()
    previous = signal.signal(signal.SIGHUP, lambda *_: heard.set())
    try:
        async with Registry.load(directory) as registry:
            registry.handle_signals()
            registry.handle_signals()
        os.kill(os.getpid(), signal.SIGHUP)
        await wait_until(heard.is_set)
    finally:
        signal.signal(signal.SIGHUP, previous)

    assert registry.reloads.applied == 0


async def test_another_thread_than_the_main_one_is_refused(directory: Path) -> None:
    async def handle() -> None:
        async with Registry.load(directory) as registry:
            registry.handle_signals()

    with pytest.raises(ConnmgrError, match="main thread"):
        await asyncio.to_thread(asyncio.run, handle())
