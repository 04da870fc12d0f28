"""A request is read whole and strictly; a value is one line whatever is in it."""

from __future__ import annotations

import json

import pytest

from connmgr.admin.protocol import Malformed, Request, Verb, encode, parse_request

PAUSE = {"version": 1, "verb": "pause", "profiles": ["orders"]}


def read(**asked: object) -> Request:
    return parse_request(json.dumps(asked).encode())


@pytest.mark.parametrize(
    "request_",
    [
        Request(Verb.PLAN),
        Request(Verb.PAUSE, ("orders", "reports")),
        Request(Verb.ENABLE, every=True),
        Request(Verb.POOLS),
        Request(Verb.HOLDERS, ("orders",)),
    ],
)
def test_what_one_end_writes_the_other_reads(request_):
    assert parse_request(encode(request_.to_dict())) == request_


def test_a_name_given_twice_is_meant_once():
    assert read(**{**PAUSE, "profiles": ["a", "b", "a"]}).profiles == ("a", "b")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({**PAUSE, "version": 2}, "version 1 is spoken here"),
        ({"verb": "plan"}, "version 1 is spoken here"),
        ({**PAUSE, "verb": "reboot"}, "no verb named 'reboot'; there are: plan, reload, pause"),
        ({**PAUSE, "verb": ["pause"]}, "no verb named"),
        ({**PAUSE, "force": True}, "no key named 'force'; there are: all, profiles, verb, version"),
        ({**PAUSE, "profiles": "orders"}, "a list of names"),
        ({**PAUSE, "profiles": [1]}, "a list of names"),
        ({**PAUSE, "profiles": [], "all": 1}, "true or false"),
        ({**PAUSE, "profiles": []}, "takes names of profiles"),
        ({**PAUSE, "all": True}, "not both"),
        ({**PAUSE, "verb": "reload"}, "takes no names"),
        ({"version": 1, "verb": "plan", "all": True}, "takes no names"),
        ({"version": 1, "verb": "pools", "all": True}, "all profiles where none is named"),
    ],
)
def test_what_is_wrong_is_told_with_what_would_be_accepted(asked, said):
    with pytest.raises(Malformed, match=said):
        read(**asked)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"GET / HTTP/1.1\r",
        b"[]",
        b'"plan"',
        b"\xff\xfe{}",
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"version": ' + b"1" * 5000 + b"}",
        b'{"version": 1, "verb": "\\ud800"}',
    ],
)
def test_what_is_no_request_is_malformed_and_nothing_worse(line):
    with pytest.raises(Malformed):
        parse_request(line)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        {"a": {"b": {"c": {"d": [1, {"e": None}]}}}},
        [[], [[1], "\n"]],
        {"line\nend": "\u2028\x00"},
    ],
)
def test_a_value_is_one_line_and_comes_back_as_it_was(value):
    line = encode(value)

    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert json.loads(line) == value


def test_an_iterator_is_a_list():
    assert json.loads(encode({"a": {"b": iter([1, {"c": 2}])}, "d": iter(())})) == {
        "a": {"b": [1, {"c": 2}]},
        "d": [],
    }
