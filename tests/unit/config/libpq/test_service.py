"""A service is found in libpq's files, or the error says what was looked for, where, and what to do."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from connmgr.config.libpq import service
from connmgr.config.libpq.regular import NotRead
from connmgr.config.libpq.service import NoService, service_words

CANARY = "hunter2"


def put(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def refused(name: str, servicefile: str | None, environ: dict[str, str]) -> NoService:
    with pytest.raises(NoService) as caught:
        service_words(name, servicefile, environ)
    return caught.value


def test_the_values_are_as_they_stand(tmp_path: Path) -> None:
    file = put(tmp_path / "services", "[orders]\nhost=a,b\npassword= x=y \noptions=\n[billing]\nhost=c\n")

    words = service_words("orders", file, {})

    assert words == {"host": "a,b", "password": " x=y", "options": ""}


def test_a_file_that_is_given_counts_before_the_variable_and_that_before_home(tmp_path: Path) -> None:
    given, variable = put(tmp_path / "given", "[a]\nuser=given"), put(tmp_path / "variable", "[a]\nuser=env")
    put(tmp_path / ".pg_service.conf", "[a]\nuser=home")
    home = {"HOME": str(tmp_path)}

    assert service_words("a", given, home | {"PGSERVICEFILE": variable}) == {"user": "given"}
    assert service_words("a", None, home | {"PGSERVICEFILE": variable}) == {"user": "env"}
    assert service_words("a", None, home) == {"user": "home"}


def test_the_machines_file_is_asked_after_one_that_has_not_the_service(tmp_path: Path) -> None:
    given = put(tmp_path / "given", "[b]\nuser=given")
    put(tmp_path / "pg_service.conf", "[a]\nuser=machine")

    assert service_words("a", given, {"PGSYSCONFDIR": str(tmp_path)}) == {"user": "machine"}


def test_only_the_service_that_is_asked_for_must_be_right(tmp_path: Path) -> None:
    file = put(tmp_path / "services", "oops\n[billing]\noops\n[orders]\nuser=x")

    assert service_words("orders", file, {}) == {"user": "x"}


def test_a_missing_service_says_which_there_are_and_where_to_look(tmp_path: Path) -> None:
    file = put(tmp_path / "services", f"[orders]\npassword={CANARY}\n[billing]\n")

    error = refused("order", file, {})

    assert error.found == f"no service order in {file}"
    assert error.accepted == "billing, orders"
    assert "set PGSYSCONFDIR" in error.hint
    assert CANARY not in str(error)


def test_without_any_file_it_says_where_libpq_would_look(tmp_path: Path) -> None:
    error = refused("orders", None, {"HOME": str(tmp_path)})

    assert error.found == "no service file in which to look for service orders"
    assert "~/.pg_service.conf" in error.hint


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (CANARY, "a line without ="),
        (f"password ={CANARY}", "a blank before the ="),
        ("service=billing", "a service inside a service, which libpq refuses"),
        (f"ldap://{CANARY}", "a look-up in an LDAP directory, which connmgr does not do"),
        (f"password={CANARY}\x01", "the control character U+0001 inside the value"),
        (f"password={CANARY}\0", "a NUL inside the value"),
    ],
)
def test_a_wrong_line_is_named_and_not_shown(tmp_path: Path, line: str, found: str) -> None:
    file = put(tmp_path / "services", f"[orders]\nuser=x\n{line}\n")

    error = refused("orders", file, {})

    assert error.found == f"service orders: {file}:3: {found}"
    assert CANARY not in str(error)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "services").write_bytes(b"[orders]\nuser=\xff\n")

    error = refused("orders", str(tmp_path / "services"), {})

    assert error.found.endswith("services:2: a byte that is not UTF-8 inside the value")


def test_what_cannot_be_read_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    large = put(tmp_path / "large", "#" * (1024 * 1024 + 1))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))

    found = {
        name: refused("orders", path, {}).found
        for name, path in {
            "missing": str(tmp_path / "missing"),
            "directory": str(tmp_path),
            "fifo": str(tmp_path / "fifo"),
            "socket": str(tmp_path / "socket"),
            "large": large,
            "empty": "",
        }.items()
    }

    no_file = "a directory, a device or a FIFO instead of a file"
    assert {name: text.partition(": ")[2] for name, text in found.items()} == {
        "missing": "the file cannot be read: No such file or directory",
        "directory": no_file,
        "fifo": no_file,
        "socket": "the file cannot be read: No such device or address",
        "large": "the file is larger than 1 MiB",
        "empty": "no name that a file could have",
    }


def test_a_home_file_that_is_there_and_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".pg_service.conf").mkdir()
    put(tmp_path / "pg_service.conf", "[orders]\nuser=x")

    error = refused("orders", None, {"HOME": str(tmp_path), "PGSYSCONFDIR": str(tmp_path)})

    assert error.found.startswith(f"the service file {tmp_path}/.pg_service.conf: a directory")


def test_no_frame_of_the_error_holds_a_value(tmp_path: Path) -> None:
    file = put(tmp_path / "services", f"[orders]\npassword={CANARY}\noops\n")

    traceback = refused("orders", file, {}).__traceback__

    frames = []
    while traceback:
        frames.append(repr(traceback.tb_frame.f_locals))
        traceback = traceback.tb_next
    assert len(frames) > 1
    assert CANARY not in "".join(frames)


def test_a_file_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    # A file system whose server is away until the event is set.
    monkeypatch.setattr(service, "read_regular", lambda *_: answers.wait(5) and NotRead("read at last"))
    monkeypatch.setattr(service, "DEADLINE", 0.05)

    error = refused("orders", str(tmp_path / "services"), {})

    answers.set()
    for thread in threading.enumerate():
        if thread.name == "connmgr-service":
            thread.join(5)
    assert error.found == f"the service file {tmp_path}/services could not be read within 0.05 s"
    assert "network file system" in error.hint
