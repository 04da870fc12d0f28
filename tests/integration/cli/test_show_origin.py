"""`connmgr show --origin` says of each setting where it came from and what a change of it takes."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def orders(write_profile):
    write_profile(
        "_server.yaml", "pool: {size: 10, timeout: '${WAIT:-5s}'}\nconnection: {host: db.internal}\n"
    )
    write_profile(
        "orders.yaml",
        "extends: _server\nconnection: {dbname: orders, user: '${WHO}', application_name: shop}\n"
        "password: {env: ORDERS_PASSWORD}\npool: {max_overflow: '${OVER:-3}'}\n",
    )


@pytest.fixture
def shown(run, orders):
    outcome = run("show", "orders", "--origin", "--json", WHO="app", OVER="7", ORDERS_PASSWORD="hunter2")
    assert outcome.returncode == 0, outcome.stderr
    assert "hunter2" not in outcome.stdout
    return json.loads(outcome.stdout)


@pytest.mark.parametrize(
    ("name", "value", "default", "origin", "reload"),
    [
        ("pool.size", "10", 5, "profiles/_server.yaml:1", "live"),
        ("pool.timeout", "5s", 30, "profiles/_server.yaml:1, default of ${WAIT}", "live"),
        ("pool.max_overflow", "7", 10, "profiles/orders.yaml:4, variable OVER", "live"),
        ("pool.max_lifetime", "30m", 1800, "default", "live"),
        ("pool.mode", "pooled", "auto", "default", "rebuild"),
        ("timeouts.statement", "none", None, "default", "next connection"),
        ("password", "******** (env ORDERS_PASSWORD)", None, "profiles/orders.yaml:3", "next connection"),
        (
            "application_name",
            "shop",
            None,
            "profiles/orders.yaml:2",
            "next connection",
        ),
        ("sslmode", "verify-full", None, "default", "rebuild"),
    ],
)
def test_a_setting_has_its_value_default_place_and_reload(shown, name, value, default, origin, reload):
    assert shown[name] == {"value": value, "default": default, "from": origin, "reload": reload}


def test_the_table_has_a_line_for_every_setting(run, orders, shown):
    outcome = run("show", "orders", "--origin", WHO="app", ORDERS_PASSWORD="x")

    header, *lines = outcome.stdout.splitlines()
    assert header.split() == ["setting", "value", "default", "from", "reload"]
    assert {line.split()[0] for line in lines} == set(shown)


def test_words_of_a_url_stand_where_the_url_does(run, write_profile):
    write_profile("a.yaml", "description: A\nurl: postgresql://app@db/a?sslmode=require\n")

    found = json.loads(run("show", "a", "--origin", "--json").stdout)

    assert found["sslmode"]["from"] == found["url"]["from"] == "profiles/a.yaml:2"
    assert found["sslrootcert"]["from"] == "default"


def test_what_libpq_is_asked_for_says_so(run, write_profile, tmp_path):
    (tmp_path / "services").write_text("[shop]\nhost=db\nsslmode=require\n")
    write_profile("a.yaml", "service: shop\nlibpq_env: true\n")

    variables = {"PGSERVICEFILE": str(tmp_path / "services"), "PGUSER": "app", "PGAPPNAME": "till"}
    found = json.loads(run("show", "a", "--origin", "--json", **variables).stdout)

    assert found["sslmode"]["from"] == "service shop"
    assert found["application_name"]["from"] == "variable PGAPPNAME"


def test_the_url_of_a_profile_without_one_comes_from_what_makes_it_up(shown):
    assert (
        shown["url"]["from"]
        == "profiles/_server.yaml:2, profiles/orders.yaml:2, profiles/orders.yaml:2, variable WHO"
    )
