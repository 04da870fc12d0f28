"""What an alias brings from a secret to another place is not shown by the message about that place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.loader import LoadResult, load_profiles

Load = Callable[[str | bytes], LoadResult]


@pytest.mark.parametrize(
    ("password", "elsewhere", "told"),
    [
        ("&p hunter2", "pool: {size: *p}", "CM303 pool.size: found a text; "),
        ("&p hunter2", "pool: *p", "CM303 pool: found a text; "),
        ("&p 31337", "session: {expire_on_commit: *p}", "CM303 session.expire_on_commit: found a number; "),
        ("&p $hunter2", "pool: {size: *p}", "CM303 pool.size: found a text; "),
        ("{command: [x, &p hunter2]}", "pool: {size: *p}", "CM303 pool.size: found a text; "),
        ("{env: &p hunter2}", "pool: {size: *p}", "CM303 pool.size: found a text; "),
        ("&p hunter2", "pool: {*p : 3}", "CM301 pool.…: an unknown key; "),
    ],
)
def test_it_is_not_shown_where_something_else_should_stand(
    load: Load, password: str, elsewhere: str, told: str
) -> None:
    result = load(f"url: postgresql://app@h/d\npassword: {password}\n{elsewhere}\n")

    shown = "\n".join(map(str, result.problems))
    assert told in shown
    assert not [secret for secret in ("hunter2", "31337") if secret in shown]


def test_it_is_not_shown_in_another_profile_of_the_file(tmp_path: Path) -> None:
    defaults = "defaults: {password: &p hunter2}\n"
    profiles = (
        "profiles: {a: {url: 'sqlite://', pool: {size: *p}}, b: {url: 'sqlite://', pool: {size: no}}}\n"
    )
    (tmp_path / "all.profiles.yaml").write_text(defaults + profiles)

    found = [(problem.path, problem.found) for problem in load_profiles(tmp_path).problems]

    assert ("profiles.a.pool.size", "found a text") in found
    assert ("profiles.b.pool.size", 'found the text "no"') in found


def test_true_is_shown_whatever_number_a_secret_is(load: Load) -> None:
    (problem, _) = sorted(load("url: sqlite://\npassword: 1\npool: {size: true}\n").problems, key=str)[::-1]

    assert (problem.path, problem.found) == ("pool.size", "found true")
