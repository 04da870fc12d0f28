"""What is wrong with a file of several profiles is told in one round, and breaks what it must alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.loader import LoadResult, load_profiles
from connmgr.problem import Code, Place

FILE = "tenants.profiles.yaml"
GOOD = "  good: {url: 'sqlite://'}\n"
UNTIL = "until then no profile of this file is loaded"
SHORT_LIFE = "pool: {idle_timeout: 40m, max_lifetime: 30m}"

Load = Callable[..., LoadResult]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a directory of one shared file, and of others by name without their ending."""
    monkeypatch.chdir(tmp_path)

    def load_text(text: str, **others: str) -> LoadResult:
        for name, other in {FILE.removesuffix(".yaml"): text, **others}.items():
            Path(f"{name}.yaml").write_text(other)
        return load_profiles(".")

    return load_text


@pytest.mark.parametrize(
    ("value", "found", "hint"),
    [
        ("", "found nothing", "give it settings, or delete it"),
        (" sqlite://", "found a url", "write it as {url: …}"),
        (" hunter2", "found a text", "give it settings, or delete it"),
        (" [url]", "found a list", "give it settings, or delete it"),
    ],
)
def test_an_entry_that_is_no_mapping_breaks_itself_alone(
    load: Load, value: str, found: str, hint: str
) -> None:
    result = load(f"profiles:\n  orders:{value}\n{GOOD}")

    (problem,) = result.problems
    assert (problem.path, problem.place.line, problem.code) == ("profiles.orders", 2, Code.VALUE)
    assert (problem.found, problem.hint) == (found, hint)
    assert (list(result.profiles), result.broken) == (["good"], {"orders"})


def test_an_entry_left_empty_for_its_defaults_is_told_how_to_write_that(load: Load) -> None:
    text = f"defaults: {{url: 'sqlite://'}}\nprofiles:\n  orders:\n  users: {{}}\n{GOOD}"

    result = load(text)

    assert [problem.hint for problem in result.problems] == [
        "write {} when the defaults say all there is to say"
    ]
    assert list(result.profiles) == ["good", "users"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("1st", "1st"),
        ("'a b'", "…"),
        ("../../etc/passwd", "…"),
        ("''", "…"),
        ("_", "…"),
        ("__x", "__x"),
        ("b.c", "…"),
        ("a" * 64, "…"),
    ],
)
def test_a_name_that_no_profile_may_have_is_told_and_breaks_no_other(
    load: Load, name: str, path: str
) -> None:
    result = load(f"profiles:\n  {name}: {{pool: {{size: x}}, url: 'sqlite://'}}\n{GOOD}")

    name_problem, value_problem = result.problems
    assert (name_problem.code, name_problem.path) == (Code.FILE_NAME, f"profiles.{path}")
    assert name_problem.place == Place(FILE, 2, 3)
    assert value_problem.path == f"profiles.{path}.pool.size"
    assert list(result.profiles) == ["good"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (
            "pool: {size: 3}\n",
            "1:1",
            'pool: unknown key "pool"; accepted: profiles, defaults; write it under',
        ),
        (
            "extends: _x\n",
            "1:1",
            'extends: unknown key "extends"; accepted: profiles, defaults; write it under',
        ),
        (
            "default: {}\n",
            "1:1",
            'default: unknown key "default"; accepted: profiles, defaults; did you mean',
        ),
        (
            "orders: {}\n",
            "1:1",
            'orders: unknown key "orders"; accepted: profiles, defaults; if it is a profile',
        ),
        (
            "defaults:\n",
            "1:10",
            "defaults: found nothing; accepted: settings for all of its profiles; give it",
        ),
        ("defaults: hunter2\n", "1:11", "defaults: found a text; accepted: settings for all of its profiles"),
    ],
)
def test_an_outermost_key_that_is_wrong_breaks_every_entry_and_says_so(
    load: Load, text: str, place: str, message: str
) -> None:
    result = load(f"{text}profiles:\n{GOOD}", other="extends: good\n")

    (line,) = (str(problem) for problem in result.problems)
    assert f"{FILE}:{place}: " in line
    assert message in line
    assert line.endswith(UNTIL)
    assert (dict(result.profiles), result.broken) == ({}, {"good", "other"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: CM203 the file is empty"),
        ("profiles:\n", "1:10: CM303 profiles: found nothing; accepted: a profile for each name; give it"),
        ("profiles: {}\n", "1:11: CM303 profiles: found no profiles; accepted: a profile for each name"),
        ("profiles: [a]\n", "1:11: CM303 profiles: found a list; accepted: a profile for each name"),
        (
            "defaults: {}\n",
            "1:1: CM302 profiles: a file of several profiles without profiles; accepted: profiles:",
        ),
        (
            "profile: {a: {}}\n",
            '1:1: CM301 profile: unknown key "profile"; accepted: profiles, defaults; did you',
        ),
    ],
)
def test_a_file_without_profiles_is_one_problem(load: Load, text: str, message: str) -> None:
    result = load(text)

    (line,) = (str(problem) for problem in result.problems)
    assert line.startswith(f"{FILE}:{message}")
    assert UNTIL not in line


