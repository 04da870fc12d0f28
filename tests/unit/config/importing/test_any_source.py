"""Whatever a source holds, an import gives profiles that are valid, or says that it cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connmgr.config.files import is_name
from connmgr.config.importing.draft import check
from connmgr.config.importing.imported import BadSource, Imported
from connmgr.config.importing.rails import import_rails
from connmgr.config.importing.service import import_service
from connmgr.config.importing.url import import_url

# What sources are made of, so that not every example ends at its first character.
URL = (
    "postgres://|sqlite:///|u:p@|@|h|:5432|,|/d|?|&|sslmode=|require|password=|ssl=true"
    "|%40|%ff|#|[::1]|${X}|${X:-"
)
SERVICE = (
    "[a]|[b c]|\nhost=|\nport=|\npassword=|\nsslmode=|\nx y=|\n|1|db|require|$|${X}|é|=|\0|\ud7ff|\U0001f600"
)
RAILS = (
    "a: &a|b:|\n  |\n    |adapter: postgresql|adapter: sqlite3|<<: *a|database: |host: |pool: |5|url: |x"
    "|variables: {statement_timeout: 5}|password: |<%= ENV['X'] %>|<%= x %>|<% if %>|sqlite3:"
    "|postgres://u:p@h/d|\n|: |- |'|{|}|~"
)


ENTRY = "a:\n  adapter: postgresql\n  database: d\n  "


def texts(start: str, pieces: str, between: str = "") -> st.SearchStrategy[str]:
    """Texts made of the pieces, most of them behind a start that is well."""
    drawn = st.lists(st.sampled_from(pieces.split("|")) | st.text(max_size=3), max_size=15)
    return st.tuples(st.sampled_from([start, start, ""]), drawn.map(between.join)).map("".join)


SOURCES = st.one_of(
    st.tuples(st.just(import_url), texts("postgres://u@h/d?", URL)),
    st.tuples(st.just(import_url), texts("postgres://u:", URL)),
    st.tuples(st.just(import_service), texts("[a]\nhost=h\ndbname=d", SERVICE)),
    st.tuples(st.just(import_rails), texts(ENTRY, RAILS)),
    st.tuples(st.just(import_rails), texts(ENTRY, RAILS, between="\n  ")),
)


@settings(max_examples=500, deadline=None)
@given(SOURCES)
def test_any_text_gives_valid_profiles_or_a_refusal(source: tuple[Callable[[str], Imported], str]) -> None:
    importer, text = source
    lines = len(text.splitlines()) + 1

    try:
        imported = importer(text)
    except BadSource as refused:
        assert str(refused)  # noqa: PT017 - either outcome is right, a traceback is not
        return

    assert all(is_name(name) for name in imported.profiles)
    assert [check(dict(values)) for values in imported.profiles.values()] == [() for _ in imported.profiles]
    assert all(left.line is None or 1 <= left.line <= lines for left in imported.left_out)
    assert all(left.reason for left in imported.left_out)


@pytest.mark.parametrize(
    ("importer", "text"),
    [
        (import_service, "[a]\nhost=db\npassword=x\n"),
        (import_rails, "a:\n  adapter: postgresql\n  database: d\n  host: db\n"),
        (import_url, "postgres://u@db/d"),
    ],
)
def test_the_texts_above_can_give_a_profile(importer: Callable[[str], Imported], text: str) -> None:
    assert len(importer(text).profiles) == 1
