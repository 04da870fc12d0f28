"""`connmgr import` prints profiles that validate, and lists what they do not say."""

from __future__ import annotations

import json
import os

import pytest

URL = "postgres://app:canary@db.internal:5432/orders?sslmode=require&requirepeer=x"
SERVICES = "[orders]\nuser=app\nhost=db\npassword=canary\nrequirepeer=x\n\n[billing]\nhost=db\nuser=app\n"
RAILS = """\
default: &default
  adapter: postgresql
  pool: <%= ENV.fetch("RAILS_MAX_THREADS") { 5 } %>
  variables: {statement_timeout: 2500}

development:
  <<: *default
  database: app
  prepared_statements: false

test:
  adapter: sqlite3
  database: storage/test.sqlite3

production:
  <<: *default
  url: <%= ENV["DATABASE_URL"] %>
"""


@pytest.fixture
def sources(tmp_path):
    """A file of each kind, in the directory where the command runs."""
    (tmp_path / "database.yml").write_text(RAILS)
    (tmp_path / "pg_service.conf").write_text(SERVICES)
    return tmp_path


def test_a_url_is_printed_as_a_profile_that_validates(run, write_profile):
    outcome = run("import", URL)

    assert outcome.returncode == 0
    assert outcome.stdout == (
        "url: postgresql://app@db.internal:5432/orders?sslmode=require\npassword: ${ORDERS_PASSWORD}\n"
    )
    write_profile("orders.yaml", outcome.stdout)
    assert run("validate").stdout == "1 profile, no problem\n"


def test_what_is_left_out_is_listed_on_standard_error_a_line_each(run, sources):
    url, service = run("import", URL), run("import", "pg_service.conf")

    assert [line.partition(": ")[0] for line in url.stderr.splitlines()] == [
        "orders.url.requirepeer",
        "orders.password",
    ]
    places = [line.split(": ")[:2] for line in service.stderr.splitlines()]
    assert places == [
        ["pg_service.conf:4", "orders.password"],
        ["pg_service.conf:5", "orders.connection.requirepeer"],
    ]
    assert service.returncode == 0


@pytest.mark.parametrize("arguments", [[URL], ["pg_service.conf"], [URL, "--json"], [URL, "--output", "out"]])
def test_no_password_is_printed_or_written(run, sources, arguments):
    outcome = run("import", *arguments)

    assert outcome.returncode == 0
    written = "".join(path.read_text() for path in (sources / "out").glob("*"))
    assert "ORDERS_PASSWORD" in outcome.stdout + outcome.stderr
    assert "canary" not in outcome.stdout + outcome.stderr + written


@pytest.mark.parametrize(
    "source",
    ["postgres://app:can/ary@db/o", "mysql://app:canary@db/o", "app:canary@db", "postgres:/app:canary@db/o"],
)
def test_a_source_that_is_refused_may_hold_a_password_and_is_not_shown(run, source):
    for kind in ([], ["--from", "url"], ["--from", "rails"]):
        outcome = run("import", source, *kind)

        assert (outcome.returncode, outcome.stdout) == (2, "")
        assert "Error: " in outcome.stderr
        assert "ary" not in outcome.stderr


@pytest.mark.parametrize("source", ["database.yml", "pg_service.conf"])
def test_several_profiles_are_printed_below_their_names_and_written_to_files_that_validate(
    run, sources, source
):
    printed, written = run("import", source), run("import", source, "--output", "profiles")

    files = [sources / line.removeprefix("wrote ") for line in written.stdout.splitlines()]
    assert printed.stdout == "\n".join(f"# {file.name}\n{file.read_text()}" for file in files)
    assert run("validate").stdout == f"{len(files)} profiles, no problem\n"


def test_no_file_is_written_over_and_none_beside_one_that_is_there(run, sources, write_profile):
    there = write_profile("test.yml", "url: sqlite://\n")

    outcome = run("import", "database.yml", "--output", "profiles")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "profiles/test.yml already" in outcome.stderr
    assert [*there.parent.iterdir()] == [there]
    assert there.read_text() == "url: sqlite://\n"


def test_json_has_the_values_and_what_was_left_out(run, sources):
    outcome = run("import", "database.yml", "--json")

    report = json.loads(outcome.stdout)
    assert outcome.stderr == ""
    assert report["profiles"] == {
        "development": {
            "connection": {"dbname": "app"},
            "pool": {"size": "${RAILS_MAX_THREADS:-5}", "max_overflow": 0},
            "timeouts": {"statement": "2500ms"},
        },
        "test": {"url": "sqlite:///storage/test.sqlite3"},
        "production": {
            "url": "${DATABASE_URL}",
            "pool": {"size": "${RAILS_MAX_THREADS:-5}", "max_overflow": 0},
            "timeouts": {"statement": "2500ms"},
        },
    }
    assert [(left["key"], left["line"]) for left in report["left_out"]] == [
        ("default", 1),
        ("development.prepared_statements", 9),
    ]
    assert all(left["reason"] for left in report["left_out"])


def test_a_name_is_for_one_profile(run, sources):
    (sources / "one.conf").write_text("[orders]\nhost=db\nuser=app\npassword=x\n")

    one, several = (
        run("import", "one.conf", "--name", "mine"),
        run("import", "pg_service.conf", "--name", "mine"),
    )

    assert one.stdout == "connection:\n  host: db\n  user: app\npassword: ${MINE_PASSWORD}\n"
    assert (several.returncode, several.stdout) == (2, "")
    assert "--name is for one profile, and the source has orders, billing" in several.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sqlite://", "--name", "9"], "a profile's name is"),
        (["no_such.yml"], "'no_such.yml' cannot be imported: there is no such file"),
        (["pipe.yml"], "'pipe.yml' cannot be imported: there is no such file"),
        (["no_such"], "say what the source is with --from"),
        (["empty.conf"], "no [service] in the file"),
        (["mysql.yml"], "nothing of the source becomes a profile"),
        (["binary.yml"], "the file is not in UTF-8"),
        (["large.yml"], "the file is larger than 1 MiB"),
        (["sqlite://", "--output", "mysql.yml/x"], "cannot write 'mysql.yml/x': Not a directory"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_status_is_2(run, tmp_path, arguments, words):
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "empty.conf").write_text("")
    (tmp_path / "mysql.yml").write_text("production:\n  adapter: mysql2\n")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe")
    (tmp_path / "large.yml").write_bytes(b"#" * (1024 * 1024 + 1))

    outcome = run("import", *arguments)

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr
