"""What libpq finds elsewhere counts when the profile asks, and where the profile says nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.libpq.environment import VARIABLES
from connmgr.config.libpq.origins import target_origins
from connmgr.config.settle import settle
from connmgr.errors import ConfigError
from connmgr.profile import Profile
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server

Settle = Callable[..., Settings]
Written = Callable[[str], Profile]
SERVICE = "[orders]\nhost=served\nport=7000\nuser=server\ndbname=of_service\npassword=hunter2\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with everything in it that libpq would look at."""
    home = tmp_path / "home"
    (home / ".postgresql").mkdir(parents=True)
    for name in ("root.crt", "postgresql.crt", "postgresql.key", "root.crl"):
        (home / ".postgresql" / name).write_text("no certificate", encoding="utf-8")
    (home / ".pgpass").write_text("*:*:*:*:from pgpass\n", encoding="utf-8")
    (home / ".pgpass").chmod(0o600)
    (home / ".pg_service.conf").write_text(SERVICE, encoding="utf-8")
    return home


def target(settings: Settings) -> PostgresTarget:
    assert isinstance(settings.target, PostgresTarget)
    return settings.target


async def password(target: PostgresTarget) -> str | None:
    return (await target.password.get()).reveal() if target.password else None


def test_nothing_of_libpqs_acts_unless_the_profile_asks(settled: Settle, home: Path) -> None:
    text = "url: postgresql://app@h/o\n"
    everything = dict.fromkeys(VARIABLES.values(), "1") | {"PGTZ": "UTC", "PGREQUIRESSL": "1"}

    assert settled(text, **everything, HOME=str(home)) == settled(text)


async def test_variables_count_after_the_profile(settled: Settle) -> None:
    found = target(
        settled(
            "libpq_env: true\nconnection: {user: app, options: -c jit=off}\n",
            PGHOST="a,b", PGPORT="1", PGUSER="other", PGDATABASE="d", PGPASSWORD="p", PGSSLMODE="require",
            PGTZ="UTC", PGCONNECT_TIMEOUT="9",
        )
    )  # fmt: skip

    assert found.servers == (Server("a", 1), Server("b", 1))
    assert (found.user, found.dbname, found.sslmode) == ("app", "d", "require")
    assert found.options == "-c jit=off -c timezone=UTC"
    assert await password(found) == "p"


def test_a_variable_may_say_whether_variables_count(settled: Settle, written: Written) -> None:
    text = 'libpq_env: "${ASK:-false}"\nurl: postgresql://app@h\n'

    assert target(settled(text, PGSSLMODE="require")).sslmode == "verify-full"
    assert target(settled(text, PGSSLMODE="require", ASK="true")).sslmode == "require"


@pytest.mark.parametrize(
    "text",
    [
        "service: orders\n",
        "url: postgresql://?service=orders\n",
        "connection: {service: orders}\n",
        "connection: {service: orders, servicefile: home/.pg_service.conf}\n",
    ],
)
async def test_a_service_says_what_the_profile_does_not(settled: Settle, home: Path, text: str) -> None:
    found = target(settled(text, HOME=str(home)))

    assert found.servers == (Server("served", 7000),)
    assert (found.user, found.dbname) == ("server", "of_service")
    assert await password(found) == "hunter2"
    assert found.password is not None
    assert found.password.describe() == "service orders"


def test_the_profile_counts_before_the_service_and_that_before_variables(settled: Settle, home: Path) -> None:
    text = "url: postgresql://app@h/o\nservice: orders\nlibpq_env: true\n"

    found = target(settled(text, HOME=str(home), PGPORT="1", PGAPPNAME="by variable", PGUSER="x"))

    assert found.servers == (Server("h", 7000),)
    assert (found.user, found.dbname, found.application_name) == ("app", "o", "by variable")


async def test_the_files_of_the_home_folder_count_with_the_variables(settled: Settle, home: Path) -> None:
    found = target(settled("libpq_env: true\nurl: postgresql://app@h/o\n", HOME=str(home)))

    assert await password(found) == "from pgpass"
    assert (found.sslrootcert, found.sslcert) == (
        str(home / ".postgresql/root.crt"), str(home / ".postgresql/postgresql.crt")
    )  # fmt: skip
    assert (found.sslkey, found.sslcrl) == (
        str(home / ".postgresql/postgresql.key"), str(home / ".postgresql/root.crl")
    )  # fmt: skip


async def test_a_password_file_is_read_at_every_connection(settled: Settle, home: Path) -> None:
    found = target(settled(f"url: postgresql://app@h/o?passfile={home}/.pgpass\n"))
    (home / ".pgpass").write_text("h:5432:o:app:rotated\n", encoding="utf-8")

    assert await password(found) == "rotated"


@pytest.mark.parametrize(
    ("text", "environ", "says"),
    [
        ("service: other\n", {}, "CM605 service: no service other"),
        ("service: orders\n", {"PGSERVICEFILE": "nowhere"}, "CM605 service: the service file nowhere"),
        ("libpq_env: true\nurl: postgresql://h\n", {}, "CM601 url: neither a user nor a database"),
        ("libpq_env: true\n", {"PGUSER": "u", "PGPORT": "x"},
         "CM604 libpq_env: a port that is no number from 1 to 65535, from PGPORT"),
        ("libpq_env: true\n", {"PGUSER": "u", "PGREQUIREPEER": "x"},
         "CM603 libpq_env: the parameter requirepeer, which connmgr cannot carry out, from PGREQUIREPEER"),
        ("libpq_env: true\n", {"PGUSER": "u\nx"}, "CM213 libpq_env: a line break inside user, from PGUSER"),
    ],
)  # fmt: skip
def test_what_is_wrong_elsewhere_says_where(
    written: Written, home: Path, text: str, environ: dict[str, str], says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        settle(written(text), {"HOME": str(home), **environ})

    (problem,) = caught.value.problems
    assert f"{problem.code} {problem.path}: {problem.found}".startswith(says)


def test_a_word_that_a_service_misspells_is_a_problem(written: Written, home: Path) -> None:
    (home / ".pg_service.conf").write_text("[orders]\nuser=u\nsslmod=require\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r'CM602 .*service orders.*did you mean "sslmode"'):
        settle(written("service: orders\n"), {"HOME": str(home)})


def test_the_origin_of_each_word_is_told(written: Written, home: Path) -> None:
    profile = written("url: postgresql://app@h\nservice: orders\nlibpq_env: true\npassword: x\n")

    origins = target_origins(profile, {"HOME": str(home), "PGAPPNAME": "x", "PGHOST": "other"})

    assert {word: origins[word] for word in ("user", "host", "port", "application_name", "password")} == {
        "user": "url", "host": "url", "port": "service orders", "application_name": "variable PGAPPNAME",
        "password": "password",
    }  # fmt: skip
    assert "keepalives" not in origins


def test_a_home_folder_that_cannot_be_looked_into_has_no_files(settled: Settle) -> None:
    found = target(settled("libpq_env: true\nurl: postgresql://app@h/o\n", HOME=f"/{'h' * 5000}"))

    assert (found.password, found.sslrootcert) == (None, None)
