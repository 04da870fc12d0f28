"""URLs that are refused, each with its code, what is found and what to do; none of them is shown."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from connmgr.config.loader import LoadResult

Load = Callable[[str], LoadResult]
P = "postgresql://a:hunter2@h/o"

REFUSED = [
    # CM601: no URL of a database
    ("hunter2", "CM601", "a url without a scheme"),
    ("$HUNTER2", "CM601", "a url without a scheme"),
    ("mysql://a:hunter2@h/o", "CM601", "a scheme that connmgr does not serve"),
    ("postgresql+psycopg2://a:hunter2@h/o", "CM601", "a scheme that connmgr does not serve"),
    ("postgresql+asyncpg2://a:hunter2@h/o", "CM601", "a scheme that connmgr does not serve"),
    ("jdbc:postgresql://h/o?user=a&password=hunter2", "CM601", "a url without a scheme"),
    ("postgresql://a:hunter2#x@h/o", "CM601", "a # inside the url"),
    ("postgresql://a:hunter2@[::1/o", "CM601", "an IPv6 address whose bracket is not closed"),
    ("postgresql://a:hunter2@[::1]5/o", "CM601", "an IPv6 address whose bracket is not closed"),
    ("postgresql://a:hunter2@::1/o", "CM601", "more than one colon after the user"),
    ("postgresql://a:hunter2%ff@h/o", "CM601", "a percent-escape that is not UTF-8"),
    ("postgresql://a:hunter2%zz@h/o", "CM601", "a % that begins no escape"),
    ("postgresql://a:hunter2@h:0/o", "CM601", "a port that is no number from 1 to 65535"),
    ("postgresql://a:hunter2@h:65536/o", "CM601", "a port that is no number from 1 to 65535"),
    ("postgresql://a:hunter2@h:0x50/o", "CM601", "a port that is no number from 1 to 65535"),
    ("postgresql://a:hunter2@h:1,g:99999/o", "CM601", "a port that is no number from 1 to 65535"),
    ("postgresql://app:2024/Kx9hunter2@db.internal/orders", "CM601", "a @ after the host"),
    ("postgresql:///app:hunter2@h/orders", "CM601", "a @ after the host"),
    ("postgresql://postgresql://app:hunter2@db/orders", "CM601", "a @ after the host"),
    ("postgresql://a@h ost/o", "CM601", "a host that is no name and no address"),
    ("postgresql://a@%40evil/o", "CM601", "a host that is no name and no address"),
    ("postgresql://a@h%2Cevil/o", "CM601", "a comma inside one host"),
    ("postgresql://:hunter2@h", "CM601", "neither a user nor a database"),
    ("postgresql://a:hunter2%00@h/o", "CM601", "a NUL inside the url"),
    ("postgresql://a:hunter2@h/o%0A", "CM601", "a line break inside the url"),
    ("postgresql://a@h/o?application_name=x%C2%85", "CM601", "the control character U+0085 inside the url"),
    ("sqlite://hunter2/x.db", "CM601", "a host in the url of a SQLite file"),
    ("sqlite:///file:hunter2.db", "CM601", "a file: URI"),
    # CM602: no parameter of libpq's
    (f"{P}?sslmod=verify-full", "CM602", "an unknown parameter"),
    (f"{P}?ssl=true", "CM602", "the parameter ssl, which libpq does not know"),
    (f"{P}?plugin=evil", "CM602", "the parameter plugin, which libpq does not know"),
    (f"{P}?pgbouncer=true", "CM602", "the parameter pgbouncer, which libpq does not know"),
    (f"{P}?currentSchema=x", "CM602", "the parameter currentSchema, which libpq does not know"),
    (f"{P}?hunter2=1", "CM602", "an unknown parameter"),
    (f"{P}?SSLMODE=require", "CM602", "an unknown parameter"),
    ("sqlite:///x.db?mode=ro", "CM602", "the parameter mode in the url of a SQLite file, which has none"),
    ("sqlite:///x?hunter2.db", "CM602", "a parameter in the url of a SQLite file, which has none"),
    # CM603: a parameter of libpq's that connmgr cannot carry out
    (f"{P}?channel_binding=require", "CM603", "channel_binding=require, which connmgr cannot carry out"),
    (f"{P}?gssencmode=require", "CM603", "gssencmode=require, which connmgr cannot carry out"),
    (f"{P}?sslcertmode=require", "CM603", "sslcertmode=require, which connmgr cannot carry out"),
    (f"{P}?sslsni=0", "CM603", "sslsni=0, which connmgr cannot carry out"),
    (f"{P}?ssl_min_protocol_version=TLSv1", "CM603",
     "ssl_min_protocol_version=TLSv1, which connmgr cannot carry out"),
    (f"{P}?require_auth=none", "CM603", "the parameter require_auth, which connmgr cannot carry out"),
    (f"{P}?sslkeylogfile=/tmp/keys", "CM603", "the parameter sslkeylogfile, which connmgr cannot carry out"),
    # CM604: a value that does not fit
    (f"{P}?sslmode=hunter2", "CM604", "a value that sslmode does not take"),
    (f"{P}?sslmode=", "CM604", "the parameter sslmode without a value"),
    (f"{P}?sslmode", "CM604", "the parameter sslmode without a value"),
    (f"{P}?sslcert=/a&sslcert=/b", "CM604", "sslcert twice in one url"),
    (f"{P}?host=/run", "CM604", "host twice in one url"),
    (f"{P}?password=hunter3", "CM604", "password twice in one url"),
    (f"{P}?connect_timeout=hunter2", "CM604", "a value that connect_timeout does not take"),
    (f"{P}?connect_timeout=0", "CM604", "a value that connect_timeout does not take"),
    (f"{P}?keepalives=yes", "CM604", "a value that keepalives does not take"),
    (f"{P}?hostaddr=hunter2", "CM604", "a hostaddr that is no IP address"),
    (f"{P}?hostaddr=10.0.0.1,10.0.0.2", "CM604", "1 host and 2 hostaddrs"),
    ("postgresql://a@h,g/o?port=1,2,3", "CM604", "2 hosts and 3 ports"),
    (f"{P}?sslnegotiation=direct&sslmode=prefer", "CM604",
     "sslnegotiation=direct with sslmode=prefer, which may do without TLS"),
    ("postgresql://a@localhost/o?sslnegotiation=direct", "CM604",
     "sslnegotiation=direct with sslmode=prefer, which may do without TLS"),
    (f"{P}?sslrootcert=system&sslmode=verify-ca", "CM604",
     "sslrootcert=system with sslmode=verify-ca: everybody can get a certificate of those"),
    (f"{P}?sslkey=/k", "CM604", "an sslkey without the certificate it was made for"),
    (f"{P}?sslcrl=/r&sslmode=require", "CM604", "sslcrl with sslmode=require, which checks no certificate"),
    (f"{P}?sslrootcert=~/ca.pem", "CM604",
     "a path in sslrootcert that begins with ~, which only a shell understands"),
    (f"{P}?ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2", "CM604",
     "an ssl_min_protocol_version over ssl_max_protocol_version"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "code", "found"), REFUSED)
def test_a_url_is_refused_in_words_that_hold_nothing_of_it(
    load: Load, url: str, code: str, found: str
) -> None:
    (problem,) = load(json.dumps({"url": url})).problems

    assert (problem.code, problem.found) == (code, found)
    assert (problem.path, problem.place.line) == ("url", 1)
    assert "hunter" not in str(problem).lower()
    assert problem.accepted or problem.hint


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("sslmod=require", 'did you mean "sslmode"?'),
        ("aplication_name=x", 'did you mean "application_name"?'),
        ("ssl=true", "write sslmode=require, or better sslmode=verify-full"),
        ("connection_limit=5", "write pool.size and pool.max_overflow"),
        ("pool_timeout=5", "write pool.timeout"),
        ("prepared_statement_cache_size=0", "connmgr names each connection's statements anew; leave it out"),
        ("schema=x", "write options=-c%20search_path=NAME"),
        (
            "sslaccept=strict",
            "write sslmode=require for accept_invalid_certs, sslmode=verify-full for strict",
        ),
        ("requiressl=1", "libpq itself has given it up; write sslmode=require"),
    ],
)
def test_a_word_that_libpq_does_not_take_comes_with_the_one_to_write(
    load: Load, query: str, hint: str
) -> None:
    (problem,) = load(f"url: {P}?{query}\n").problems

    assert problem.hint == hint


def test_everything_wrong_with_a_url_is_said_at_once(load: Load) -> None:
    problems = load("url: postgresql://h:0?sslmode=x&y=z&connect_timeout=-1\n").problems

    assert {problem.found for problem in problems} == {
        "a port that is no number from 1 to 65535",
        "neither a user nor a database",
        "an unknown parameter",
        "a value that connect_timeout does not take",
        "a value that sslmode does not take",
    }
