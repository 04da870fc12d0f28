"""The entries of a database.yml become profiles, and nothing of it is dropped in silence."""

from __future__ import annotations

import pytest

from connmgr.config.importing.rails import import_rails

RAILS = """\
default: &default
  adapter: postgresql
  encoding: unicode
  pool: <%= ENV.fetch("RAILS_MAX_THREADS") { 5 } %>
  checkout_timeout: 2.5
  variables:
    statement_timeout: <%= ENV.fetch("STATEMENT_TIMEOUT", 2500).to_i %>

development:
  <<: *default
  database: app_development
  password:

test:
  adapter: sqlite3
  database: storage/test.sqlite3

production:
  primary: &primary
    <<: *default
    host: <%= ENV["DB_HOST"] %>
    port: 5433
    database: app
    username: app
    password: <%= ENV["APP_PASSWORD"] %>
    sslmode: verify-full
    sslrootcert: config/ca.pem
    connect_timeout: 2
    application_name: web
  cache:
    <<: *primary
    database: cache
"""
POOL = {"size": "${RAILS_MAX_THREADS:-5}", "max_overflow": 0, "timeout": 2.5}
TIMEOUTS = {"statement": "${STATEMENT_TIMEOUT:-2500}ms"}
PRIMARY = {
    "host": "${DB_HOST}",
    "port": 5433,
    "dbname": "app",
    "user": "app",
    "sslmode": "verify-full",
    "sslrootcert": "config/ca.pem",
    "connect_timeout": 2,
    "application_name": "web",
}


def entry(*lines: str, adapter: str = "postgresql") -> str:
    settings = (f"adapter: {adapter}", "database: app", *lines)
    return "production:\n" + "".join(f"  {line}\n" for line in settings)


def test_entries_bases_references_and_several_databases_are_taken_over():
    imported = import_rails(RAILS)

    assert imported.profiles == {
        "development": {"connection": {"dbname": "app_development"}, "pool": POOL, "timeouts": TIMEOUTS},
        "test": {"url": "sqlite:///storage/test.sqlite3"},
        "production_primary": {
            "connection": PRIMARY,
            "password": "${APP_PASSWORD}",
            "pool": POOL,
            "timeouts": TIMEOUTS,
        },
        "production_cache": {
            "connection": PRIMARY | {"dbname": "cache"},
            "password": "${APP_PASSWORD}",
            "pool": POOL,
            "timeouts": TIMEOUTS,
        },
    }
    assert [(left.key, left.line) for left in imported.left_out] == [("default", 1)]


def test_settings_are_in_the_order_in_which_a_person_looks_for_them():
    profile = import_rails(entry("pool: 5", "username: u", "host: h", "password: <%= ENV['P'] %>")).profiles

    assert list(profile["production"]) == ["connection", "password", "pool"]
    assert list(profile["production"]["connection"]) == ["host", "dbname", "user"]


@pytest.mark.parametrize("password", ["canary", "'canary'", "can<%= ENV['X'] %>ary", "canary$1"])
def test_a_password_becomes_a_variable(password):
    imported = import_rails(entry(f"password: {password}"))

    assert imported.profiles["production"]["password"] == "${PRODUCTION_PASSWORD}"
    (left,) = imported.left_out
    assert (left.key, left.line) == ("production.password", 4)
    assert left.reason == "a secret is not copied: set the variable PRODUCTION_PASSWORD to it"


def test_the_default_of_a_password_is_a_password():
    imported = import_rails(entry('password: <%= ENV.fetch("PW", "canary") %>'))

    assert imported.profiles["production"]["password"] == "${PW}"
    assert imported.left_out[0].reason == "a secret is not copied: PW has to be set, it has no default"


@pytest.mark.parametrize(
    ("timeout", "statement"),
    [("2500", "2500ms"), ("30000", "30s"), ("10_000", "10s"), ("5s", "5s"), ("'2min'", "2m"), ("1h", "1h")],
)
def test_the_statement_timeout_keeps_its_length(timeout, statement):
    imported = import_rails(entry(f"variables: {{statement_timeout: {timeout}}}"))

    assert imported.profiles["production"]["timeouts"] == {"statement": statement}
    assert imported.left_out == ()


def test_a_statement_timeout_of_zero_is_no_limit_as_none_is():
    imported = import_rails(entry("variables: {statement_timeout: 0}"))

    assert "timeouts" not in imported.profiles["production"]
    assert imported.left_out == ()


@pytest.mark.parametrize("encoding", ["unicode", "utf8", "UTF8"])
def test_the_encoding_that_is_always_there_is_no_setting(encoding):
    assert import_rails(entry(f"encoding: {encoding}")).left_out == ()


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("db/dev.sqlite3", "sqlite:///db/dev.sqlite3"),
        ("/var/dev.db", "sqlite:////var/dev.db"),
        ("':memory:'", "sqlite://"),
        ("a%b?c.db", "sqlite:///a%25b%3Fc.db"),
        ('storage/<%= ENV.fetch("N", "dev") %>.db', "sqlite:///storage/${N:-dev}.db"),
    ],
)
def test_a_sqlite_database_becomes_a_url(path, url):
    imported = import_rails(f"test:\n  adapter: sqlite3\n  database: {path}\n")

    assert imported.profiles == {"test": {"url": url}}


def test_the_pool_and_the_time_outs_of_the_server_have_their_places():
    lines = (
        "min_connections: 2",
        "idle_timeout: 300",
        "keepalive: 600",
        "variables:",
        "  lock_timeout: 1500",
    )

    imported = import_rails(entry(*lines, "  idle_in_transaction_session_timeout: 1min"))

    profile = imported.profiles["production"]
    assert profile["pool"] == {"min_idle": 2, "idle_timeout": 300, "keepalive": 600}
    assert profile["timeouts"] == {"lock": "1500ms", "idle_in_transaction": "1m"}
    assert imported.left_out == ()
