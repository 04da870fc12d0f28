"""No report, no log and no output of a tool shows a secret of a profile that is used, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import sys
import warnings

import pytest
from loguru import logger
from sqlalchemy import text

from connmgr import Registry
from tests.rig.canary import CANARY, faces, shown
from tests.rig.mutation import TOP
from tests.rig.secret_profiles import BASE, FAILING_PROFILES, SECRET_PROFILES, secret_environ
from tests.rig.wire import Ending, ErrorAnswer, ScriptedServer, Tls

ALL = {**SECRET_PROFILES, **FAILING_PROFILES, "_base": BASE}
MARKER = "a-local-variable"
# Servers quote what they refuse; these quote the password.
TELLTALE = ErrorAnswer("28P01", f'password authentication failed for user "app" with "{CANARY}"')
CHATTY = ErrorAnswer("58000", f"cannot do that with {CANARY}")
DEBUG = ("--log-level", "debug", "--log-format")

# Fails once for each profile and each way to fail, with the variables that the process has.
FAILING_TESTS = """
import asyncio, os, pytest
from sqlalchemy import text
from connmgr import Registry

NAMES = os.environ["NAMES"].split()

@pytest.mark.parametrize("name", NAMES)
def test_it(name):
    marker = "a-local-variable"
    registry = Registry.load("profiles", names=[name])

    async def use():
        inner = "a-local-variable"
        async with registry, registry.session(name) as session:
            await session.execute(text("SELECT 1"))

    asyncio.run(use())

def test_load():
    marker = "a-local-variable"
    Registry.load("broken")
"""


@pytest.mark.alone
@pytest.mark.parametrize("answer", [TELLTALE, CHATTY], ids=["refused", "chatty"])
async def test_health_shows_none_of_a_server_that_quotes_it(calls, write_hidden, answer):
    async with ScriptedServer(answer) as server:
        write_hidden(server.port, ALL)

        answers = await calls(
            ["health"],
            ["health", "--json"],
            ["health", *DEBUG, "text"],
            ["health", "--json", *DEBUG, "json"],
            **secret_environ(server.port),
        )

    for status, out, err in answers:
        assert status == 1
        assert [name for name in SECRET_PROFILES if name not in out] == []
        assert out.count("misconfigured") >= 10
        assert shown(out, err) == []
    reports = json.loads(answers[1][1])["profiles"]
    reasons = {
        reports[name]["reason"] for name in SECRET_PROFILES if not name.startswith(("phrase", "url_phrase"))
    }
    assert len(reasons) == 1
    assert "misconfigured" not in reasons


@pytest.mark.parametrize("server_tls", [Tls.REFUSE, Tls.SILENCE], ids=str)
async def test_health_shows_none_of_a_login_that_tls_ends(calls, write_hidden, server_tls):
    phrases = {name: document for name, document in ALL.items() if "phrase" in name or name == "no_tls"}
    async with ScriptedServer(Ending.CLOSE, tls=server_tls) as server:
        write_hidden(server.port, phrases)

        ((status, out, err),) = await calls(["health", *DEBUG, "json"], **secret_environ(server.port))

    assert status == 1
    assert [name for name in phrases if name not in out] == []
    assert "wrong_phrase" in out
    assert shown(out, err) == []


async def test_the_log_shows_none_with_every_local_variable_in_it(write_hidden, monkeypatch):
    told: list[str] = []
    async with ScriptedServer(ErrorAnswer("28P01", "no")) as server:
        for name, value in secret_environ(server.port).items():
            monkeypatch.setenv(name, value)
        directory = write_hidden(server.port, ALL)
        sink = logger.add(told.append, level=0, format="{message} {extra}", diagnose=True, backtrace=False)
        logger.enable("connmgr")
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                await use_all(directory)
            finally:
                logger.remove(sink)
                logger.disable("connmgr")

    assert len(told) > len(SECRET_PROFILES)
    assert shown(*map(str, told), *(str(warning.message) for warning in warned)) == []


async def use_all(directory) -> None:
    async with Registry.load(directory) as registry:
        reports = await registry.health_all()
        assert shown(*(face for report in reports.values() for face in faces(report))) == []
        for name in registry:
            try:
                async with registry.session(name) as session:
                    await session.execute(text("SELECT 1"))
            except Exception as error:  # noqa: BLE001 - which one depends on the profile
                # As an application that logs what it catches.
                logger.opt(exception=error.with_traceback(error.__traceback__.tb_next)).error(name)


async def test_pytest_shows_none_with_every_local_variable(write_hidden, tmp_path):
    # What pytest prints of a failed login takes it a third of a second.
    some = ("password_file", "password_command", "phrase_literal", "url_inline", "service", "libpq_env")
    names = [*FAILING_PROFILES, *some]
    (tmp_path / "test_failing.py").write_text(FAILING_TESTS)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "db.yaml").write_text(json.dumps({"url": [CANARY], "password": [CANARY]}))
    async with ScriptedServer(ErrorAnswer("28P01", "no")) as server:
        write_hidden(server.port, ALL)
        environ = {**secret_environ(server.port), "NAMES": " ".join(names), "PYTHONPATH": str(TOP)}

        process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "pytest",
                "-l",
                "-vv",
                "--tb=long",
                "-p",
                "no:cacheprovider",
                "test_failing.py",
            ),
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out = (await process.communicate())[0].decode()

    assert f"{len(names) + 1} failed" in out
    assert out.count(MARKER) >= 2 * len(names)
    assert shown(out) == []