def test_one_profile_in_a_file_for_several_is_told_what_to_name_it(load: Load) -> None:
    (problem,) = load("url: sqlite://\npool: {size: 3}\n").problems

    assert problem.hint == "if it holds one profile, name it tenants.yaml"


def test_a_mistake_in_the_yaml_of_one_entry_breaks_the_file_and_hides_no_other_mistake(load: Load) -> None:
    result = load(
        "profiles:\n  a: {url: 'sqlite://', pool: {size: 3, size: 4}, health: {foo: 1}}\n"
        f"  b: {{url: 'mysql://x'}}\n  1c: {{}}\n  d:\n  e: {{extends: nowhere}}\n{GOOD}"
    )

    assert [(problem.place.line, problem.path) for problem in result.problems] == [
        (2, "profiles.a.pool.size"),
        (2, "profiles.a.health.foo"),
        (3, "profiles.b.url"),
        (4, "profiles.1c"),
        (5, "profiles.d"),
        (6, "profiles.e.extends"),
    ]
    assert [problem.path for problem in result.problems if problem.hint.endswith(UNTIL)] == [
        "profiles.a.pool.size"
    ]
    assert not result.profiles
    assert result.broken == {"a", "b", "d", "e", "good"}


def test_a_name_twice_has_both_places_when_one_of_its_files_is_broken_too(load: Load) -> None:
    result = load(f"profiles:\n{GOOD}  bad: {{pool: {{size: 1, size: 2}}}}\n", good="url: sqlite://\n")

    (twice,) = (problem for problem in result.problems if problem.code is Code.NAME_TWICE)
    assert twice.found == f"two entries for one profile, good: good.yaml:1 and {FILE}:2"


@pytest.mark.parametrize("setting", ["url: 'mysql://x/y'", f"url: 'sqlite://', {SHORT_LIFE}"])
@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("defaults: {SAID}\nprofiles:\n  a: {}\n  b: {description: x}\n", "defaults"),
        ("profiles:\n  _base: {SAID}\n  a: {extends: _base}\n  b: {extends: _base}\n", "profiles._base"),
        ("profiles:\n  a: {SAID}\n  b: {extends: a}\n", "profiles.a"),
    ],
)
def test_what_profiles_have_from_one_place_is_one_problem_with_the_path_of_that_place(
    load: Load, setting: str, text: str, within: str
) -> None:
    result = load(text.replace("SAID", setting), c="extends: a\n")

    (problem,) = result.problems
    assert problem.path in (f"{within}.url", f"{within}.pool.idle_timeout")
    assert result.broken == {"a", "b", "c"}


def test_a_warning_in_the_defaults_is_told_once_and_breaks_nothing(load: Load) -> None:
    text = "defaults: {url: 'sqlite://', pool: {timeout: 5000}}\nprofiles:\n  a: {}\n  b: {}\n"

    result = load(text)

    assert [problem.path for problem in result.warnings] == ["defaults.pool.timeout"]
    assert (list(result.profiles), result.problems) == (["a", "b"], ())
