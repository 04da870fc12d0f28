"""What surprises people about YAML is the text that it looks like, or a problem, as a value and as a key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from connmgr.config import source
from connmgr.config.loader import load_profiles
from connmgr.config.source import read
from connmgr.problem import Code

WORDS = (
    "no No NO off Off yes Yes on ON y Y n N tRUE nULL "
    "22:22 1:2:3 190:20:30 22:22:22.5 010 00 0_ 0b11 1_000 1__0 1_0.5 0X1F +0x1f +0o7 0o8 1.2.3 1,000 1e "
    "2001-01-01 2001-12-14t21:59:43.10-05:00 inf nan NaN Infinity -inf "
    "= a#b a:b -- --- ... １２ ٣ x! x&y x*y"
)
TEXTS = WORDS.split()
# As YAML 1.2 has it: what looks like a number or a boolean is one, and no key.
TYPED = {
    "True": True,
    "TRUE": True,
    "false": False,
    "null": None,
    "~": None,
    "Null": None,
    "1.0": 1.0,
    "5.": 5.0,
    ".5": 0.5,
    "-0": 0,
    "+1": 1,
    "1e3": 1000.0,
    "0x1F": 31,
    "0o17": 15,
    "9007199254740993": 9007199254740993,
}
# As a value, and as a key.
REFUSED = {
    ".inf": (Code.NUMBER, Code.KEY_KIND),
    "-.INF": (Code.NUMBER, Code.KEY_KIND),
    ".nan": (Code.NUMBER, Code.KEY_KIND),
    ".NaN": (Code.NUMBER, Code.KEY_KIND),
    "1e999": (Code.NUMBER, Code.KEY_KIND),
    "9" * 41: (Code.NUMBER, Code.KEY_KIND),
    "!!python/object/apply:os.system [id]": (Code.TAG, Code.TAG),
    "!!python/name:os.system": (Code.TAG, Code.TAG),
    "!env X": (Code.TAG, Code.TAG),
    "!!binary aGk=": (Code.TAG, Code.TAG),
    "!!str 5": (Code.TAG, Code.TAG),
    "!!timestamp 2001-01-01": (Code.TAG, Code.TAG),
    "!<tag:yaml.org,2002:int> 5": (Code.TAG, Code.TAG),
    "! x": (Code.TAG, Code.TAG),
    "*a": (Code.ALIAS, Code.ALIAS),
    "@x": (Code.SYNTAX, Code.SYNTAX),
    "`x`": (Code.SYNTAX, Code.SYNTAX),
    "%x": (Code.SYNTAX, Code.SYNTAX),
}
# Whole files; the problem is in the line given.
FILES = {
    "a byte order mark inside": (b"url: sqlite://\n\xef\xbb\xbfpool: {}\n", Code.CHARACTER, 2),
    "UTF-16": ("url: sqlite://\n".encode("utf-16"), Code.ENCODING, 1),
    "UTF-16 without a mark": ("url: sqlite://\n".encode("utf-16-be"), Code.ENCODING, 1),
    "UTF-32": ("url: sqlite://\n".encode("utf-32"), Code.ENCODING, 1),
    "Latin-1": ("url: sqlite://\ndescription: é\n".encode("latin-1"), Code.ENCODING, 2),
    "half a surrogate pair": (b"url: sqlite://\ndescription: \xed\xa0\x80\n", Code.ENCODING, 2),
    "more bytes than needed": (b"url: sqlite://\ndescription: \xc0\xaf\n", Code.ENCODING, 2),
    "a tab that indents": (b"url: sqlite://\npool:\n\tsize: 1\n", Code.TAB, 3),
    "a next-line character": ("url: sqlite://\ndescription: a\x85b\n".encode(), Code.CHARACTER, 2),
    "a line separator": ("url: sqlite://\ndescription: a\u2028pool: {}\n".encode(), Code.CHARACTER, 2),
    "two documents": (b"url: sqlite://\n---\nurl: postgresql://u@h/d\n", Code.SECOND_DOCUMENT, 2),
    "a key twice": (b"url: sqlite://\npool: {size: 1}\npool: {size: 2}\n", Code.KEY_TWICE, 3),
    "a key twice, once in quotes": (b'url: sqlite://\n"url": postgresql://u@h/d\n', Code.KEY_TWICE, 2),
    "a key twice, by an alias": (b"&a url: sqlite://\n*a : postgresql://u@h/d\n", Code.KEY_TWICE, 2),
    "a key twice in braces": (b"url: sqlite://\npool: {size: 1, size: 2}\n", Code.KEY_TWICE, 2),
    "a merge key": (b"url: sqlite://\n<<: {url: 'postgresql://u@h/d'}\n", Code.MERGE_KEY, 2),
    "yes for true": (b"url: sqlite://\npool: {use_lifo: yes}\n", Code.VALUE, 2),
    "no for false": (b"url: sqlite://\nlibpq_env: no\n", Code.VALUE, 2),
    "a boolean for a port": (b"connection: {user: u,\n port: True}\n", Code.VALUE, 2),
    "a sexagesimal port": (b"connection: {user: u,\n port: 22:22}\n", Code.VALUE, 2),
    "an octal port": (b"connection: {user: u,\n port: 05432}\n", Code.VALUE, 2),
    "a port with an underscore": (b"connection: {user: u,\n port: 5_432}\n", Code.VALUE, 2),
    "half a port": (b"connection: {user: u,\n port: 5432.5}\n", Code.VALUE, 2),
    "a number for a name": (b"connection: {user: u,\n dbname: 1.0}\n", Code.VALUE, 2),
    "null for a name": (b"connection: {user: u,\n dbname: ~}\n", Code.VALUE, 2),
    "a boolean for a password": (b"url: postgresql://u@h/d\npassword: true\n", Code.VALUE, 2),
    "a number for a password": (b"url: postgresql://u@h/d\npassword: 123e4\n", Code.VALUE, 2),
}


@pytest.fixture(params=["C", "Python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of PyYAML's parsers: not every platform has the one in C."""
    monkeypatch.setattr(source, "_LOADER", yaml.CSafeLoader if request.param == "C" else yaml.SafeLoader)


