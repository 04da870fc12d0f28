"""Whatever `extends` says, it names a profile or a base of the directory, and everything else is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.loader import LoadResult, load_profiles
from connmgr.problem import Code, Place

URL = "url: sqlite://\n"

Load = Callable[..., LoadResult]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load `inside`, a directory of these files by name without their ending; beside it lies `_out.yaml`."""
    (tmp_path / "_out.yaml").write_text("description: stolen\n")
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path)

    def load_texts(**texts: str) -> LoadResult:
        for name, text in texts.items():
            Path("inside", f"{name}.yaml").write_text(text)
        return load_profiles("inside")

    return load_texts


@pytest.mark.parametrize(
    "name",
    [
        *("../_out", "../../etc/passwd", "/etc/passwd", "_server.yaml", "inside/_server", ".hidden", "a b"),
        *("", "_", "__server", "1st", "x" * 64, "é", "the defaults of tenants.profiles.yaml"),
    ],
)
@pytest.mark.parametrize("form", ['"{}"', '[_server, "{}"]'])
def test_what_is_no_name_is_refused_where_it_stands_and_nothing_is_read(
    load: Load, name: str, form: str
) -> None:
    result = load(_server="pool: {size: 3}\n", orders=f"extends: {form.format(name)}\n{URL}")

    (problem,) = result.problems
    assert problem.code is Code.VALUE
    assert problem.place == Place("inside/orders.yaml", 1, 10 if form.startswith('"') else 20)
    assert result.broken == {"orders"}


@pytest.mark.parametrize("value", ["5", "{}", "[]", "null", "[[_server]]", "[null]"])
def test_what_names_nothing_is_refused(load: Load, value: str) -> None:
    result = load(_server="pool: {size: 3}\n", orders=f"extends: {value}\n{URL}")

    (problem,) = result.problems
    assert problem.code is Code.VALUE
    assert problem.path.startswith("extends")


def test_every_name_in_a_list_that_is_missing_is_told_at_its_own_place(load: Load) -> None:
    result = load(orders=f"extends:\n  - _one\n  - _two\n{URL}")

    assert [(problem.code, problem.place.line, problem.place.column) for problem in result.problems] == [
        (Code.BASE_MISSING, 2, 5),
        (Code.BASE_MISSING, 3, 5),
    ]


def test_everything_wrong_in_a_profile_and_its_bases_is_told_in_one_round(load: Load) -> None:
    result = load(
        _server="pool: {size: x}\n",
        _unused="health: {foo: 1}\n",
        _ring="extends: _ring\n",
        orders="extends: [_server, _nowhere]\npool: {sise: 3}\n",
        users="extends: _ring\nurl: mysql://x/y\n",
        stock="url: mysql://x/y\npool: {size: null}\n",
    )

    assert [(problem.place.file[7:], problem.code) for problem in result.problems] == [
        ("_ring.yaml", Code.BASE_CYCLE),
        ("_server.yaml", Code.VALUE),
        ("_unused.yaml", Code.UNKNOWN_KEY),
        ("orders.yaml", Code.BASE_MISSING),
        ("orders.yaml", Code.UNKNOWN_KEY),
        ("stock.yaml", Code.URL),
        ("stock.yaml", Code.VALUE),
    ]
    assert result.broken == {"_server", "_unused", "_ring", "orders", "users", "stock"}


def test_a_warning_in_a_base_is_told_once_and_breaks_nothing(load: Load) -> None:
    result = load(
        _server=f"{URL}pool: {{timeout: 5000}}\n", orders="extends: _server\n", users="extends: _server\n"
    )

    assert [problem.code for problem in result.warnings] == [Code.MILLISECONDS]
    assert (list(result.profiles), result.problems) == (["orders", "users"], ())


def test_what_contradicts_a_base_is_told_at_the_profiles_line_with_the_bases(load: Load) -> None:
    result = load(
        _server=f"{URL}pool: {{max_lifetime: 30m}}\n", orders="extends: _server\npool: {idle_timeout: 40m}\n"
    )

    (problem,) = result.problems
    assert problem.place == Place("inside/orders.yaml", 2, 22)
    assert "inside/_server.yaml:2" in problem.found


def test_a_mapping_over_a_list_or_a_text_takes_its_place_whole(load: Load) -> None:
    where = "url: postgresql://app@localhost/orders\n"
    result = load(
        _server=f"{where}password: {{command: [pass, show]}}\n",
        _file="extends: _server\npassword: {file: /run/secret}\n",
        orders="extends: _file\npassword: {env: PASSWORD}\n",
    )

    assert result.problems == ()
    assert result.profiles["orders"].values["password"] == {"env": "PASSWORD"}
