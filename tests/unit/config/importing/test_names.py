"""An imported profile has a name that a profile may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connmgr.config.files import is_name
from connmgr.config.importing.names import fitting, variable


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("orders", "orders"),
        ("Orders-2_b", "Orders-2_b"),
        ("my service", "my_service"),
        ("9lives", "db_9lives"),
        ("nul", "db_nul"),
        ("COM1", "db_COM1"),
        ("größe", "gr_e"),
        ("_base", "base"),
        ("", "imported"),
        ("…", "imported"),
        ("x" * 80, "x" * 63),
    ],
)
def test_what_does_not_fit_is_changed_and_what_fits_is_kept(text, name):
    assert fitting(text) == name


def test_two_names_that_would_be_one_are_told_apart():
    assert fitting("a b", {"a_b"}) == "a_b_2"
    assert fitting("a b", {"a_b", "a_b_2"}) == "a_b_3"
    assert fitting("x" * 80, {"x" * 63}) == "x" * 61 + "_2"


@given(st.text(), st.sets(st.text(max_size=3)))
def test_any_text_gives_a_name_that_is_free(text, taken):
    name = fitting(text, taken)

    assert is_name(name)
    assert name not in taken


def test_a_variable_is_named_after_the_profile_and_what_it_holds():
    assert variable("orders-2", "password") == "ORDERS_2_PASSWORD"
