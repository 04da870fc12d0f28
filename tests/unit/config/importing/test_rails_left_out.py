"""What a profile cannot say of a database.yml is listed with its line and the reason."""

from __future__ import annotations

import pytest

from connmgr.config.importing.imported import BadSource
from connmgr.config.importing.rails import import_rails

BARE = {"production": {"connection": {"dbname": "app"}}}


def entry(*lines: str) -> str:
    return "production:\n  adapter: postgresql\n  database: app\n" + "".join(f"  {line}\n" for line in lines)


@pytest.mark.parametrize(
    "setting",
    [
        "timeout: 5000",
        "retries: 3",
        "idle_timeout: 0",
        "reaping_frequency: 10",
        "prepared_statements: false",
        "advisory_locks: false",
        'schema_search_path: "a,b"',
        "encoding: latin1",
        "migrations_paths: db/cache_migrate",
        "migrations_paths: [a, b]",
        "replica: true",
        "database_tasks: false",
        "min_messages: warning",
        "requirepeer: postgres",
        "no_such_key: 1",
        "sslmode: maybe",
        "pool: many",
        "checkout_timeout: soon",
        "variables: 5",
        "pool: <%= Etc.nprocessors * 2 %>",
    ],
)
def test_a_key_that_has_no_place_in_a_profile_is_named_with_its_line(setting):
    imported = import_rails(entry("", setting))

    key = setting.partition(":")[0]
    profile = imported.profiles["production"]
    assert profile["connection"] == {"dbname": "app"}
    (left,) = imported.left_out
    assert left.key in {f"production.{key}", f"production.connection.{key}", *POOL.get(key, ())}
    assert left.line == 5
    assert left.reason


POOL = {
    "pool": ("production.pool.size",),
    "checkout_timeout": ("production.pool.timeout",),
    "idle_timeout": ("production.pool.idle_timeout",),
}


@pytest.mark.parametrize(
    "variable", ["lock_timeout: never", "work_mem: 8MB", "statement_timeout: soon", "search_path: x"]
)
def test_a_variable_of_the_server_is_named_with_its_line(variable):
    imported = import_rails(entry("variables:", f"  {variable}"))

    name = variable.partition(":")[0]
    assert imported.profiles == BARE
    (left,) = imported.left_out
    assert (left.key, left.line) == (f"production.variables.{name}", 5)
    assert left.reason == f"connmgr sets no variables; connection.options takes -c {name}=…"


@pytest.mark.parametrize("key", ["host", "port", "username", "password"])
def test_what_only_ruby_knows_becomes_a_variable_where_a_profile_needs_it(key):
    """A profile without its host would lead to a database of this machine."""
    imported = import_rails(entry(f"{key}: <%= Rails.application.credentials.x %>"))

    reference = f"${{PRODUCTION_{key.upper()}}}"
    assert reference in [*imported.profiles["production"]["connection"].values(), *password(imported)]
    (left,) = imported.left_out
    assert (left.key, left.line) == (f"production.{key}", 4)
    assert left.reason.endswith(f"set the variable PRODUCTION_{key.upper()} to it")


def password(imported):
    return [imported.profiles["production"].get("password")]


@pytest.mark.parametrize("setting", ["pool: 5", "timeout: 5000", "host: x", "variables: {a: 1}"])
def test_sqlite_has_a_path_and_no_more(setting):
    imported = import_rails(f"test:\n  adapter: sqlite3\n  database: a.db\n  {setting}\n")

    assert imported.profiles == {"test": {"url": "sqlite:///a.db"}}
    assert [(left.key, left.line) for left in imported.left_out] == [(f"test.{setting.partition(':')[0]}", 4)]


def test_null_says_nothing_and_an_empty_text_is_named():
    imported = import_rails(entry("host:", "username: ~", 'password: ""', "application_name: ''"))

    assert imported.profiles == BARE
    assert [left.key for left in imported.left_out] == ["production.password", "production.application_name"]


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("other:\n  adapter: mysql2\n  database: x\n", "other.adapter", 2),
        ("other:\n  database: x\n", "other.adapter", 1),
        ("other: 5\n", "other", 1),
        ("other: [a]\n", "other", 1),
        ("<%= x %>:\n  adapter: sqlite3\n", "…", 1),
        ("<% if x %>\n", "<% %>", 1),
        ("base: &b\n  pool: 5\nother:\n  <<: *b\n  adapter: sqlite3\n  url: sqlite3:x\n", "base", 1),
    ],
)
def test_what_is_no_entry_is_named(text, key, line):
    imported = import_rails(text + entry())

    assert imported.profiles["production"] == BARE["production"]
    assert (key, line) in [(left.key, left.line) for left in imported.left_out]


def test_of_a_key_that_stands_twice_the_last_counts_and_the_first_is_named():
    imported = import_rails(entry("host: one", "host: two"))

    assert imported.profiles["production"]["connection"]["host"] == "two"
    assert [(left.key, left.line) for left in imported.left_out] == [("production.host", 4)]


def test_a_name_that_no_profile_has_is_changed_and_said():
    imported = import_rails("9 lives:\n  adapter: sqlite3\n  database: a.db\n")

    assert imported.profiles.keys() == {"db_9_lives"}
    assert [left.key for left in imported.left_out] == ["db_9_lives"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no entries"),
        ("- a\n", "no entries"),
        ("production: {", "line 1: no YAML"),
        ("a: 1\nb: 'canary\n", "line 2: no YAML"),
        ("[" * 1000, "line 1: nesting deeper"),
    ],
)
def test_what_is_no_database_yml_is_refused(text, found):
    with pytest.raises(BadSource) as refused:
        import_rails(text)

    assert found in str(refused.value)
    assert "canary" not in str(refused.value)
