"""No command shows a secret, wherever it stands and whatever is wrong with it."""

from __future__ import annotations

import pytest

from tests.rig.wire import ErrorAnswer, ScriptedServer
from tests.security.conftest import BROKEN_PROFILES, CANARY, secret_environ, secret_profiles, shown

LOGS = [(), ("--log-level", "debug"), ("--log-level", "debug", "--log-format", "json")]
# Servers quote what they refuse; this one quotes the password.
TELLTALE = ErrorAnswer("28P01", f'password authentication failed for user "app" with "{CANARY}"')


@pytest.mark.parametrize("form", ["text", "json", "github"])
async def test_validate_shows_none_in_files_that_are_broken(connmgr, write, form):
    write(**BROKEN_PROFILES)

    status, out, err = await connmgr("validate", "--format", form)

    assert status == 2
    silent = [name for name in BROKEN_PROFILES if f"{name}.yaml" not in out]
    assert silent == []
    assert shown(out, err) == []


@pytest.mark.parametrize("arguments", [("validate",), ("list",), ("list", "--json")])
async def test_commands_that_only_read_files_show_none(connmgr, write, arguments):
    write(**secret_profiles(1), **BROKEN_PROFILES)

    _, out, err = await connmgr(*arguments, "--log-level", "debug", **secret_environ(1))

    assert "literal" in out + err or arguments == ("validate",)
    assert shown(out, err) == []


@pytest.mark.parametrize("name", [*secret_profiles(1)])
async def test_show_masks_it(connmgr, write, name):
    write(**secret_profiles(1))

    for form in ((), ("--json",)):
        status, out, err = await connmgr("show", name, *form, "--log-level", "debug", **secret_environ(1))

        assert ("********" in out) == (status == 0)
        assert shown(out, err) == []


@pytest.mark.parametrize("name", [*BROKEN_PROFILES])
async def test_show_of_a_broken_file_shows_none(connmgr, write, name):
    write(**{name: BROKEN_PROFILES[name]})

    status, out, err = await connmgr("show", name)

    assert (status, out) == (2, "")
    assert shown(err) == []


@pytest.mark.parametrize("logs", LOGS)
@pytest.mark.parametrize("form", [(), ("--json",)])
async def test_health_shows_none_of_a_server_that_quotes_it(connmgr, write, form, logs):
    async with ScriptedServer(TELLTALE) as server:
        write(**secret_profiles(server.port))

        status, out, err = await connmgr("health", *form, *logs, **secret_environ(server.port))

    assert status == 1
    assert out.count("authentication") >= 6
    assert out.count("misconfigured") >= 3
    assert shown(out, err) == []
