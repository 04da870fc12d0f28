"""`connmgr show` prints the settings that a profile comes to, and no secret."""

from __future__ import annotations

import json

import pytest

PASSWORD = "s3cr3t-of-the-orders"
URL = f"postgresql://app:{PASSWORD}@db.internal:5433/orders"


def test_settings_are_shown_with_their_defaults_and_units(run, write_profile):
    write_profile("orders.yaml", "url: postgresql://app@db.internal/orders\npool: {size: 10, timeout: 5s}\n")

    outcome = run("show", "orders")

    assert outcome.returncode == 0
    lines = [line.strip() for line in outcome.stdout.splitlines()]
    assert "url: postgresql://app@db.internal:5432/orders" in lines
    assert {"size: 10", "max_overflow: 10", "timeout: 5s", "max_lifetime: 30m"} <= set(lines)
    assert {"connect: 5s", "statement: none", "expire_on_commit: false"} <= set(lines)


def test_references_are_looked_up_in_the_environment(run, write_profile):
    write_profile("orders.yaml", "url: ${ORDERS_URL}\n")

    outcome = run("show", "orders", ORDERS_URL="postgresql://app@there:5433/orders")

    assert "url: postgresql://app@there:5433/orders" in outcome.stdout


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize(
    ("text", "variables"),
    [
        (f"url: {URL}\n", {}),
        ("url: ${ORDERS_URL}\n", {"ORDERS_URL": URL}),
        ("url: postgresql://app@db/orders\npassword: ${ORDERS_PASSWORD}\n", {"ORDERS_PASSWORD": PASSWORD}),
    ],
)
def test_no_secret_is_shown_wherever_it_comes_from(run, write_profile, form, text, variables):
    write_profile("orders.yaml", text)

    outcome = run("show", "orders", *form, **variables)

    assert outcome.returncode == 0
    assert "********" in outcome.stdout
    assert PASSWORD not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("text", ["url: sqlite://\n", "url: sqlite:////tmp/orders.db\n"])
def test_pool_sizes_that_sqlite_does_not_use_are_shown_as_not_used(run, write_profile, text):
    write_profile("local.yaml", text)

    values = json.loads(run("show", "local", "--json").stdout)

    assert values["pool"]["mode"] == "none"
    assert values["pool"]["size"] == values["pool"]["max_overflow"] == "not used: SQLite"


def test_json_gives_durations_in_seconds(run, write_profile):
    write_profile("orders.yaml", "url: postgresql://app@db/orders\ntimeouts: {connect: 500ms}\n")

    values = json.loads(run("show", "orders", "--json").stdout)

    assert values["timeouts"]["connect"] == 0.5


def test_an_unset_reference_is_an_error_with_its_place(run, write_profile):
    write_profile("orders.yaml", "description: Orders\nurl: ${ORDERS_URL}\n")

    outcome = run("show", "orders")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "profiles/orders.yaml:2:" in outcome.stderr
    assert "ORDERS_URL" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_broken_file_is_an_error_with_its_problems_and_those_of_no_other(run, write_profile):
    write_profile("a.yaml", "poool: {}\nurl: sqlite://\n")
    write_profile("b.yaml", "heelth: {}\nurl: sqlite://\n")

    outcome = run("show", "a")

    assert outcome.returncode == 2
    assert "profiles/a.yaml:1:" in outcome.stderr
    assert "b.yaml" not in outcome.stderr


def test_a_broken_neighbour_does_not_matter(run, sqlite_profiles, write_profile):
    write_profile("broken.yaml", "poool: {}\n")

    assert run("show", "memory").returncode == 0


def test_an_unknown_name_is_answered_with_the_one_that_was_meant(run, sqlite_profiles):
    outcome = run("show", "memroy")

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert 'did you mean "memory"?' in outcome.stderr


def test_an_unknown_name_beside_a_broken_file_is_answered_with_the_names_there_are(run, write_profile):
    write_profile("orders.yaml", "poool: {}\nurl: sqlite://\n")

    outcome = run("show", "y")

    assert outcome.returncode == 2
    assert outcome.stderr == "Error: no profile named 'y' in 'profiles'; there are: orders\n"