def said(document: str) -> object:
    """The document's values as JSON, in which 1, 1.0 and true are three things; or its problems' codes."""
    found = read(document.encode(), "f")
    return [problem.code for problem in found.problems] or json.dumps(found.values)


@pytest.mark.parametrize("text", TEXTS)
def test_what_only_looks_like_something_else_is_text(text):
    assert said(f"k: {text}\n") == json.dumps({"k": text})
    assert said(f"{text}: 1\n") == json.dumps({text: 1})


@pytest.mark.parametrize("text", TYPED)
def test_what_yaml_1_2_gives_a_type_is_of_that_type_and_no_key(text):
    assert said(f"k: {text}\n") == json.dumps({"k": TYPED[text]})
    assert said(f"{text}: 1\n") == [Code.KEY_KIND]


@pytest.mark.parametrize("text", [*TEXTS, *TYPED, *REFUSED, "<<"])
def test_quotes_make_the_text_of_anything(text):
    for quote in ("'", '"'):
        assert said(f"k: {quote}{text}{quote}\n") == json.dumps({"k": text})
        assert said(f"{quote}{text}{quote}: 1\n") == json.dumps({text: 1})


@pytest.mark.parametrize("text", REFUSED)
def test_what_no_setting_means_is_refused(text):
    as_value, as_key = REFUSED[text]

    assert said(f"k: {text}\n")[0] == as_value
    assert said(f"{text}: 1\n")[0] == as_key


@pytest.mark.parametrize("text", TYPED)
def test_a_text_setting_takes_no_number_for_its_text(text, tmp_path):
    (tmp_path / "db.yaml").write_text(f"url: sqlite://\ndescription: {text}\n")

    problems = load_profiles(tmp_path).problems

    assert [(problem.code, problem.place.line) for problem in problems] == [(Code.VALUE, 2)]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_others_may_read_in_another_way_is_a_problem_with_its_line(name, tmp_path: Path):
    data, code, line = FILES[name]
    (tmp_path / "db.yaml").write_bytes(data)

    result = load_profiles(tmp_path)

    assert not result.profiles
    assert (code, line) in [(problem.code, problem.place.line) for problem in result.problems]


def test_half_a_surrogate_pair_is_refused_however_it_is_escaped():
    # The parser in C refuses the escape, the other one passes it on.
    for document in ('k: "\\ud800"\n', 'k: "\\ud83d\\ude00"\n'):
        assert said(document)[0] in (Code.SYNTAX, Code.CONTROL_CHARACTER)


def test_a_byte_order_mark_in_front_changes_nothing(tmp_path: Path):
    (tmp_path / "db.yaml").write_bytes(b"\xef\xbb\xbfurl: sqlite://\ndescription: no\n")

    result = load_profiles(tmp_path)

    assert result.profiles["db"].description == "no"
    assert result.problems == ()
