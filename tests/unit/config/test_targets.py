"""References in a url fill one component each, and a SQLite url comes to a file or to memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.settle import settle, unsettled
from connmgr.errors import ConfigError
from connmgr.profile import Profile
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server, SQLiteTarget

Settle = Callable[..., Settings]
Written = Callable[[str], Profile]
ALL = "postgresql://${U}:${P}@h:${N}/${D}?application_name=${A}"
HOSTILE = ["@evil", "?host=evil", "#", "/../", "&sslmode=disable", "%2F@evil", ":1@evil/", "a b", "$", "x=y"]


def postgres(settings: Settings) -> PostgresTarget:
    assert isinstance(settings.target, PostgresTarget)
    return settings.target


def found(profile: Profile, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settle(profile, environ)
    (problem,) = caught.value.problems
    return problem.found


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_variable_fills_its_own_component_whatever_it_holds(settled: Settle, value: str) -> None:
    target = postgres(settled(f'url: "{ALL}"\n', U=value, P=value, N="1", D=value, A=value))

    assert target == PostgresTarget(
        (Server("h", 1),), value, value, target.password, "verify-full", application_name=value
    )
    assert target.password is not None
    assert (await target.password.get()).reveal() == value


@pytest.mark.parametrize("value", [*sorted({*HOSTILE} - {"/../"}), "h,evil", "h:1", "../x"])
def test_a_host_from_a_variable_is_a_host_or_refused(written: Written, value: str) -> None:
    profile = written('url: "postgresql://u@${H}/d"\n')

    assert found(profile, H=value).endswith(", from H")


@pytest.mark.parametrize("value", [*HOSTILE, "5432/evil", "5432,1"])
def test_a_port_from_a_variable_is_a_port_or_refused(written: Written, value: str) -> None:
    profile = written('url: "postgresql://u@h:${N}/d"\n')

    assert found(profile, N=value).endswith(", from N")


def test_a_host_from_a_variable_may_be_the_directory_of_a_socket(settled: Settle) -> None:
    target = postgres(settled('url: "postgresql://u@${H}/d"\n', H="/run/../x"))

    assert (target.servers, target.dbname) == ((Server("/run/../x"),), "d")


def test_a_parameter_may_name_several_hosts_from_one_variable(settled: Settle) -> None:
    target = postgres(settled('url: "postgresql://u@/d?host=${H}"\n', H="a,b"))

    assert [server.host for server in target.servers] == ["a", "b"]


def test_a_reference_at_the_start_is_the_url_or_its_beginning(settled: Settle) -> None:
    assert postgres(settled('url: "${URL}"\n', URL="postgresql://a%40b@h/o")).user == "a@b"
    assert postgres(settled('url: "${BASE}/orders"\n', BASE="postgresql://a@h")).dbname == "orders"


@pytest.mark.parametrize("written_as", ["{env: URL}", "{file: url.txt}"])
async def test_a_whole_url_may_stand_in_a_variable_or_a_file(
    settled: Settle, tmp_path: Path, written_as: str
) -> None:
    url = "postgresql://app:${NOT}%25@h/o?sslmode=require"
    (tmp_path / "url.txt").write_text(f"{url}\n", encoding="utf-8")
    (tmp_path / "url.txt").chmod(0o600)

    target = postgres(settled(f"url: {written_as}\n", URL=url))

    assert (target.user, target.sslmode) == ("app", "require")
    assert target.password is not None
    assert (await target.password.get()).reveal() == "${NOT}%"
    assert target.password.describe() in ("the url in env URL", "the url in file url.txt")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("hunter2", "a url without a scheme, from env URL"),
        ("postgresql://app:hunter2@h:x/o", "a port that is no number from 1 to 65535, from env URL"),
        ("", "URL is empty"),
    ],
)
def test_what_is_wrong_with_such_a_url_names_where_it_stands(written: Written, value: str, says: str) -> None:
    assert found(written("url: {env: URL}\n"), URL=value) == says


def test_unsettled_says_what_settle_raises_and_the_warnings(written: Written, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2", encoding="utf-8")
    (tmp_path / "secret").chmod(0o644)
    profile = written('url: "postgresql://app@h:${N}/o"\npassword: {file: secret}\n')

    assert [problem.code for problem in unsettled(profile, {"N": "5432"})] == ["CM505"]
    assert [problem.code for problem in unsettled(profile, {})] == ["CM502", "CM505"]
    assert settle(profile, {"N": "5432"}).name == "orders"


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        ('pool: {timeout: "${N}"}', ["found the number 30000, from N, which is in seconds"]),
        ('pool: {timeout: "${N:-5}"}', ["found the number 30000, from N, which is in seconds"]),
        ('pool: {timeout: "${N:-30000}"}', []),
        ("pool: {timeout: 30000}", []),
        ('pool: {timeout: "${N}ms"}', []),
        ('pool: {timeout: "${N}"}\npassword: ${N}', []),
    ],
)
def test_a_variable_that_looks_like_milliseconds_is_asked_about_when_it_is_known(
    written: Written, lines: str, asked: list[str]
) -> None:
    problems = unsettled(written(f"url: postgresql://app@h/o\n{lines}\n"), {"N": "30000"})

    assert [problem.found for problem in problems if problem.code == "CM305"] == asked


@pytest.mark.parametrize("ask", ["service: ${S}", "libpq_env: true"])
def test_a_service_without_a_name_is_one_problem(written: Written, ask: str) -> None:
    assert len(unsettled(written(f"{ask}\n"), {"S": "", "PGSERVICE": ""})) == 1


def test_a_file_with_the_url_that_others_can_read_is_a_warning(written: Written, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://app@h/o", encoding="utf-8")
    (tmp_path / "url").chmod(0o644)

    (warning,) = unsettled(written("url: {file: url}\n"), {})

    assert (warning.code, warning.path) == ("CM505", "url")


@pytest.mark.parametrize("word", ["servicefile", "service", "passfile", "sslrootcert", "host", "port"])
@pytest.mark.parametrize("bad", ["a\0b", "a\nb", "\udc80"])
def test_a_control_character_in_any_word_is_a_problem_and_no_error(
    written: Written, word: str, bad: str
) -> None:
    profile = written(
        f"connection: {{user: u, {'service: s, ' * (word == 'servicefile')}{word}: '${{X}}'}}\n"
    )

    problems = unsettled(profile, {"X": bad})

    assert "CM213" in {problem.code for problem in problems}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite://", None),
        ("sqlite:///", None),
        ("sqlite:///:memory:", None),
        ("sqlite+aiosqlite:///rel.db", "rel.db"),
        ("sqlite:///a%20b#c.db", "a b#c.db"),
        ("sqlite:////tmp/abs.db", "/tmp/abs.db"),
        ("sqlite:///${F}", "x?y.db"),
    ],
)
def test_sqlite_is_memory_or_an_absolute_path(settled: Settle, url: str, path: str | None) -> None:
    expected = str(Path.cwd() / path) if path else None

    assert settled(json.dumps({"url": url}), F="x?y.db").target == SQLiteTarget(expected)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///${E}", "a path that is empty, from E"),
        ("postgresql://${E}@h/o", "a user that is empty, from E"),
        ("postgresql://a:x@${E}/o", "a host that is empty, from E"),
        ("postgresql://a:x@h:${E}/o", "a port that is empty, from E"),
        ("postgresql://a:x@h/${E}", "a database name that is empty, from E"),
    ],
)
def test_a_part_that_is_written_and_comes_to_nothing_is_never_a_default(
    written: Written, url: str, says: str
) -> None:
    assert found(written(f'url: "{url}"\n'), E="") == says


def test_a_relative_file_without_a_current_directory_is_a_problem(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = written('url: "sqlite:///${F}"\n')
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert found(profile, F="orders.db").startswith("a relative path, and no current directory")
