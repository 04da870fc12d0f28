"""What holds for every source: equal by what is written, never shown, never pickled."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import pprint
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from connmgr.config.secrets import PROVIDERS, Source
from connmgr.secret import Secret
from tests.rig.sources import source_of

CANARY = "c4n4ry"
ROOT = Path("/etc/profiles")
WRITTEN: dict[str, object] = {
    "text": Secret(f"{CANARY}${{A:-{CANARY}}}"),
    "env": {"env": "DB_PASSWORD"},
    "file": {"file": "${FOLDER}/orders"},
    "command": {"command": ("vault", "read", f"-token={CANARY}", f"${{A:-{CANARY}}}")},
    "rotated": {"command": ("vault", CANARY), "ttl": "15m", "previous": Secret(CANARY)},
}
ENVIRON = {"DB_PASSWORD": CANARY, "A": CANARY, "FOLDER": f"/{CANARY}"}
DESCRIBED = {
    "text": "${A}",
    "env": "env DB_PASSWORD",
    "file": "file ${FOLDER}/orders",
    "command": "command vault",
    "rotated": "command vault, ttl 900 s, previous the profile file",
}


@dataclasses.dataclass(frozen=True)
class Login:
    password: Source


@pytest.fixture(params=[*WRITTEN])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def source(kind: str) -> Source:
    return source_of(WRITTEN[kind], ROOT, ENVIRON)


def attributes(value: object) -> str:
    """What a dumper shows that takes objects apart by `dir`, as debuggers do, and those in them."""
    inner = [getattr(value, name) for name in dir(value)]
    return repr([(each, [getattr(each, name) for name in dir(each)]) for each in inner])


def test_every_provider_of_the_table_is_looked_at_here() -> None:
    assert set(PROVIDERS) == set(WRITTEN) - {"text", "rotated"}


def test_a_description_says_where_and_never_what(kind: str) -> None:
    assert source(kind).describe() == DESCRIBED[kind]


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        pprint.pformat,
        pretty_repr,
        attributes,
        lambda source: repr(source.written()),
        lambda source: repr(dataclasses.asdict(Login(source))),
        lambda source: pretty_repr(Login(source)),
        lambda source: json.dumps({"password": source}, default=str),
        lambda source: repr(ValueError(source)),
        lambda source: repr(source.__getstate__()),
    ],
)
def test_no_way_to_make_a_text_of_a_source_shows_a_secret(kind: str, show: Callable[[Source], str]) -> None:
    shown = show(source(kind))

    assert shown
    assert CANARY not in shown


@pytest.mark.parametrize("take", [vars, json.dumps, pickle.dumps, bytes, list, len])
def test_what_would_take_a_source_apart_is_refused(kind: str, take: Callable[[Source], object]) -> None:
    with pytest.raises(TypeError) as refusal:
        take(source(kind))

    assert CANARY not in str(refusal.value)


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy])
def test_a_copy_is_the_source_itself(kind: str, take: Callable[[Source], Source]) -> None:
    original = source(kind)

    assert take(original) is original


def test_sources_that_are_written_the_same_are_equal(kind: str) -> None:
    other = source_of(WRITTEN[kind], ROOT, {})

    assert source(kind) == other
    assert hash(source(kind)) == hash(other)


@pytest.mark.parametrize(
    "other",
    [
        Secret(f"{CANARY}${{B:-{CANARY}}}"),
        Secret("DB_PASSWORD"),
        {"env": "DB_PASSWORD2"},
        {"file": "DB_PASSWORD"},
        {"file": "/${FOLDER}/orders"},
        {"command": ("vault", "read")},
        {"command": ("vault", CANARY), "ttl": "15m"},
        {"command": ("vault", CANARY), "ttl": "16m", "previous": Secret(CANARY)},
        {"command": ("vault", CANARY), "ttl": "15m", "previous": Secret("other")},
        {"command": ("vault", "read", "-token=other", f"${{A:-{CANARY}}}")},
    ],
)
def test_sources_that_are_written_differently_are_not(kind: str, other: object) -> None:
    assert source(kind) != source_of(other, ROOT, ENVIRON)
    assert source(kind) != DESCRIBED[kind]


@pytest.mark.parametrize("of_folder", ["file", "command"])
def test_what_depends_on_the_profiles_directory_differs_with_it(of_folder: str) -> None:
    assert source(of_folder) != source_of(WRITTEN[of_folder], ROOT / "other", ENVIRON)


def test_beside_the_kind_stand_a_life_and_the_secret_before() -> None:
    plain = source_of({"env": "DB_PASSWORD"}, ROOT, ENVIRON)
    rotated = source_of({"env": "DB_PASSWORD", "ttl": "1.5m", "previous": {"env": "A"}}, ROOT, ENVIRON)

    assert (plain.ttl, plain.previous) == (None, None)
    assert rotated.ttl == 90.0
    assert rotated.previous == source_of({"env": "A"}, ROOT, ENVIRON)
    assert rotated.read() == Secret(CANARY)


def test_a_previous_secret_need_not_be_there_but_who_can_read_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "open").write_text("old")
    (tmp_path / "open").chmod(0o644)
    here = {"env": "DB_PASSWORD"}

    missing = source_of({**here, "previous": {"file": "missing"}}, tmp_path, ENVIRON)
    readable = source_of({**here, "previous": {"file": "open"}}, tmp_path, ENVIRON)
    neither = source_of({"env": "NOWHERE", "previous": {"file": "missing"}}, tmp_path, ENVIRON)

    assert missing.problems() == ()
    assert [problem.code.is_warning for problem in readable.problems()] == [True]
    assert [problem.found for problem in neither.problems()] == ["NOWHERE is not set"]
