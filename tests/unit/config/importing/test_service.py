"""Each service of a service file becomes a profile with the same words."""

from __future__ import annotations

import pytest

from connmgr.config.importing.imported import BadSource, LeftOut
from connmgr.config.importing.service import import_service

SERVICES = """\
# ours
[orders]
host=db.internal
port=5433
dbname=2024
user=app
sslmode=verify-full
keepalives_idle=30
options=-c search_path=a$$b,${c}

[billing]
host=one,two
port=1,2
"""


def test_the_words_are_taken_over_as_numbers_and_texts_with_dollar_signs_as_they_were():
    imported = import_service(SERVICES)

    assert imported.left_out == ()
    assert imported.profiles == {
        "orders": {
            "connection": {
                "host": "db.internal",
                "port": 5433,
                "dbname": "2024",
                "user": "app",
                "sslmode": "verify-full",
                "keepalives_idle": 30,
                "options": "-c search_path=a$$$$b,$${c}",
            }
        },
        "billing": {"connection": {"host": "one,two", "port": "1,2"}},
    }


def test_passwords_become_variables():
    text = "[orders]\nhost=db\npassword=canary${X}\nsslcert=/c\nsslkey=/k\nsslpassword=canary\n"

    imported = import_service(text)

    assert imported.profiles["orders"]["password"] == "${ORDERS_PASSWORD}"
    connection = imported.profiles["orders"]["connection"]
    assert connection == {
        "host": "db",
        "sslcert": "/c",
        "sslkey": "/k",
        "sslpassword": "${ORDERS_SSLPASSWORD}",
    }
    assert [(left.key, left.line) for left in imported.left_out] == [
        ("orders.password", 3),
        ("orders.connection.sslpassword", 6),
    ]
    assert "canary" not in f"{imported.profiles} {imported.left_out}"


def test_a_url_under_another_key_may_hold_a_password_and_is_not_copied():
    imported = import_service("[orders]\nhost=db\ndbname=postgres://app:canary@db/o\n")

    assert imported.profiles["orders"]["connection"] == {"host": "db", "dbname": "${ORDERS_DBNAME}"}
    assert [left.line for left in imported.left_out] == [3]


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("requirepeer=postgres", "connection.requirepeer"),
        ("sslmode=maybe", "connection.sslmode"),
        ("connect_timeout=0", "connection.connect_timeout"),
        ("gssencmode=require", "connection.gssencmode"),
        ("nonsense=1", "connection.nonsense"),
        ("application_name=", "application_name"),
        ("can ary=1", "…"),
    ],
)
def test_what_no_profile_takes_is_left_out_with_its_line_and_the_reason(setting, key):
    imported = import_service(f"[orders]\nhost=db\n{setting}\nuser=app\n")

    assert imported.profiles == {"orders": {"connection": {"host": "db", "user": "app"}}}
    (left,) = imported.left_out
    assert (left.key, left.line) == (f"orders.{key}", 3)
    assert left.reason


def test_a_service_whose_server_no_profile_can_say_is_no_profile():
    """Without its port it would lead to another server."""
    imported = import_service("[orders]\nhost=db\nport=0x10\n[billing]\nhost=db\n")

    assert imported.profiles.keys() == {"billing"}
    (left,) = imported.left_out
    assert (left.key, left.line) == ("orders", 3)
    assert left.reason.startswith("no profile can say it: ")


def test_a_service_that_libpq_refuses_is_no_profile():
    imported = import_service("[orders]\nhost = db\n[billing]\nhost=db\n")

    assert imported.profiles.keys() == {"billing"}
    assert imported.left_out == (
        LeftOut(
            "orders",
            2,
            "libpq refuses this service: a blank before the =; "
            "accepted: key=value, without blanks around the =",
        ),
    )


def test_what_libpq_passes_over_is_said_in_the_order_of_the_lines():
    text = "port=1\n[orders]\nhost=db\nrequirepeer=x\nhost=other\n[orders]\nport=2\n"

    imported = import_service(text)

    assert imported.profiles == {"orders": {"connection": {"host": "db"}}}
    assert [(left.key, left.line) for left in imported.left_out] == [
        ("", 1),
        ("orders.connection.requirepeer", 4),
        ("orders.host", 5),
        ("orders", 6),
        ("", 7),
    ]


def test_a_name_that_no_profile_has_is_changed_and_said():
    imported = import_service("[my db]\nhost=one\n[my.db]\nhost=two\n")

    assert imported.profiles.keys() == {"my_db", "my_db_2"}
    assert [(left.key, left.line) for left in imported.left_out] == [("my_db", 1), ("my_db_2", 3)]


def test_a_name_that_was_asked_for_is_in_variables_and_reasons():
    imported = import_service("[my db]\nhost=one\npassword=x\n", {"my_db": "orders"})

    assert imported.profiles["orders"]["password"] == "${ORDERS_PASSWORD}"
    assert [left.key for left in imported.left_out] == ["orders.password"]


@pytest.mark.parametrize("text", ["", "# [orders]\n", "host=db\n"])
def test_a_text_without_a_service_is_refused(text):
    with pytest.raises(BadSource, match=r"no \[service\]"):
        import_service(text)
