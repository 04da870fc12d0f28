"""A command gets no shell, no input and hardly an environment, and what it says is judged, not shown."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from pathlib import Path

import pytest

from connmgr.config.secrets import command
from connmgr.errors import ConfigError
from connmgr.problem import Code
from tests.rig.sources import source_of
from tests.rig.wait import wait_until

CANARY = "c4n4ry"
ENVIRON = {"PATH": os.environ["PATH"]}


def python(script: str, *arguments: str) -> dict[str, object]:
    """A program as a profile writes it."""
    return {"command": (sys.executable, "-c", script, *arguments)}


async def ask(written: object, root: Path, **environ: str) -> str:
    return (await source_of(written, root, {**ENVIRON, **environ}).get()).reveal()


async def refusal(written: object, root: Path, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        await source_of(written, root, {**ENVIRON, **environ}).get()
    return str(caught.value)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(
    ("written", "secret"),
    [("hunter2", "hunter2"), ("hunter2\\n", "hunter2"), ("hunter2\\r\\n", "hunter2"), ("Grüße", "Grüße")],
)
async def test_the_output_is_the_secret_but_for_one_line_break_at_the_end(
    tmp_path: Path, written: str, secret: str
) -> None:
    assert await ask({"command": ("printf", written)}, tmp_path) == secret


async def test_it_is_run_at_every_asking(tmp_path: Path) -> None:
    source = source_of({"command": ("sh", "-c", "echo x >> runs; wc -l < runs")}, tmp_path, ENVIRON)

    found = [(await source.get()).reveal().strip() for _ in range(3)]

    assert found == ["1", "2", "3"]


async def test_arguments_go_to_the_program_and_to_no_shell(tmp_path: Path) -> None:
    arguments = ("$HOME `id` ; * > out", "a b", "$${X}", "${VALUE}")
    script = "import json, sys; print(json.dumps(sys.argv[1:]))"

    shown = await ask(python(script, *arguments), tmp_path, VALUE="'quoted' ${X}")

    assert json.loads(shown) == ["$HOME `id` ; * > out", "a b", "${X}", "'quoted' ${X}"]
    assert not names(tmp_path)


async def test_it_sees_of_the_environment_what_programs_need_and_nothing_else(tmp_path: Path) -> None:
    passed = {name: "x" for name in (*command.ENVIRONMENT, "LC_ALL", "LC_TIME") if name != "PATH"}
    hidden = {"DB_PASSWORD": CANARY, "PGPASSWORD": CANARY, "LD_PRELOAD": "", "XLC_ALL": "x"}

    shown = await ask({"command": ("sh", "-c", "env | sort | tr '\\n' ' '")}, tmp_path, **passed, **hidden)

    seen = {entry.partition("=")[0] for entry in shown.split()}
    assert seen - {"PWD", "OLDPWD", "SHLVL", "_"} == {*passed, "PATH"}


async def test_more_of_it_is_written_out(tmp_path: Path) -> None:
    written = {"command": ("env", "VAULT_ADDR=${VAULT_ADDR}", "sh", "-c", "echo $VAULT_ADDR")}

    assert await ask(written, tmp_path, VAULT_ADDR="https://vault") == "https://vault"


async def test_it_has_no_input_and_runs_in_the_profiles_directory_in_a_session_of_its_own(
    tmp_path: Path,
) -> None:
    script = "import os, sys; print(repr(sys.stdin.read()), os.getcwd(), os.getsid(0) == os.getpid())"

    assert await ask(python(script), tmp_path) == f"'' {os.fspath(tmp_path)} True"


async def test_a_program_is_found_by_path_in_the_profiles_directory(tmp_path: Path) -> None:
    program = tmp_path / "bin/tell"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho hunter2\n")
    program.chmod(0o700)

    for written in ("bin/tell", "./bin/tell", str(program)):
        assert await ask({"command": (written,)}, tmp_path) == "hunter2"
    assert await ask({"command": ("tell",)}, tmp_path, PATH=f"bin:{tmp_path / 'bin'}:/bin") == "hunter2"


@pytest.mark.parametrize("name", ["tell", "./tell", "/nowhere/tell", "sub", "", "not_executable"])
async def test_a_program_that_is_not_there_is_said_before_it_is_run(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "not_executable").write_text("#!/bin/sh\n")
    # Entries relative to this process's directory, which is not where the program would be looked for.
    monkeypatch.chdir(tmp_path)
    source = source_of({"command": (name, CANARY)}, tmp_path, {"PATH": ":.:sub"})

    (problem,) = source.problems()

    assert problem.code == Code.COMMAND_REFERENCE
    assert problem.found == f"command {name} is not there, or not executable"
    with pytest.raises(ConfigError, match="is not there") as caught:
        await source.get()
    assert caught.value.problems == (problem,)


async def test_problems_do_not_run_it(tmp_path: Path) -> None:
    source = source_of({"command": ("touch", "ran")}, tmp_path, ENVIRON)

    assert source.problems() == ()
    with pytest.raises(ConfigError, match="which is asked at every new connection and not before"):
        source.read()
    assert not (tmp_path / "ran").exists()


async def test_a_program_that_the_system_cannot_start_is_a_problem(tmp_path: Path) -> None:
    program = tmp_path / "tell"
    program.write_text("#!/nowhere/interpreter\n")
    program.chmod(0o700)

    assert "command ./tell cannot be started: No such file" in await refusal(
        {"command": ("./tell",)}, tmp_path
    )


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("exit 3", "command sh ended with exit status 3"),
        (f"echo {CANARY}; echo {CANARY} >&2; exit 1", "standard error: 7 bytes, not shown"),
        ("kill -9 $$$$", "command sh ended with signal 9"),
        (":", "CM504 password: the password from command sh is empty"),
        (f"echo {CANARY}; echo {CANARY}", "CM213 password: a line break inside the password"),
        (rf"printf '{CANARY}\377'", "CM213 password: a byte that is not UTF-8 inside the password"),
        (f"echo {CANARY}; cat /dev/zero", "command sh wrote more than 65536 bytes"),
        ("head -c 200000 /dev/zero >&2; exit 4", "exit status 4; accepted"),
    ],
)
async def test_what_gives_no_secret_is_refused_with_its_place_and_nothing_of_what_it_wrote(
    tmp_path: Path, script: str, found: str
) -> None:
    said = await refusal({"command": ("sh", "-c", script)}, tmp_path)

    assert "orders.yaml:2:11" in said
    assert found in said
    assert CANARY not in said


async def test_output_of_just_the_limit_is_taken(tmp_path: Path) -> None:
    assert await ask(python("print('x' * (65536 - 1))"), tmp_path) == "x" * 65535
    assert "more than 65536 bytes" in await refusal(python("print('x' * 65536)"), tmp_path)


@pytest.mark.parametrize(
    ("value", "found"),
    [(None, "CM502 password: TOKEN is not set"), ("\n", "a line break inside the command")],
)
async def test_arguments_that_cannot_be_filled_in_are_problems(
    tmp_path: Path, value: str | None, found: str
) -> None:
    environ = ENVIRON if value is None else {**ENVIRON, "TOKEN": value}
    source = source_of({"command": ("touch", "${TOKEN}", "${TOKEN}")}, tmp_path, environ)

    (problem,) = source.problems()

    assert found in str(problem)
    with pytest.raises(ConfigError, match=found):
        await source.get()
    assert not names(tmp_path)


async def test_no_traceback_has_an_argument_or_the_output_in_its_locals(tmp_path: Path) -> None:
    script = f"echo {CANARY}; echo {CANARY} >&2; touch written; sleep 600"
    source = source_of({"command": ("sh", "-c", script)}, tmp_path, ENVIRON)
    asking = asyncio.create_task(source.get())
    await wait_until((tmp_path / "written").exists)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await asking
    (tmp_path / "tell").write_text("#!/nowhere/interpreter\n")
    (tmp_path / "tell").chmod(0o700)
    with pytest.raises(ConfigError) as refused:
        await source_of({"command": ("./tell", CANARY)}, tmp_path, ENVIRON).get()

    for error in (cancelled.value, refused.value):
        # Without the test's own frame, whose variables hold the script.
        ours = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
        told = traceback.TracebackException.from_exception(ours, capture_locals=True).format()
        assert CANARY not in "".join(told)
