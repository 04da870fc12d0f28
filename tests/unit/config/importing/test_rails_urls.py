"""A url in a database.yml, and what stands beside it."""

from __future__ import annotations

import pytest

from connmgr.config.importing.rails import import_rails


def entry(*lines: str) -> str:
    return "production:\n" + "".join(f"  {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("url", "profile"),
    [
        ("<%= ENV['DATABASE_URL'] %>", {"url": "${DATABASE_URL}"}),
        ("postgres://app@db/o?sslmode=require", {"url": "postgresql://app@db/o?sslmode=require"}),
        ("postgis://app@<%= ENV['H'] %>/o$x", {"url": "postgresql://app@${H}/o$x"}),
        ("sqlite3:db/dev.sqlite3", {"url": "sqlite:///db/dev.sqlite3"}),
        ("sqlite3:///db/dev.sqlite3", {"url": "sqlite:///db/dev.sqlite3"}),
        (
            "postgres://app:<%= ENV['PW'] %>@db/o",
            {"url": "postgresql://app@db/o", "password": "${PW}"},
        ),
    ],
)
def test_a_url_is_the_url_of_the_profile(url, profile):
    imported = import_rails(entry(f"url: {url}"))

    assert imported.profiles == {"production": profile}
    assert imported.left_out == ()


def test_a_url_made_by_other_ruby_becomes_a_variable_that_is_named():
    """Left out, the profile would lead nowhere, or with a host left out to this machine."""
    imported = import_rails(entry("url: <%= Rails.credentials.url %>"))

    assert imported.profiles == {"production": {"url": "${PRODUCTION_URL}"}}
    (left,) = imported.left_out
    assert (left.key, left.line) == ("production.url", 2)
    assert left.reason.endswith("set the variable PRODUCTION_URL to it")


def test_the_url_wins_over_the_keys_beside_it_and_they_are_named():
    imported = import_rails(
        entry("adapter: postgresql", "database: x", "url: postgres://app@db/o", "pool: 7")
    )

    assert imported.profiles == {
        "production": {"url": "postgresql://app@db/o", "pool": {"size": 7, "max_overflow": 0}}
    }
    assert [(left.key, left.line) for left in imported.left_out] == [("production.database", 3)]


def test_a_password_beside_a_url_is_taken_where_the_url_is_seen_to_have_none():
    seen = import_rails(entry("url: postgres://app@db/o", "password: <%= ENV['PW'] %>"))
    unseen = import_rails(entry("url: <%= ENV['URL'] %>", "password: <%= ENV['PW'] %>"))
    both = import_rails(entry("url: postgres://app:x@db/o", "password: <%= ENV['PW'] %>"))

    assert seen.profiles["production"]["password"] == "${PW}"
    assert unseen.profiles["production"] == {"url": "${URL}"}
    assert [left.line for left in unseen.left_out] == [3]
    assert both.profiles["production"]["password"] == "${PRODUCTION_PASSWORD}"
    assert [left.line for left in both.left_out] == [2, 3]


@pytest.mark.parametrize("url", ["postgres://app:can/ary@db/o", "mysql2://app:canary@db/o"])
def test_a_url_that_is_refused_makes_no_profile_and_is_not_shown(url):
    imported = import_rails(entry(f"url: {url}"))

    assert imported.profiles == {}
    assert [(left.key, left.line) for left in imported.left_out] == [("production.url", 2)]
    assert "ary" not in str(imported.left_out)


def test_a_password_in_a_url_or_in_its_default_is_not_copied():
    text = entry("url: postgres://app:canary@db/o") + (
        'other:\n  url: <%= ENV.fetch("URL", "postgres://app:canary@db/o") %>\n'
    )

    imported = import_rails(text)

    assert imported.profiles == {
        "production": {"url": "postgresql://app@db/o", "password": "${PRODUCTION_PASSWORD}"},
        "other": {"url": "${URL}"},
    }
    assert [left.line for left in imported.left_out] == [2, 4]
    assert "canary" not in str(imported.left_out)
