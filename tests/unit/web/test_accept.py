"""`Accept` as RFC 9110, 12.5.1, has it: how much each kind is liked, the closest word for it deciding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connmgr.healthjson import MEDIA_TYPE
from connmgr.web.bodies import JSON, KINDS, TEXT, liked_best


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json;q=0.9, application/health+json;q=0.8", JSON),
        ("application/json;q=0.001, text/plain;q=0", JSON),
        ("text/plain;Q=0.3,application/json;Q=0.4", JSON),
        ("text/plain; charset=utf-8; q=0.9, application/json; q=0.1", TEXT),
        ("text/plain, application/json", JSON),
        ("application/json, text/plain;q=1.0", JSON),
        ("text/plain;q=0", MEDIA_TYPE),
        ("image/png, */*;q=0.1", MEDIA_TYPE),
        ("  text/plain  ", TEXT),
        ("*", MEDIA_TYPE),
        ("application/health+json;q=0, */*", JSON),
        ("application/*;q=0.9, application/health+json;q=0.1", JSON),
        ("text/*;q=0.9, text/plain;q=0.1, application/json;q=0.5", JSON),
        ("application/health+json;q=nan, text/plain", TEXT),
        ("application/json;q=inf, text/plain", TEXT),
    ],
)
def test_the_kind_that_is_liked_best_is_chosen(accept: str, kind: str) -> None:
    assert liked_best(accept) == kind


@given(st.text())
def test_whatever_a_header_holds_there_is_a_kind_for_it(accept: str) -> None:
    assert liked_best(accept) in KINDS


@given(st.text(alphabet="ap/x;,q=*. 0123456789e-+nif"))
def test_whatever_looks_like_a_header_there_is_a_kind_for_it(accept: str) -> None:
    assert liked_best(accept) in KINDS
