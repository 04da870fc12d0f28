"""A file is checked as far as it can be without its environment: what is literal, and the defaults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr.config.loader import LoadResult, load_profiles

Load = Callable[[str], LoadResult]


def found(result: LoadResult) -> list[str]:
    return [f"{problem.path}: {problem.found}" for problem in result.problems]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://app:${PW}@db/orders", "a scheme that connmgr does not serve"),
        ("${S}://app@db/orders", "a url without a scheme, from S"),
        ("postgresql://app:${PW}@db:0/orders", "a port that is no number from 1 to 65535"),
        ("postgresql://app:${PW}@d b/orders", "a host that is no name and no address"),
        ("postgresql://app:${PW}@db/orders?sslmode=strict", "a value that sslmode does not take"),
        (
            "postgresql://app:${PW}@db/orders?ssl=1",
            "the parameter ssl, which libpq does not know",
        ),
        ("postgresql://app:${PW}@db/o?connect_timeout=soon", "a value that connect_timeout does not take"),
        ("postgresql://app:x/${PW}@db/orders", "a @ after the host"),
        ("sqlite:///${F}?mode=ro", "the parameter mode in the url of a SQLite file, which has none"),
        ("postgresql://app@db:${PORT:-x}/orders", "a port that is no number from 1 to 65535, from PORT"),
        ("sqlite:///${F:-}", "a path that is empty, from F"),
        ("${URL:-mysql://db/orders}", "a scheme that connmgr does not serve, from URL"),
    ],
)
def test_a_url_that_can_never_work_is_a_problem_although_it_has_references(
    load: Load, url: str, problem: str
) -> None:
    result = load(f'url: "{url}"\n')

    assert found(result) == [f"url: {problem}"]


@pytest.mark.parametrize(
    "url",
    [
        "${URL}",
        "${BASE}/orders?sslmode=${MODE}",
        "postgresql://${U}:${P}@${H}:${N}/${D}?sslmode=${M}&connect_timeout=${T}&application_name=${A}",
        "postgresql://app@/orders?host=${SOCKETS}",
        "postgresql://app@db:${PORT:-5432}/orders",
        "sqlite:///${F}",
        "${URL:-sqlite:///development.db}",
    ],
)
def test_a_url_that_the_environment_may_complete_is_none(load: Load, url: str) -> None:
    assert load(f'url: "{url}"\n').problems == ()


def test_what_a_url_with_references_and_a_key_both_say_is_a_problem(load: Load) -> None:
    result = load(
        'url: "postgresql://a:${P}@h/o?connect_timeout=${T}"\npassword: x\ntimeouts: {connect: 5s}\n'
    )

    assert found(result) == [
        "password: a password here and one in the url",
        "timeouts.connect: timeouts.connect here and connect_timeout in the url",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('pool: {size: "${N:-ten}"}', 'pool.size: found the text "ten", from the default of N'),
        (
            'pool: {timeout: "${N:-5}${U:-y}"}',
            'pool.timeout: found the text "5y", from the default of N and U',
        ),
        ('pool: {max_overflow: "${N:--1}"}', "pool.max_overflow: found the number -1, from the default of N"),
        ('health: {timeout: "${T:-.inf}"}', 'health.timeout: found the text ".inf", from the default of T'),
        ('health: {critical: "${C:-yes}"}', 'health.critical: found the text "yes", from the default of C'),
    ],
)
def test_a_default_is_checked_as_the_value_that_it_would_be(load: Load, line: str, problem: str) -> None:
    assert found(load(f"url: sqlite://\n{line}\n")) == [problem]


@pytest.mark.parametrize("text", ["${N:-10}", "1${N:-0}", "${N}${M:-x}", "${N:?set it}"])
def test_a_default_that_fits_or_is_only_a_part_is_no_problem(load: Load, text: str) -> None:
    assert load(f'url: sqlite://\npool: {{size: "{text}"}}\n').problems == ()


def test_a_reference_that_cannot_be_read_does_not_hide_a_default_that_does_not_fit(load: Load) -> None:
    result = load('url: postgresql://app@h/o\npassword: "${P"\npool: {size: "${N:-ten}"}\n')

    assert [problem.path for problem in result.problems] == ["password", "pool.size"]


def test_a_file_that_the_environment_names_needs_no_current_directory(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load('url: "sqlite:///${F}"\n')
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert load_profiles(tmp_path).problems == ()


def test_a_default_of_a_variable_that_holds_a_secret_is_not_shown(load: Load) -> None:
    result = load('url: postgresql://app@h/o\npassword: "${P}"\npool: {size: "${P:-hunter2}"}\n')

    assert found(result) == ["pool.size: found a text, from the default of P"]


def test_a_url_with_a_control_character_has_that_one_problem(load: Load) -> None:
    assert found(load('url: "postgresql://a\\x007\\0@h/o"\n')) == ["url: a NUL inside a text"]
