"""Whatever URL is made up, what we read in it is what libpq itself reads there."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connmgr.config.targets import find
from connmgr.problem import Place
from connmgr.secret import Environment, Secret
from tests.rig.libpq import Libpq

SCHEMES = st.sampled_from(["postgresql://", "postgres://"])
LOGINS = st.sampled_from(
    [
        "",
        "@",
        "u@",
        "u%40x@",
        "u:p@",
        "u:p%3Aq%2F%23@",
        ":p@",
        "u:@",
        "u:p:q@",
        "u%41@",
        "u%@",
        "é@",
        "u:%C3%A9@",
        "u%2@",
        "u%zz:p@",
        "u b@",
        "u;x:p@",
        "u:%2525@",
    ]
)
HOSTS = st.sampled_from(
    [
        "",
        "h",
        "h:1",
        "h:",
        "h1,h2",
        "h1:1,h2:2",
        "h:1,g",
        ",",
        "h,",
        ":5,:6",
        "[::1]",
        "[::1]:5",
        "[::1],h",
        "[]",
        "[::1",
        "[::1]x",
        "%2Ftmp",
        "%2Ftmp:5",
        ":5",
        "127.0.0.1",
        "h:%31",
        "%68",
        "H.x-y_z",
        "h%2Cg",
        "h%",
    ]
)
PATHS = st.sampled_from(["", "/", "/d", "/d%2Fe", "/d/e", "/d%20x", "/d%", "/..", "/d;x", "/%64", "/é"])
WORDS = st.sampled_from(
    [
        "host=x",
        "host=a,b",
        "host=%2Ftmp",
        "port=5",
        "port=1,2",
        "user=w",
        "u%73er=w",
        "password=z%40%3A",
        "dbname=q",
        "hostaddr=1.2.3.4",
        "sslmode=require",
        "options=-c%20a%3Db",
        "options=a+b",
        "connect_timeout=5",
        "application_name=a;b",
        "application_name=%",
        "application_name=a%26b",
        "application_name=a?b/c:d",
        "keepalives=1",
        "xyz=1",
        "Port=1",
        "passfile=%2Fp",
        "sslcert=/c",
        "target_session_attrs=any",
    ]
)
QUERIES = st.lists(WORDS, max_size=3).map(lambda words: f"?{'&'.join(words)}" if words else "")
URLS = st.tuples(SCHEMES, LOGINS, HOSTS, PATHS, QUERIES).map("".join)

# Where libpq takes the last word, or asks the system's user and its own directory.
STRICTER = (
    "twice in one url",
    "neither a user nor a database",
    "a comma inside one host",
    "hosts and ",
    "host and ",
)


def ours(url: str) -> tuple[dict[str, str], list[str]]:
    """The words that we read in a URL, and what we have against it."""
    sheet = find(
        {"url": Secret(url.replace("$", "$$"))}, lambda _: Place("f"), Environment({}), Path.cwd()
    ).sheet
    words = {word: text(said.value) for word, said in sheet.words.items()}
    return {word: value for word, value in words.items() if value}, [each.found for each in sheet.problems]


def text(value: object) -> str:
    if isinstance(value, tuple):
        return "".join(part.reveal() for part in value)
    return "" if value is None else str(value)


def plain(words: dict[str, str]) -> dict[str, str]:
    """libpq's words, without a list of ports of which none is given."""
    return {word: value for word, value in words.items() if word != "port" or value.strip(",")}


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(URLS)
def test_any_url_says_to_libpq_what_it_says_to_us(libpq: Libpq, url: str) -> None:
    theirs = libpq.parse(url)

    words, problems = ours(url)

    if theirs is None:
        assert problems
    elif problems:
        assert [each for each in problems if not any(rule in each for rule in STRICTER)] == []
    else:
        assert words == plain(theirs)
