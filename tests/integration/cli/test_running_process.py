"""The commands that ask a running process: what they print, and what they end with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys

import pytest
from sqlalchemy import text

from connmgr import Registry
from connmgr.admin import serve
from tests.rig.ports import free_port
from tests.rig.wait import wait_until, wait_until_sync

VERBS = ("pause", "resume", "reconnect", "drain", "disable", "enable")
COMMANDS = ("plan", "reload", "holders", "pools", *((verb, "orders") for verb in VERBS))


@pytest.fixture
def orders(write_profile, tmp_path):
    """A profile of which a process that serves at `admin.sock` has a pool."""
    url = f"sqlite:///{tmp_path}/orders.db"

    def write(**settings):
        document = {"url": url, "pool": {"mode": "pooled"}, "reload": {"drain_timeout": "100ms"}, **settings}
        return write_profile("orders.yaml", json.dumps(document))

    write()
    return write


@pytest.fixture
async def registry(orders, tmp_path):
    async with Registry.load(tmp_path / "profiles") as registry, serve(registry, tmp_path / "admin.sock"):
        yield registry


@pytest.fixture
def connmgr(run):
    """Run a command while this loop serves; the socket is named as the environment names it."""

    async def connmgr(*arguments, **variables):
        return await asyncio.to_thread(run, *arguments, **{"CONNMGR_SOCKET": "admin.sock", **variables})

    return connmgr


@contextlib.asynccontextmanager
async def holding(registry):
    async with registry.session("orders") as session:
        await session.execute(text("SELECT 1"))
        yield


async def test_plan_and_reload_print_what_changes_with_its_place(registry, connmgr, orders):
    orders(pool={"mode": "pooled", "size": 7})

    planned, reloaded, again = [await connmgr(command) for command in ("plan", "reload", "reload")]

    assert planned.stdout.splitlines() == [
        "orders: live, not in use (profiles/orders.yaml:1)",
        "  pool.size: not set -> 7 (live) profiles/orders.yaml:1",
        "0 unchanged",
    ]
    assert reloaded.stdout == planned.stdout
    assert again.stdout == "1 unchanged\n"
    assert [each.returncode for each in (planned, reloaded, again)] == [0, 0, 0]
    assert registry.settings("orders").pool.size == 7


@pytest.mark.parametrize("command", ["plan", "reload"])
async def test_problems_are_shown_as_validate_shows_them(registry, connmgr, write_profile, command):
    write_profile("orders.yaml", "url: sqlite://\npool: {sise: 1}\n")

    told, outcome = await connmgr("validate"), await connmgr(command)

    *problems, summary = told.stdout.splitlines()
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert outcome.stderr.splitlines() == [*problems, f"Error: {summary}"]
    assert "  2 | pool: {sise: ********" in problems


async def test_an_engine_that_cannot_prove_itself_is_status_1(registry, connmgr, orders, tmp_path):
    await registry.health("orders")
    orders(url=f"sqlite:///{tmp_path}/no/directory.db", reload={"verify": "connect"})

    outcome = await connmgr("reload")

    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("Error: nothing was reloaded; these did not connect as changed\n  ")


async def test_what_became_of_each_profile_is_a_table(registry, connmgr, write_profile):
    paused, resumed = await connmgr("pause", "orders"), await connmgr("resume", "--all")

    assert paused.stdout.splitlines() == ["profile  state   still in use by", "orders   paused  -"]
    assert resumed.stdout.splitlines() == ["profile  state   still in use by", "orders   active  -"]
    assert (paused.returncode, resumed.returncode, paused.stderr) == (0, 0, "")


@pytest.mark.parametrize(
    ("verb", "state", "status"),
    [("pause", "paused", 1), ("reconnect", "active", 1), ("drain", "disabled", 0)],
)
async def test_who_is_in_the_way_is_named(registry, connmgr, verb, state, status):
    asyncio.current_task().set_name("nightly\x1b[31m report")
    async with holding(registry):
        outcome = await connmgr(verb, "orders")

    header, row = outcome.stdout.splitlines()
    assert header.endswith("cut off" if verb == "drain" else "still in use by")
    assert row.split()[:4] == ["orders", state, "nightly\\x1b[31m", "report"]
    assert outcome.returncode == status


async def test_a_pause_that_somebody_took_back_meanwhile_is_not_done(registry, connmgr):
    async with holding(registry):
        pausing = asyncio.create_task(connmgr("pause", "orders"))
        await wait_until(lambda: registry.service_state("orders") == "paused", 20)
        registry.resume("orders")

    assert (await pausing).returncode == 1


async def test_json_is_what_the_process_answered(registry, connmgr, orders):
    orders(pool={"mode": "pooled", "size": 7})
    async with holding(registry):
        answers = {c: json.loads((await connmgr(c, "--json")).stdout) for c in ("plan", "holders", "pools")}
    verbs = {verb: json.loads((await connmgr(verb, "orders", "--json")).stdout) for verb in VERBS}

    assert answers["plan"]["profiles"][0]["changes"][0]["key"] == "pool.size"
    assert [*answers["holders"]["orders"][0]] == ["profile", "task", "held_for", "stack"]
    assert answers["pools"]["orders"]["stats"]["in_use"] == 1
    assert {verb: answer["orders"]["state"] for verb, answer in verbs.items()} == {
        "pause": "paused",
        "resume": "active",
        "reconnect": "active",
        "drain": "disabled",
        "disable": "disabled",
        "enable": "active",
    }


async def test_an_error_is_json_too(registry, connmgr, write_profile):
    unknown = await connmgr("pause", "order", "--json")
    write_profile("orders.yaml", "url: sqlite://\npool: {sise: 1}\n")
    wrong = await connmgr("reload", "--json")

    assert (unknown.returncode, wrong.returncode) == (2, 2)
    assert json.loads(unknown.stdout)["error"]["type"] == "UnknownProfile"
    assert json.loads(wrong.stdout)["error"]["problems"][0]["code"] == "CM301"
    assert (unknown.stderr, wrong.stderr) == ("", "")


async def test_an_unknown_profile_is_told_with_the_one_that_was_meant(registry, connmgr):
    outcome = await connmgr("pause", "order")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert outcome.stderr.endswith('did you mean "orders"?\n')


async def test_what_kept_a_profile_from_it_is_told_beside_its_name(registry, connmgr):
    await registry.close()

    outcome, as_json = await connmgr("pause", "orders"), await connmgr("pause", "orders", "--json")

    assert (outcome.returncode, outcome.stdout, as_json.returncode) == (1, "", 1)
    assert outcome.stderr.startswith("orders: Error: the registry is not open")
    assert json.loads(as_json.stdout)["orders"]["error"]["type"] == "RegistryClosed"


async def test_holders_says_who_and_where(registry, connmgr, orders):
    orders(pool={"mode": "pooled", "leak_detection_threshold": "1m"})
    await registry.reload()
    async with holding(registry):
        outcome = await connmgr("holders")
    nobody = await connmgr("holders")

    header, row = outcome.stdout.splitlines()
    assert header.split("  ")[0] == "profile"
    assert "test_running_process.py:" in row
    assert nobody.stdout.split() == ["profile", "task", "held", "for", "checked", "out", "in"]


async def test_pools_are_a_table_of_those_in_use(registry, connmgr, write_profile):
    write_profile("reports.yaml", "url: sqlite://\n")
    await connmgr("reload")
    await connmgr("disable", "reports")
    async with holding(registry):
        outcome = await connmgr("pools")

    header, orders, reports = [line.split("  ") for line in outcome.stdout.splitlines()]
    assert header[0] == "profile"
    assert [cell.strip() for cell in orders if cell.strip()][:4] == ["orders", "active", "1", "15"]
    assert [cell.strip() for cell in reports if cell.strip()][:3] == ["reports", "disabled", "-"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c if isinstance(c, str) else c[0])
def test_nobody_at_the_socket_is_status_3(run, tmp_path, command):
    arguments = (command,) if isinstance(command, str) else command
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead.sock"))

    missing, left = run(*arguments, "--socket", "no.sock"), run(*arguments, CONNMGR_SOCKET="dead.sock")

    assert [(each.returncode, each.stdout) for each in (missing, left)] == [(3, "")] * 2
    assert "Error: no process answers at 'no.sock': there is no socket; is the process up" in missing.stderr
    assert (
        left.stderr
        == "Error: no process answers at 'dead.sock': nobody listens; the process that did has ended\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pause", "--socket", "a"), "give NAMEs of profiles, or --all"),
        (("drain", "orders", "--all", "--socket", "a"), "give NAMEs of profiles, or --all"),
        (("plan",), "name the socket of the process with --socket or CONNMGR_SOCKET"),
        (("reload", "orders", "--socket", "a"), "unexpected extra argument"),
    ],
)
def test_a_call_that_is_wrong_is_status_2(run, arguments, said):
    outcome = run(*arguments)

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert said in outcome.stderr


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", "hung up without an answer"),
        (b'{"version": 9, "answer": {}}\n', "is another version"),
        (b"HTTP/1.1 400 Bad Request\r\n", "is another version"),
    ],
)
async def test_what_does_not_answer_as_a_process_of_ours_is_status_3(connmgr, tmp_path, said, told):
    async def answer(reader, writer):
        await reader.readline()
        writer.write(said)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(answer, tmp_path / "admin.sock"):
        outcome = await connmgr("plan")

    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert told in outcome.stderr


async def test_a_problem_that_a_later_version_knows_is_told_in_its_words(connmgr, tmp_path):
    problem = {"file": "/a.yaml", "line": 1, "column": 1, "path": "", "found": "", "accepted": "", "hint": ""}
    error = {"type": "ConfigError", "message": "1 problem\x1b", "problems": [{**problem, "code": "CM999"}]}

    async def answer(reader, writer):
        await reader.readline()
        writer.write(json.dumps({"version": 1, "error": error}).encode() + b"\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(answer, tmp_path / "admin.sock"):
        outcome = await connmgr("plan")

    assert (outcome.returncode, outcome.stderr) == (2, "Error: 1 problem\\x1b\n")


async def test_after_ctrl_c_the_profile_stays_paused(registry, start, orders):
    orders(reload={"drain_timeout": "1m"})
    await registry.reload()
    async with holding(registry):
        process = start("pause", "orders", "--socket", "admin.sock")
        await wait_until(lambda: registry.service_state("orders") == "paused", 20)
        process.send_signal(signal.SIGINT)
        status = await asyncio.to_thread(process.wait, 20)

        assert (status, registry.service_state("orders")) == (130, "paused")


def test_serve_answers_at_the_socket_too_until_it_is_told_to_stop(run, start, orders, tmp_path):
    process = start("serve", "--port", str(free_port()), "--admin", "admin.sock")
    wait_until_sync(lambda: (tmp_path / "admin.sock").exists(), 20)

    outcome = run("disable", "orders", "--socket", "admin.sock")
    refused = run("serve", "--port", str(free_port()), "--admin", "admin.sock")
    process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
    assert outcome.stdout.splitlines()[1].split() == ["orders", "disabled", "-"]
    assert (refused.returncode, "already: stop it, or choose another path" in refused.stderr) == (2, True)
    assert not (tmp_path / "admin.sock").exists()


@pytest.mark.parametrize("command", ["plan", "pause"])
def test_asking_imports_nothing_heavy(tmp_path, environ, command):
    script = (
        "import sys\nfrom connmgr.cli import main\ntry:\n main()\nfinally:\n"
        " print(*({'sqlalchemy', 'loguru', 'jsonschema', 'yaml', 'asyncio'} & set(sys.modules)))"
    )
    names = ["orders"] if command == "pause" else []
    arguments = [sys.executable, "-c", script, command, *names, "--socket", "no.sock"]

    outcome = subprocess.run(arguments, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)

    assert (outcome.returncode, outcome.stdout.strip()) == (3, "")
