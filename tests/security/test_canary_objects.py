"""No value and no error of connmgr's shows a secret, also where a tool prints local variables."""

from __future__ import annotations

import base64
import pickle
import traceback

import pytest
from loguru import logger
from sqlalchemy import text

from connmgr import ConfigError, Registry, Secret
from tests.rig.wire import ErrorAnswer, ScriptedServer
from tests.security.conftest import (
    BROKEN_PROFILES,
    CANARY,
    URL_CANARY,
    secret_environ,
    secret_profiles,
    shown,
)

REFUSED = ErrorAnswer("28P01", 'password authentication failed for user "app"')
MISCONFIGURED = {"unset", "bad_reference", "bad_port"}


def faces(value: object) -> list[str]:
    """Every way in which a value turns into text by itself."""
    try:
        pickled = [pickle.dumps(value).decode("latin-1")]
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        pickled = [str(error)]
    return [repr(value), str(value), f"{value}", *pickled]


def told(error: BaseException) -> list[str]:
    """What tools print of an error: the traceback, once with local variables, once as loguru does it."""
    printed: list[str] = []
    # Without the test's own frame, whose variables may show what they like.
    ours = error.with_traceback(error.__traceback__.tb_next)
    sink = logger.add(printed.append, format="{message}", diagnose=True, backtrace=False)
    logger.opt(exception=ours).error("failed")
    logger.remove(sink)
    with_locals = traceback.TracebackException.from_exception(ours, capture_locals=True)
    return [*faces(error), str(vars(error)), *with_locals.format(), *map(str, printed)]


def test_the_look_finds_what_it_looks_for():
    def fail(secret: str) -> None:
        raise ValueError if secret else TypeError

    with pytest.raises(ValueError, match=r"^$") as raised:
        fail(CANARY)

    assert len(shown(*told(raised.value))) >= 2
    assert shown(URL_CANARY)
    assert shown(base64.b64encode(f"app:{CANARY}".encode()).decode())


def test_a_secret_shows_in_no_text_and_is_not_pickled():
    secret = Secret(CANARY)

    assert shown(*faces(secret), f"{secret!r:>80}", f"{[secret]}") == []
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("name", [*secret_profiles(1)])
def test_profiles_and_settings_show_none(write, name):
    registry = Registry.load(write(**secret_profiles(1)), environ=secret_environ(1))

    assert shown(*faces(registry), *faces(registry[name])) == []
    if name not in MISCONFIGURED:
        settings = registry.settings(name)
        assert shown(*faces(settings), str(settings.target.to_dict())) == []


@pytest.mark.parametrize("name", [*BROKEN_PROFILES])
def test_the_error_for_a_broken_file_shows_none(write, name):
    with pytest.raises(ConfigError) as raised:
        Registry.load(write(**{name: BROKEN_PROFILES[name]}))

    assert shown(*told(raised.value)) == []


@pytest.mark.parametrize("name", sorted(MISCONFIGURED))
def test_the_error_for_references_that_do_not_settle_shows_none(write, name, monkeypatch):
    for variable, value in secret_environ(1).items():
        monkeypatch.setenv(variable, value)
    registry = Registry.load(write(**secret_profiles(1)))

    with pytest.raises(ConfigError) as raised:
        registry.settings(name)

    assert shown(*told(raised.value)) == []


@pytest.mark.parametrize("name", [*secret_profiles(1)])
async def test_reports_and_errors_of_a_failed_login_show_none(write, name, monkeypatch):
    async with ScriptedServer(REFUSED) as server:
        for variable, value in secret_environ(server.port).items():
            monkeypatch.setenv(variable, value)
        async with Registry.load(write(**secret_profiles(server.port))) as registry:
            report = await registry.health(name)
            with pytest.raises(Exception) as raised:  # noqa: PT011 - which one depends on the profile
                async with registry.session(name) as session:
                    await session.execute(text("SELECT 1"))

    assert report.reason in {"authentication", "refused", "misconfigured"}
    assert shown(*faces(report), str(report.to_dict())) == []
    assert shown(*told(raised.value)) == []
