"""`passfile` is the password that a file like ~/.pgpass has for the servers, as it is at every asking."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.libpq.passfile import passfile_source
from connmgr.config.secrets.base import Context, Source
from connmgr.errors import ConfigError
from connmgr.problem import Code, Place
from connmgr.secret import Environment, Secret
from connmgr.target import Server

CANARY = "hunter2"
ONE = (Server("db1"),)
BOTH = (Server("db1"), Server("db2", 5433))

Pgpass = Callable[..., Source]


@pytest.fixture
def pgpass(tmp_path: Path) -> Pgpass:
    """The source for user `app` of database `orders`, and a file with the lines given, if any are."""

    def source(
        *lines: str, servers: tuple[Server, ...] = ONE, path: str = "pgpass", **more: object
    ) -> Source:
        if lines:
            (tmp_path / "pgpass").write_text("\n".join([*lines, ""]))
            (tmp_path / "pgpass").chmod(0o600)
        context = Context(Environment({}), Place("orders.yaml", 2, 11), "passfile", tmp_path, "the file")
        who = {"dbname": "orders", "user": "app"} | more
        return passfile_source(path, servers, context=context, **who)

    return source


def found(source: Source) -> str:
    (problem,) = source.problems()
    assert problem.code is Code.FILE_REFERENCE
    assert CANARY not in str(problem)
    return problem.found


@pytest.mark.parametrize(
    "lines",
    [
        ("db1:5432:orders:app:hunter2",),
        ("*:*:*:*:hunter2",),
        ("# db1:5432:orders:app:no", "", "db2:*:*:*:no", "db1:*:orders:app:hunter2", "*:*:*:*:no"),
        ("db1:5433:orders:app:no", "db1:5432:billing:app:no", "db1:*:*:root:no", "db1:*:*:*:hunter2\r"),
        ("d\\b1:5432:orders:app:hunter2:no",),
    ],
)
async def test_the_first_line_that_fits_has_the_password(pgpass: Pgpass, lines: tuple[str, ...]) -> None:
    source = pgpass(*lines)

    assert await source.get() == source.read() == Secret(CANARY)
    assert source.problems() == ()


@pytest.mark.parametrize(
    ("host", "directory"),
    [("localhost", "/tmp"), ("localhost", "/var/run/postgresql"), ("/tmp", "/tmp"), ("/srv/pg", "/srv/pg")],
)
def test_a_socket_in_a_default_directory_is_localhost(pgpass: Pgpass, host: str, directory: str) -> None:
    assert pgpass(f"{host}:*:*:*:x", servers=(Server(directory),)).read() == Secret("x")


def test_a_socket_elsewhere_is_not_localhost(pgpass: Pgpass) -> None:
    assert "no line for /srv/pg:5432" in found(pgpass("localhost:*:*:*:x", servers=(Server("/srv/pg"),)))


def test_an_escaped_address_is_found(pgpass: Pgpass) -> None:
    assert pgpass("\\:\\:1:*:*:*:x", servers=(Server("::1"),)).read() == Secret("x")


async def test_a_changed_file_takes_effect_at_the_next_asking(pgpass: Pgpass) -> None:
    source = pgpass("*:*:*:*:one")
    before = await source.get()

    pgpass("*:*:*:*:two")

    assert (before, await source.get()) == (Secret("one"), Secret("two"))


def test_several_servers_may_share_a_password(pgpass: Pgpass) -> None:
    assert pgpass("db1:*:*:*:x", "db2:*:*:*:x", servers=BOTH).read() == Secret("x")


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("db1:*:*:*:hunter2", "db2:*:*:*:x"), "db1:5432 has that of line 1, db2:5433 has that of line 2"),
        (("db1:*:*:*:hunter2",), "db1:5432 has that of line 1, db2:5433 has none"),
        (("#", "db2:*:*:*:hunter2"), "db1:5432 has none, db2:5433 has that of line 2"),
    ],
)
def test_no_server_is_sent_the_password_of_another(
    pgpass: Pgpass, lines: tuple[str, ...], said: str, optional: bool
) -> None:
    source = pgpass(*lines, servers=BOTH, optional=optional)

    assert found(source) == f"passfile pgpass has not the same password for all servers: {said}"


@pytest.mark.parametrize(
    ("lines", "more", "said"),
    [
        (("db2:*:*:*:hunter2",), {}, "has no line for db1:5432, database orders, user app"),
        (("*:*:*:*:hunter2",), {"user": None}, "has no line for db1:5432, database orders, user (none)"),
        (("#", "*:*:*:*:"), {}, "has an empty password in line 2"),
        ((), {}, "passfile pgpass: the file cannot be read: No such file or directory"),
        ((), {"path": "x" * 300}, "the file cannot be read: File name too long"),
        ((), {"path": ""}, "passfile : no name that a file could have"),
    ],
)
def test_no_password_is_a_problem_unless_nobody_named_the_file(
    pgpass: Pgpass, lines: tuple[str, ...], more: dict[str, object], said: str
) -> None:
    assert said in found(pgpass(*lines, **more))
    assert pgpass(*lines, **more, optional=True).read() == Secret("")


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_file_that_others_may_use_is_refused(
    pgpass: Pgpass, tmp_path: Path, mode: int, optional: bool
) -> None:
    source = pgpass("*:*:*:*:hunter2", optional=optional)
    (tmp_path / "pgpass").chmod(mode)

    (problem,) = source.problems()

    assert f"(mode {mode:04o})" in problem.found
    assert problem.hint == "chmod 0600"


def test_a_fifo_and_a_way_out_of_the_directory_are_refused_at_once(pgpass: Pgpass, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)

    assert "instead of a file" in found(pgpass(path="fifo", optional=True))
    assert f"outside of {tmp_path}" in found(pgpass(path="../pgpass"))


async def test_a_password_with_a_control_character_is_refused_and_not_shown(pgpass: Pgpass) -> None:
    source = pgpass(f"*:*:*:*:{CANARY}\x01")

    with pytest.raises(ConfigError, match=r"CM213 .*inside the passfile.*passfile pgpass, line 1") as caught:
        await source.get()

    frames, traceback = "", caught.value.__traceback__
    while traceback:
        frames += repr(traceback.tb_frame.f_locals)
        traceback = traceback.tb_next
    assert CANARY not in f"{frames}{caught.value}{source!r}"


def test_sources_are_equal_when_they_look_up_the_same_and_are_not_pickled(pgpass: Pgpass) -> None:
    source = pgpass("*:*:*:*:x")

    assert source == pgpass()
    assert source != pgpass(user="root")
    assert source.describe() == "passfile pgpass"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(source)
