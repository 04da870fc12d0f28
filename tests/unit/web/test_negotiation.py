"""The kind of body that a client likes best."""

from __future__ import annotations

import pytest

from connmgr.healthjson import MEDIA_TYPE
from connmgr.web.bodies import JSON, TEXT, liked_best


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, MEDIA_TYPE),
        ("", MEDIA_TYPE),
        ("*/*", MEDIA_TYPE),
        ("application/*", MEDIA_TYPE),
        ("text/*", TEXT),
        ("application/json", JSON),
        ("text/plain", TEXT),
        ("application/json;q=0.5, text/plain;q=0.9", TEXT),
        ("text/plain; q=0.2, */*; q=0.8", MEDIA_TYPE),
        ("text/html, application/json;q=0.9, */*;q=0.1", JSON),
        ("text/html", MEDIA_TYPE),
        ("APPLICATION/JSON", JSON),
        ("application/json;q=much", MEDIA_TYPE),
        (";;,,;q=", MEDIA_TYPE),
        ("text/plain," * 10_000, MEDIA_TYPE),
    ],
)
def test_a_header_is_read_as_far_as_it_makes_sense(accept: str | None, kind: str) -> None:
    assert liked_best(accept) == kind
