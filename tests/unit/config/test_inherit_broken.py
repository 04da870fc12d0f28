"""What is wrong with `extends` is one problem where it stands, however many profiles it reaches."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connmgr.config.loader import LoadResult, load_profiles
from connmgr.problem import Code, Place, Problem

URL = "url: sqlite://\n"
DEADLINE = 20.0


def load(directory: Path, monkeypatch: pytest.MonkeyPatch, **texts: str) -> LoadResult:
    monkeypatch.chdir(directory)
    for name, text in texts.items():
        Path(f"{name}.yaml").write_text(text)
    return load_profiles(".")


def only(result: LoadResult, code: Code) -> Problem:
    (problem,) = result.problems
    assert problem.code is code
    return problem


def test_a_ring_is_told_once_whole_at_the_extends_that_closes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = {"a": "extends: b\n", "b": "description: x\nextends: [_x, c]\n", "c": f"extends: a\n{URL}"}

    result = load(tmp_path, monkeypatch, **ring, _x="pool: {size: 1}\n", d="extends: a\n", e=URL)

    problem = only(result, Code.BASE_CYCLE)
    assert problem.place == Place("c.yaml", 1, 10)
    assert problem.found == "a ring of bases: a extends b extends c extends a"
    assert set(result.profiles) == {"e"}
    assert result.broken == {"a", "b", "c", "d"}


def test_a_profile_that_extends_itself_is_a_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = only(load(tmp_path, monkeypatch, orders=f"extends: orders\n{URL}"), Code.BASE_CYCLE)

    assert problem.found == "a ring of bases: orders extends orders"


def test_a_base_that_is_not_there_is_told_at_its_name_with_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = load(
        tmp_path,
        monkeypatch,
        _server="pool: {size: 3}\n",
        orders=f"extends: [_server, sever]\n{URL}",
        users="extends: orders\n",
    )

    problem = only(result, Code.BASE_MISSING)
    assert problem.place == Place("orders.yaml", 1, 20)
    assert (problem.path, problem.accepted) == ("extends", "_server")
    assert problem.hint == 'did you mean "_server"?'
    assert result.broken == {"orders", "users"}


def test_a_missing_base_is_told_beside_other_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = load(tmp_path, monkeypatch, orders="extends: nowhere\npool: {sise: 3}\n")

    assert [problem.code for problem in result.problems] == [Code.BASE_MISSING, Code.UNKNOWN_KEY]


def test_a_long_chain_is_told_once_and_its_short_end_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = {f"n{number:04}": f"extends: n{number + 1:04}\n" for number in range(2000)}

    result = load(tmp_path, monkeypatch, **chain, n2000=URL)

    assert only(result, Code.BASE_DEPTH).place == Place("n1989.yaml", 1, 10)
    assert set(result.profiles) == {f"n{number:04}" for number in range(1990, 2001)}


@pytest.mark.parametrize("name", ["n00", "n01", "n02", "n12"])
def test_a_profile_loads_the_same_alone_as_among_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    chain = {f"n{number:02}": f"extends: n{number + 1:02}\n" for number in range(12)}
    whole = load(tmp_path, monkeypatch, **chain, n12=URL)

    alone = load_profiles(".", [name])

    assert (name in alone.profiles) == (name in whole.profiles) == (name >= "n02")


def test_bases_that_meet_again_and_again_end_in_a_problem_and_not_in_a_hang(tmp_path: Path) -> None:
    names = [[f"_{level}{number}" for number in range(12)] for level in "abcdefghij"]
    for level, below in zip(names, [*names[1:], []], strict=True):
        text = f"extends: [{', '.join(below)}]\n" if below else "pool: {size: 3}\n"
        for name in level:
            (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "few.yaml").write_text(f"extends: _d1\n{URL}")
    (tmp_path / "many.yaml").write_text(f"extends: _a1\n{URL}")
    code = (
        "import sys; from connmgr.config.loader import load_profiles; result = load_profiles(sys.argv[1]);"
        "print(*result.profiles, *result.broken, result.profiles['few'].place('pool', 'timeout').line)"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    ).stdout

    assert "few" in shown.split()[0]
    assert "many" in shown.split()[1:]


def test_a_broken_base_is_told_once_and_breaks_all_that_extend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = {f"p{number}": f"extends: _server\n{URL}" for number in range(3)}

    result = load(tmp_path, monkeypatch, _server="pool: {size: x}\n", **profiles)

    assert only(result, Code.VALUE).place.file == "_server.yaml"
    assert result.broken == {"_server", *profiles}


def test_a_null_that_clears_nothing_is_told_in_profiles_and_not_in_bases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = load(
        tmp_path,
        monkeypatch,
        _server="pool: {size: 3}\nsession: null\n",
        orders=f"extends: _server\n{URL}pool: {{size: null, timeout: null}}\ndescription: null\n",
    )

    assert [(problem.path, problem.code) for problem in result.problems] == [
        ("pool.timeout", Code.NOTHING_TO_CLEAR),
        ("description", Code.NOTHING_TO_CLEAR),
    ]
    assert result.problems[0].place == Place("orders.yaml", 3, 29)
    assert result.problems[1].hint == "give it a value, or delete the line; quote a text that begins with #"


def test_a_profile_that_is_nowhere_is_told_even_with_bases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = load(tmp_path, monkeypatch, _server="pool: {size: 3}\n", orders="extends: _server\n")

    assert only(result, Code.MISSING_KEY).place == Place("orders.yaml")
