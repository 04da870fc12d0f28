"""ERB that asks for one variable becomes a reference; no other is run."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connmgr.config.importing.erb import translate


def expanded(code: str) -> str | None:
    erb = translate(f"a{code}b")
    return erb.expand(erb.text)


@pytest.mark.parametrize(
    ("code", "reference"),
    [
        ('ENV["X"]', "${X}"),
        ("ENV['X']", "${X}"),
        ('ENV.fetch("X")', "${X}"),
        ("ENV.fetch('X') { 5 }", "${X:-5}"),
        ('ENV.fetch("X") { "a b" }', "${X:-a b}"),
        ('ENV.fetch("X", "d")', "${X:-d}"),
        ("ENV.fetch('X', 'a#b')", "${X:-a#b}"),
        ('ENV.fetch("X", "a$b")', "${X:-a$$b}"),
        ('ENV.fetch("X", "")', "${X}"),
        ('ENV.fetch("X", 10_000).to_i', "${X:-10000}"),
        ('ENV["X"] || 5', "${X:-5}"),
        ('ENV["X"] || "d"', "${X:-d}"),
        ('ENV["X"].to_s', "${X}"),
    ],
)
def test_a_question_for_a_variable_is_a_reference(code, reference):
    assert expanded(f"<%= {code} %>") == f"a{reference}b"
    assert expanded(f"<%={code}-%>") == f"a{reference}b"


@pytest.mark.parametrize(
    "code",
    [
        "Rails.application.credentials.password",
        'ENV["X"] ? 1 : 2',
        'ENV["X"] + "y"',
        'ENV["9X"]',
        'ENV["X Y"]',
        'ENV.fetch("X", nil)',
        'ENV.fetch("X", "#{y}")',
        'ENV.fetch("X", "a}b")',
        'ENV.fetch("X", "a\\nb")',
        'ENV.fetch("X") { ENV.fetch("Y", 5) }',
        'ENV.fetch("X", 5) || 6',
        "File.read('/run/secret')",
        "",
    ],
)
def test_other_ruby_is_not_known(code):
    assert expanded(f"<%= {code} %>") is None


def test_tags_that_print_nothing_vanish_and_the_lines_stay():
    erb = translate("a: 1\n<% if x\n  y %>\n<%# a comment %>\nb: <%= ENV['X'] %>\n<% end -%>\nc: 2\n")

    assert erb.control == (2, 6)
    lines = erb.text.split("\n")
    assert (lines[0], lines[6], len(lines)) == ("a: 1", "c: 2", 8)
    assert erb.expand(lines[4]) == "b: ${X}"


def test_dollar_signs_beside_a_tag_stay_dollar_signs():
    assert expanded("$<%= ENV['X'] %>${Y}$$") == "a$$${X}$${Y}$$$$b"


def test_a_word_of_the_text_is_never_taken_for_a_tag():
    erb = translate("erbtag0q <%= ENV['X'] %> erbtagx0q")

    assert erb.expand(erb.text) == "erbtag0q ${X} erbtagx0q"
    assert erb.has_tag(erb.text)
    assert not erb.has_tag("erbtag0q")


@pytest.mark.parametrize(
    "text", ["<%" * 200_000, "<% %>" * 100_000, "erbtag" + "x" * 500_000, "<%=" * 200_000]
)
def test_a_hostile_text_takes_no_longer_than_another(text):
    start = time.process_time()

    translate(text)

    assert time.process_time() - start < 5


@given(
    st.lists(
        st.sampled_from(["<%", "<%=", "%>", "<%#", "-%>", "ENV['X']", "\n", "$", "{", "erbtag0q", "a: "])
    )
)
def test_any_text_keeps_its_lines(pieces):
    text = "".join(pieces)

    erb = translate(text)

    assert erb.text.count("\n") == text.count("\n")
