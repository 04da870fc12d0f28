"""A service file says to us what it says to libpq."""

from __future__ import annotations

import pytest

from connmgr.config.servicefile import ServiceValue, parse_services, scan_services
from connmgr.errors import ConfigError
from connmgr.problem import Code

FILE = "pg_service.conf"


def plain(text: str) -> dict[str, dict[str, str]]:
    services = scan_services(text, FILE).services
    return {name: {key: value.text for key, value in values.items()} for name, values in services.items()}


def test_every_service_has_its_values_and_their_lines():
    text = "# ours\n\n[orders]\nhost=db.internal\nport=5433\n\n[billing]\nuser=app\n"

    services = parse_services(text, FILE)

    assert services == {
        "orders": {"host": ServiceValue("db.internal", 4), "port": ServiceValue("5433", 5)},
        "billing": {"user": ServiceValue("app", 8)},
    }


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("password= a b", " a b"),
        ("  password=x  ", "x"),
        ("\tpassword=x\r", "x"),
        ("password='x'", "'x'"),
        ("password=x # y", "x # y"),
        ("password=x;y", "x;y"),
        ("password=a=b", "a=b"),
        ("password=${X}\\n", "${X}\\n"),
        ("password=", ""),
        ("password=x\u00a0", "x\u00a0"),
    ],
)
def test_a_value_is_what_stands_behind_the_equals_sign_to_the_last_character(line, value):
    assert plain(f"[orders]\n{line}\n") == {"orders": {"password": value}}


def test_a_comment_is_a_line_of_its_own_and_not_after_a_semicolon():
    found = scan_services("[orders]\n  # host=x\n; host=y\n", FILE)

    assert found.services["orders"].keys() == {"; host"}
    assert found.problems == {}


def test_of_two_sections_and_of_two_values_the_first_counts():
    text = "[orders]\nhost=one\nhost=two\n[orders]\nhost=three\nport=1\n[billing]\nhost=four\n"

    found = scan_services(text, FILE)

    assert plain(text) == {"orders": {"host": "one"}, "billing": {"host": "four"}}
    assert found.problems == {}
    assert [(problem.place.line, problem.path, problem.found) for problem in found.skipped] == [
        (3, "orders.host", "the key stands here and in line 2"),
        (4, "orders", "the service stands here and in line 1"),
        (5, "", "a line that belongs to no service"),
        (6, "", "a line that belongs to no service"),
    ]


def test_a_section_ends_at_its_first_bracket_and_keeps_its_blanks():
    assert plain("[orders] of ours\nhost=x\n[ billing ]\nhost=y\n") == {
        "orders": {"host": "x"},
        " billing ": {"host": "y"},
    }


def test_a_section_without_a_name_is_no_service_and_ends_the_one_before():
    found = scan_services("host=w\n[orders]\nhost=x\n[billing\nhost=y\n", FILE)

    assert found.services.keys() == {"orders"}
    assert [problem.place.line for problem in found.skipped] == [1, 4, 5]
    assert parse_services("host=w\n[orders]\nhost=x\n", FILE).keys() == {"orders"}


@pytest.mark.parametrize(
    ("line", "path", "found"),
    [
        ("host", "orders", "a line without ="),
        ("host = x", "orders.host", "a blank before the ="),
        ("service=other", "orders.service", "a service inside a service, which libpq refuses"),
        ("servicefile=x", "orders.servicefile", "a service inside a service, which libpq refuses"),
        ("ldap://host/dn", "orders", "a look-up in an LDAP directory, which connmgr does not do"),
    ],
)
def test_a_line_that_libpq_would_refuse_is_a_problem_of_its_service(line, path, found):
    text = f"[billing]\nhost=y\n[orders]\n{line}\nuser=app\n"

    scanned = scan_services(text, FILE)

    (problem,) = scanned.problems["orders"]
    assert (problem.place.line, problem.path, problem.found) == (4, path, found)
    assert problem.code is Code.SERVICE
    assert scanned.problems.keys() == {"orders"}
    with pytest.raises(ConfigError, match=r"pg_service\.conf:4:1: CM605"):
        parse_services(text, FILE)


def test_no_value_is_shown_by_what_was_read_nor_by_a_problem():
    found = scan_services("[orders]\npassword=canary\npass word=canary\ncanary\n[canary\n", FILE)

    assert "canary" not in repr(found)
