"""A directory is read whole: every profile, every problem, and nothing that hangs or raises."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import MappingProxyType

import pytest

from connmgr.config.loader import load_profiles, profile_names
from connmgr.config.nested import freeze
from connmgr.problem import Place
from connmgr.secret import Secret

GOOD = "url: sqlite://\n"


def found(directory: Path) -> list[str]:
    return [str(problem).replace(f"{directory}/", "") for problem in load_profiles(directory).problems]


def test_both_endings_are_profiles_and_other_files_are_none(tmp_path: Path) -> None:
    for name in ("orders.yaml", "users.yml", ".hidden.yaml", "notes.txt", "a.yaml.bak"):
        (tmp_path / name).write_text(GOOD)

    result = load_profiles(str(tmp_path))

    assert list(result.profiles) == ["orders", "users"]
    assert result.profiles["orders"].file == str(tmp_path / "orders.yaml")
    assert result.problems == ()


def test_a_profile_is_read_only_and_its_secrets_are_wrapped(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text(
        "url: postgresql://app@localhost/orders\npassword: hunter2\npool: {size: 3}\n"
    )

    profile = load_profiles(tmp_path).profiles["orders"]

    assert isinstance(profile.values, MappingProxyType)
    assert isinstance(profile.values["pool"], MappingProxyType)
    assert profile.values["password"] == Secret("hunter2")
    assert isinstance(profile.values["url"], Secret)
    assert profile.place("pool", "size") == Place(str(tmp_path / "orders.yaml"), 3, 14)
    assert "hunter2" not in repr(profile)
    with pytest.raises(TypeError):
        profile.places["x",] = Place("f")  # type: ignore[index]


def test_read_only_goes_all_the_way_down() -> None:
    frozen = freeze({"pool": {"size": [1, "x"]}, "password": "y"})

    assert frozen == {"pool": {"size": (1, "x")}, "password": Secret("y")}
    assert isinstance(frozen["pool"], MappingProxyType)


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("a: [\n")
    (tmp_path / "a.yaml").write_text("pool: {sise: 3, mode: x}\n")
    (tmp_path / "good.yaml").write_text(GOOD)

    result = load_profiles(tmp_path)

    assert list(result.profiles) == ["good"]
    assert [problem.place.file.rpartition("/")[2] for problem in result.problems] == ["a.yaml"] * 3 + [
        "b.yaml"
    ]
    assert list(result.problems) == sorted(result.problems)


@pytest.mark.parametrize("stem", ["__base", "_", "1st", "a b", "a.b", "a" * 64, "é"])
def test_a_file_name_that_cannot_name_a_profile_is_a_problem(tmp_path: Path, stem: str) -> None:
    (tmp_path / f"{stem}.yaml").write_text(GOOD)

    (problem,) = found(tmp_path)

    assert "a file name that cannot name a profile" in problem


def test_a_directory_of_bases_alone_has_no_profiles(tmp_path: Path) -> None:
    (tmp_path / "_base.yaml").write_text(GOOD)

    assert "no profile files in the directory" in found(tmp_path)[0]


def test_a_mistake_in_one_setting_does_not_hide_one_in_another(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("url: mysql://localhost/x\npool: {sise: 3}\n")

    assert [problem.path for problem in load_profiles(tmp_path).problems] == ["url", "pool.sise"]


def test_texts_in_a_command_and_in_a_connection_are_wrapped_where_they_are_secret(tmp_path: Path) -> None:
    where = "connection: {host: db, user: app, sslpassword: hunter2, password: {command: [pass, hunter2]}}\n"
    (tmp_path / "a.yaml").write_text(where)

    values = load_profiles(tmp_path).profiles["a"].values

    assert "hunter2" not in str(values)
    assert values["connection"]["password"] == {"command": (Secret("pass"), Secret("hunter2"))}  # type: ignore[index]


@pytest.mark.parametrize("name", ["orders.YAML", "orders.Yml"])
def test_an_ending_in_capitals_is_a_problem_and_no_profile(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(GOOD)
    (tmp_path / "users.yaml").write_text(GOOD)

    assert found(tmp_path) == [
        f"{name}:1:1: CM106 an ending in capitals; accepted: .yaml or .yml; rename the file"
    ]
    assert list(load_profiles(tmp_path).profiles) == ["users"]


def test_the_files_of_a_directory_are_known_by_their_names(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", ".hidden.yaml", "c.YAML", "notes.txt"):
        (tmp_path / name).write_text("")

    assert profile_names(tmp_path) == {"a", "b"}


def test_the_same_name_twice_names_both_files_and_loads_neither(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "a.yml").write_text(GOOD)

    assert "two files for one profile: a.yaml and a.yml" in found(tmp_path)[0]
    assert not load_profiles(tmp_path).profiles


def test_what_is_no_file_is_a_problem_and_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to("nowhere")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket.yaml"))
        shown = found(tmp_path)

    assert [line.partition("; accepted")[0] for line in shown] == [
        "fifo.yaml:1:1: CM101 a FIFO with the name of a profile file",
        "folder.yaml:1:1: CM101 a directory with the name of a profile file",
        "link.yaml:1:1: CM101 a link that leads nowhere",
        "loop.yaml:1:1: CM101 a link that leads nowhere",
        "socket.yaml:1:1: CM101 a device or a socket with the name of a profile file",
    ]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to("/proc/self/mem")

    assert "link.yaml:1:1: CM101 the file cannot be read: Input/output error" in found(tmp_path)[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "a.yaml").chmod(0)

    assert "the file cannot be read: Permission denied" in found(tmp_path)[0]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none", "there is no such directory"),
        ("file", "a file instead of a directory"),
        ("empty", "no profile files in the directory"),
        ("x" * 300, "the directory cannot be read: File name too long"),
        ("nul\0", "no name that a directory could have"),
    ],
)
def test_a_directory_without_profiles_is_one_problem(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()

    result = load_profiles(tmp_path / name)

    assert [entry.found for entry in result.problems] == [problem]
    assert "connmgr init" in result.problems[0].hint


def test_a_name_in_bytes_that_are_no_utf_8_stays_printable(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff\n.yaml")).write_text(GOOD)

    (problem,) = found(tmp_path)

    assert problem.isprintable()


def test_one_mistake_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('url: sqlite://\npool: {size: .inf, timeout: "${"}\n')

    assert [line.partition(": ")[2].partition(";")[0] for line in found(tmp_path)] == [
        "CM212 pool.size: a number without an end",
        "CM501 pool.timeout: a reference without its closing brace",
    ]
