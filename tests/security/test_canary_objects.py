"""No value and no error of connmgr's shows a secret, also where a tool takes apart what it meets."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest
from sqlalchemy import text

from connmgr import ConfigError, Registry, Secret
from connmgr.config.loader import load_profiles
from tests.rig.broken_profiles import BROKEN_PROFILES
from tests.rig.canary import CANARY, URL_CANARY, faces, shown, told
from tests.rig.secret_profiles import BASE, FAILING_PROFILES, SECRET_PROFILES, secret_environ
from tests.rig.wire import ErrorAnswer, ScriptedServer

ALL = {**SECRET_PROFILES, **FAILING_PROFILES}
# Servers quote what they refuse; this one quotes the password.
TELLTALE = ErrorAnswer("28P01", f'password authentication failed for user "app" with "{CANARY}"')
REFUSED = ErrorAnswer("28P01", 'password authentication failed for user "app"')


@pytest.fixture
def environment(monkeypatch):
    """Set the variables that the profiles refer to: a mapping of the test's would be shown as its own."""

    def environment(port: int) -> None:
        for name, value in secret_environ(port).items():
            monkeypatch.setenv(name, value)

    return environment


def pieces(value: object) -> list[str]:
    """All faces of a mapping, of its parts, and of theirs."""
    below = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
    return [*faces(value), *(text for part in below for text in pieces(part))]


def test_the_look_finds_what_it_looks_for():
    def fail(secret: str) -> None:
        raise ValueError if secret else TypeError

    def fail_in_passing(secret: str) -> None:
        try:
            fail(secret)
        except ValueError:
            raise KeyError from None

    for way in (fail, fail_in_passing):
        with pytest.raises((ValueError, KeyError)) as raised:
            way(CANARY)
        assert len(shown(*told(raised.value))) >= 2
    for encoded in (URL_CANARY, CANARY.encode().hex(), "".join(f"%{ord(c):02X}" for c in CANARY)):
        assert shown(encoded)
    for offset in range(3):
        assert shown(base64.b64encode(f"{'x' * offset}{CANARY}".encode()).decode())
    assert shown(*faces({"key": CANARY}))
    assert shown(*faces(ValueError(CANARY)))


def test_a_secret_shows_in_no_text_and_no_part_of_it():
    assert shown(*faces(Secret(CANARY)), *pieces({"key": (Secret(CANARY),)})) == []


def test_profiles_show_none(write_hidden):
    result = load_profiles(write_hidden(1, {**ALL, "_base": BASE}))

    assert set(result.profiles) == set(ALL)
    assert shown(*faces(result)) == []
    for profile in result.profiles.values():
        said = [*faces(profile), *pieces(profile.values)]
        assert profile.name in said[0]
        assert shown(*said) == []


@pytest.mark.parametrize("name", SECRET_PROFILES)
async def test_settings_show_none_and_have_it(write_hidden, environment, name):
    environment(1)
    registry = Registry.load(write_hidden(1, {name: SECRET_PROFILES[name], "_base": BASE}))

    settings = registry.settings(name)

    target = settings.target
    sources = [source for source in (target.password, target.sslpassword) if source is not None]
    said = [faces(each) for each in (registry, settings, target, target.to_dict(), *sources)]
    assert shown(*(text for each in said for text in each)) == []
    assert [(await source.get()).reveal() for source in sources] == [CANARY]


@pytest.mark.parametrize("name", BROKEN_PROFILES)
def test_the_error_for_a_broken_file_shows_none(write, name):
    directory = write(**{name: BROKEN_PROFILES[name]})

    with pytest.raises(ConfigError) as raised:
        Registry.load(directory)

    said = told(raised.value)
    assert f"{name}.yaml" in said[0]
    assert shown(*said, *(face for problem in raised.value.problems for face in faces(problem))) == []


@pytest.mark.parametrize("name", FAILING_PROFILES)
async def test_the_error_for_what_does_not_settle_shows_none(write_hidden, environment, name):
    environment(1)
    registry = Registry.load(write_hidden(1, {name: FAILING_PROFILES[name]}))

    try:
        settings = registry.settings(name)
    except ConfigError as error:
        said = told(error)
        assert "problem" in said[0]
    else:
        said = faces(settings)
        assert name in said[0]

    assert shown(*said) == []


@pytest.mark.parametrize("answer", [REFUSED, TELLTALE], ids=["refused", "quoted"])
@pytest.mark.parametrize("name", ALL)
async def test_reports_and_errors_of_a_failed_login_show_none(write_hidden, environment, name, answer):
    async with ScriptedServer(answer) as server:
        environment(server.port)
        directory = write_hidden(server.port, {name: ALL[name], "_base": BASE})
        async with Registry.load(directory) as registry:
            report = await registry.health(name)
            with pytest.raises(Exception) as raised:  # noqa: PT011 - which one depends on the profile
                async with registry.session(name) as session:
                    await session.execute(text("SELECT 1"))
            said = [*faces(report), str(report.to_dict()), *faces(registry)]

    assert report.reason in {"authentication", "refused", "misconfigured", "tls"}
    assert name in said[0]
    assert shown(*said) == []
    if answer is REFUSED:
        assert shown(*told(raised.value)) == []


def test_an_error_shows_none_of_the_variables_that_were_handed_over(write_hidden):
    directory = write_hidden(1, {**ALL, "_base": BASE, "broken": {"url": "sqlite://", "poool": 1}})

    def load() -> None:
        Registry.load(directory, environ=secret_environ(1))

    with pytest.raises(ConfigError) as raised:
        load()

    assert shown(*told(raised.value)) == []
