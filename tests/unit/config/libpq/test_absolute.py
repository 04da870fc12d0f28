"""A settled profile names its files absolutely: where the process goes later changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from connmgr.config.loader import load_profiles
from connmgr.config.settle import settle, unsettled
from connmgr.target import PostgresTarget
from tests.rig.profiles import write_profiles

WORDS = "sslrootcert=ca.pem&sslcert=c.pem&sslkey=sub/k.pem&sslcrl=../r.pem"
LINE = "*:*:*:*:{}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, which is not the profile's."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def settled(directory: Path, text: str, **environ: str) -> PostgresTarget:
    profiles = load_profiles(write_profiles(directory, orders=text)).profiles
    target = settle(profiles["orders"], environ).target
    assert isinstance(target, PostgresTarget)
    return target


def put_passfile(path: Path, password: str) -> None:
    path.write_text(LINE.format(password), encoding="utf-8")
    path.chmod(0o600)


def test_certificates_begin_at_the_current_directory(tmp_path: Path, here: Path) -> None:
    target = settled(tmp_path / "profiles", f"url: postgresql://u@h/d?{WORDS}\n")

    assert (target.sslrootcert, target.sslcert) == (str(here / "ca.pem"), str(here / "c.pem"))
    assert (target.sslkey, target.sslcrl) == (str(here / "sub/k.pem"), str(here / "../r.pem"))


def test_the_systems_store_is_no_file(tmp_path: Path, here: Path) -> None:
    target = settled(tmp_path / "profiles", "connection: {host: h, user: u, sslrootcert: system}\n")

    assert (target.sslrootcert, target.sslmode) == (None, "verify-full")


@pytest.mark.parametrize("said", ["profile", "variable", "service"])
async def test_a_password_file_begins_where_it_is_named(
    tmp_path: Path, here: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    put_passfile(profiles / "pgpass", "beside the profile")
    put_passfile(here / "pgpass", "in the current directory")
    (here / "services").write_text("[orders]\npassfile=pgpass\n", encoding="utf-8")
    text, environ = {
        "profile": ("url: postgresql://u@h/d?passfile=pgpass\n", {}),
        "variable": ("url: postgresql://u@h/d\nlibpq_env: true\n", {"PGPASSFILE": "pgpass"}),
        "service": ("url: postgresql://u@h/d\nservice: orders\n", {"PGSERVICEFILE": "services"}),
    }[said]

    password = settled(profiles, text, **environ).password
    monkeypatch.chdir(tmp_path)

    assert password is not None
    expected = "beside the profile" if said == "profile" else "in the current directory"
    assert (await password.get()).reveal() == expected


@pytest.mark.parametrize(
    ("text", "environ", "found"),
    [
        ("url: postgresql://u@h/d?sslrootcert=ca.pem\n", {}, "a relative path, and no current directory"),
        ("service: orders\n", {}, "no service file in which to look for service orders"),
        ("service: orders\n", {"PGSERVICEFILE": "services"}, "the service file services: the file cannot be"),
    ],
)
def test_a_current_directory_that_is_gone_is_a_problem_and_no_error(
    tmp_path: Path, here: Path, text: str, environ: dict[str, str], found: str
) -> None:
    profiles = load_profiles(write_profiles(tmp_path / "profiles", orders=text)).profiles
    here.rmdir()

    (problem,) = unsettled(profiles["orders"], environ)

    assert problem.found.startswith(found)
