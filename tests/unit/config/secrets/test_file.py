"""`{file: PATH}` is the contents of a file as they are at every asking."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from loguru import logger

from connmgr.config.secrets import file
from connmgr.config.secrets.file import others_who_read
from connmgr.errors import ConfigError
from connmgr.problem import Code
from connmgr.secret import Secret
from tests.rig.sources import source_of


def put(path: Path, contents: bytes, mode: int = 0o400) -> Path:
    path.unlink(missing_ok=True)
    path.write_bytes(contents)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("contents", "secret"),
    [
        (b"hunter2", "hunter2"),
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b" hunter2 \n", " hunter2 "),
        ("Grüße ${HOME} $$".encode(), "Grüße ${HOME} $$"),
        (b"x" * file.LIMIT, "x" * file.LIMIT),
    ],
)
async def test_the_contents_are_the_secret_but_for_one_line_break_at_the_end(
    tmp_path: Path, contents: bytes, secret: str
) -> None:
    put(tmp_path / "orders", contents)
    source = source_of({"file": "orders"}, tmp_path)

    assert source.problems() == ()
    assert await source.get() == Secret(secret)
    assert source.read() == Secret(secret)


@pytest.mark.parametrize(
    ("contents", "found"),
    [
        (b"", "CM503 password: the password from file orders is empty"),
        (b"\n", "CM503 password: the password from file orders is empty"),
        (b"hunter2\n\n", "CM213 password: a line break inside the password"),
        (b"hunter2\r", "CM213 password: a carriage return inside the password"),
        (b"hunter2\xff", "CM213 password: a byte that is not UTF-8 inside the password"),
        ("hunter2".encode("utf-16"), "CM213 password: a byte that is not UTF-8 inside the password"),
        (b"\xef\xbb\xbfhunter2", "CM503 password: a byte order mark at the start of what file orders holds"),
    ],
)
async def test_contents_that_are_no_line_of_text_are_refused_and_not_shown(
    tmp_path: Path, contents: bytes, found: str
) -> None:
    put(tmp_path / "orders", contents)
    source = source_of({"file": "orders"}, tmp_path)

    with pytest.raises(ConfigError, match=f"orders.yaml:2:11: {found}") as caught:
        await source.get()

    assert "hunter2" not in str(caught.value)
    assert source.problems() == caught.value.problems


async def test_a_rotated_file_takes_effect_at_the_next_asking(tmp_path: Path) -> None:
    put(tmp_path / "orders", b"one")
    source = source_of({"file": "orders"}, tmp_path)
    before = await source.get()

    put(tmp_path / "orders", b"two")

    assert (before, await source.get()) == (Secret("one"), Secret("two"))


async def test_a_path_may_have_references(tmp_path: Path) -> None:
    put(tmp_path / "orders", b"hunter2")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    source = source_of({"file": "${CREDENTIALS_DIRECTORY}/orders"}, Path("/etc"), environ)
    found = await source.get()

    environ.clear()

    assert found == Secret("hunter2")
    assert [problem.code for problem in source.problems()] == [Code.NOT_SET]


async def test_a_control_character_in_the_path_is_refused(tmp_path: Path) -> None:
    source = source_of({"file": "x${A}"}, tmp_path, {"A": "\0"})

    with pytest.raises(ConfigError, match=r"a NUL inside the path.*file x\${A}"):
        await source.get()


async def test_a_file_that_is_missing_says_where_a_relative_path_begins(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"file orders cannot be read: No such.* begins at {tmp_path}"):
        await source_of({"file": "orders"}, tmp_path).get()


@pytest.mark.parametrize(
    ("mode", "owner", "user", "readers"),
    [
        (0o400, 1000, 1000, ""),
        (0o600, 0, 0, ""),
        (0o440, 0, 1000, ""),  # Kubernetes' fsGroup
        (0o640, 0, 0, ""),  # the same, for a process that is root
        (0o640, 1001, 1000, ""),  # it reaches the process by its group alone
        (0o640, 1000, 1000, "its group"),
        (0o444, 0, 1000, "every user of the machine"),
        (0o604, 1000, 1000, "every user of the machine"),
        (0o666, 0, None, ""),  # Windows
    ],
)
def test_a_group_counts_only_for_a_file_of_the_processs_own(
    mode: int, owner: int, user: int | None, readers: str
) -> None:
    assert others_who_read(mode, owner, user) == readers


async def test_a_file_that_others_can_read_is_used_and_warned_of_once(tmp_path: Path) -> None:
    put(tmp_path / "orders", b"hunter2", mode=0o644)
    source = source_of({"file": "orders"}, tmp_path)
    events: list[object] = []
    logger.enable("connmgr")
    sink = logger.add(lambda message: events.append((message.record["message"], message.record["extra"])))

    try:
        found = {await source.get() for _ in range(3)}
    finally:
        logger.remove(sink)
        logger.disable("connmgr")

    (warning,) = source.problems()
    assert found == {Secret("hunter2")}
    assert (warning.code, warning.code.is_warning) == (Code.READABLE_BY_OTHERS, True)
    assert warning.found == "every user of the machine can read file orders (mode 0644)"
    facts = {"code": "CM505", "setting": "password", "place": "orders.yaml:2:11"}
    assert events == [(f"{warning.found}; {warning.hint}", facts)]


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A file system whose server is away until the event is set, and a deadline that is soon over."""
    answers = threading.Event()

    @contextmanager
    def opened_at_last(root: Path, path: Path) -> Iterator[int]:
        assert answers.wait(5), "the test never let the file be opened"
        descriptor = os.open(root / path, os.O_RDONLY)
        yield descriptor
        os.close(descriptor)

    monkeypatch.setattr(file, "opened", opened_at_last)
    monkeypatch.setattr(file, "DEADLINE", 0.05)

    yield answers

    answers.set()
    for thread in readers():
        thread.join(5)
    assert readers() == []


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "connmgr-secret-file"]


async def test_a_file_that_hangs_is_given_up_and_leaves_one_thread(
    tmp_path: Path, hanging: threading.Event
) -> None:
    source = source_of({"file": str(put(tmp_path / "orders", b"hunter2"))}, tmp_path)
    started = time.monotonic()

    for _ in range(5):
        with pytest.raises(ConfigError, match=r"could not be read within 0.05 s.* network file system"):
            await source.get()
        (problem,) = source.problems()
        assert problem.code == Code.FILE_REFERENCE

    assert time.monotonic() - started < 3
    assert len(readers()) == 1


async def test_a_file_that_answers_again_is_read_again(
    tmp_path: Path, hanging: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of({"file": str(put(tmp_path / "orders", b"hunter2"))}, tmp_path)
    with pytest.raises(ConfigError, match="could not be read"):
        await source.get()

    monkeypatch.setattr(file, "DEADLINE", 5.0)
    hanging.set()

    assert await source.get() == Secret("hunter2")
