"""Settling resolves every reference but the secrets, and says everything that is wrong at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from connmgr.config.settle import settle
from connmgr.errors import ConfigError
from connmgr.profile import Profile
from connmgr.settings import HealthSettings, PoolSettings, SessionSettings, Settings, Timeouts
from connmgr.target import PostgresTarget, SQLiteTarget

Settle = Callable[..., Settings]
Written = Callable[[str], Profile]
SERVER = "url: postgresql://app@localhost/orders\n"


def problems(profile: Profile, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settle(profile, environ)
    return [str(problem).removeprefix("./") for problem in caught.value.problems]


def test_a_url_alone_settles_to_the_defaults(settled: Settle) -> None:
    settings = settled(SERVER)

    assert settings == Settings("orders", settings.target)
    assert settings.pool == PoolSettings(mode="pooled")


def test_a_reference_becomes_what_its_text_stands_for(settled: Settle) -> None:
    settings = settled(
        'description: "of ${D}"\n'
        f"{SERVER}"
        'pool: {size: "${N:-10}", max_overflow: "${N}0", timeout: "${T}", mode: "${M}", use_lifo: "${B}"}\n'
        'timeouts: {connect: "${T}", close: "1${U:-m}", statement: 5.0}\n'
        'session: {expire_on_commit: "${B2:-true}"}\n'
        'health: {critical: "${B}", timeout: "0.5"}\n'.replace('"0.5"', "0.5"),
        D="12", N="7", T="250ms", M="none", B="false",
    )  # fmt: skip

    assert settings.description == "of 12"
    assert settings.pool == PoolSettings("none", 7, 70, 0.25, use_lifo=False)
    assert settings.timeouts == Timeouts(0.25, 60.0, 5.0)
    assert settings.session == SessionSettings(expire_on_commit=True)
    assert settings.health == HealthSettings(critical=False, timeout=0.5)


def test_whole_numbers_are_integers_however_they_are_written(settled: Settle) -> None:
    size = settled(SERVER + "pool: {size: 5.0}\n").pool.size

    assert (size, type(size)) == (5, int)


@pytest.mark.parametrize(
    ("url", "mode", "expected"),
    [
        ("postgresql://a@h/o", "auto", "pooled"),
        ("sqlite://", "auto", "none"),
        ("sqlite://", "pooled", "pooled"),
        ("postgresql://a@h/o", "none", "none"),
    ],
)
def test_auto_pools_a_server_and_not_a_file(settled: Settle, url: str, mode: str, expected: str) -> None:
    assert settled(f"url: {url}\npool: {{mode: {mode}}}\n").pool.mode == expected


def test_every_unset_reference_is_reported_together_with_its_place(written: Written) -> None:
    profile = written(
        'url: "postgresql://${U}@${U}${P:?the vault has it}/o"\npassword: "${W}"\n'
        'description: "${D}"\npool: {size: "${N}"}\n'
    )

    assert problems(profile, N="5") == [
        "orders.yaml:1:6: CM502 url: P is not set, or is empty; the vault has it",
        "orders.yaml:1:6: CM502 url: U is not set; set U, or give a default: ${U:-default}",
        "orders.yaml:2:11: CM502 password: W is not set; set W, or give a default: ${W:-default}",
        "orders.yaml:3:14: CM502 description: D is not set; set D, or give a default: ${D:-default}",
    ]


def test_a_value_that_does_not_fit_says_which_variable_it_came_from(written: Written) -> None:
    profile = written(SERVER + 'pool: {size: "${POOL_SIZE:-10}", timeout: "${A}${B}"}\n')

    assert [line.partition("; accepted")[0] for line in problems(profile, POOL_SIZE="ten", A="5", B="y")] == [
        'orders.yaml:2:14: CM303 pool.size: found the text "ten", from POOL_SIZE',
        'orders.yaml:2:43: CM303 pool.timeout: found the text "5y", from A and B',
    ]


@pytest.mark.parametrize("value", ["", "600h", "null", ".inf", "1" * 99, "5\n", "[5]", "${D}"])
def test_a_value_from_the_environment_is_checked_like_a_written_one(written: Written, value: str) -> None:
    (problem,) = problems(written(SERVER + 'timeouts: {statement: "${T}"}\n'), T=value)

    assert problem.startswith("orders.yaml:2:23: CM")
    assert " timeouts.statement: found " in problem
    assert ", from T;" in problem


@pytest.mark.parametrize("password", ['"${P}"', "{env: P}"])
def test_a_secret_that_strays_into_another_field_is_not_shown(written: Written, password: str) -> None:
    text = f'{SERVER}password: {password}\npool: {{size: "${{P}}"}}\n'

    (problem,) = problems(written(text), P="hunter2")

    assert "found a text, from P" in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("value", ["a\0b", "a\nb", "\udcff"])
def test_a_control_character_never_reaches_a_setting(written: Written, value: str) -> None:
    text = 'url: "postgresql://${X}@h/o"\ndescription: "${X}"\npassword: "${Y}"\n'

    assert len(problems(written(text), X=value, Y="fine")) == 2
    assert len(problems(written(text), X="fine", Y=value)) == 1


@pytest.mark.parametrize(
    "value", ["hunter2", "mysql://a:hunter2@h/o", "postgresql://a:hunter2@h:p/o?x=y", ""]
)
def test_a_url_from_the_environment_is_never_shown(written: Written, value: str) -> None:
    shown = problems(written('url: "${URL}"\n'), URL=value)

    assert "hunter2" not in str(shown)
    assert all(re.match(r"orders\.yaml:1:6: CM60[12] url: ", line) for line in shown)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql://app:${W}@h:${X}/o", "a port that is no number from 1 to 65535, from X"),
        ("postgresql://app:${W}@${X}/o", "a host that is no name and no address, from X"),
        ("postgresql://app:${W}@h/o?sslmode=${X}", "a value that sslmode does not take, from X"),
        ("${W}:${X}/o", "a port that is no number from 1 to 65535, from X"),
        ("${W}:0/o", "a port that is no number from 1 to 65535, from W"),
    ],
)
def test_a_fault_of_a_url_names_the_variables_of_its_own_part(written: Written, url: str, found: str) -> None:
    (problem,) = problems(written(f'url: "{url}"\n'), W="postgresql://h", X="ten !")

    assert problem.partition("; accepted")[0].partition("url: ")[2] == found


async def test_the_password_is_read_anew_at_every_connection(written: Written) -> None:
    environ = {"P": "one"}
    target = settle(written(SERVER + 'password: "${P}"\n'), environ).target
    assert isinstance(target, PostgresTarget)
    assert target.password is not None

    environ["P"] = "two"

    assert (await target.password.get()).reveal() == "two"
    assert target.password.describe() == "${P}"


@pytest.mark.parametrize(
    ("url", "described"),
    [
        ("postgresql://app:hunter2@h/o", "the url"),
        ("postgresql://app:${P}@h/o", "${P}"),
        ("postgresql://app:hunter2@${H:-h}/o", "the url"),
        ("${URL}", "the url in ${URL}"),
    ],
)
async def test_a_password_in_the_url_becomes_a_source(settled: Settle, url: str, described: str) -> None:
    settings = settled(f'url: "{url}"\n', P="hunter2", URL="postgresql://app:hunter2@h/o")

    assert isinstance(settings.target, PostgresTarget)
    assert settings.target.password is not None
    assert (await settings.target.password.get()).reveal() == "hunter2"
    assert settings.target.password.describe() == described
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.target.to_dict())


def test_what_both_the_url_and_a_key_say_is_a_problem(written: Written) -> None:
    profile = written('url: "${URL}"\npassword: "${P:-x}"\ntimeouts: {connect: 5s}\n')

    assert [
        line.partition(";")[0] for line in problems(profile, URL="postgres://a:b@h/o?connect_timeout=3")
    ] == [
        "orders.yaml:2:11: CM304 password: a password here and one in the url",
        "orders.yaml:3:21: CM304 timeouts.connect: timeouts.connect here and connect_timeout in the url",
    ]
    assert "which has none" in problems(profile, URL="sqlite://")[0]


def test_a_connect_timeout_in_the_url_counts(settled: Settle) -> None:
    assert settled("url: postgresql://a@h/o?connect_timeout=3\n").timeouts.connect == 3.0


def test_settings_compare_by_value_wherever_their_lines_stand(settled: Settle) -> None:
    text = 'url: postgresql://app@h/o\npassword: "a${P}"\n'

    first, moved, other = (
        settled(text, P="x"),
        settled(f"\n{text}", P="x"),
        settled(text.replace("a$", "b$"), P="x"),
    )

    assert first == moved
    assert hash(first) == hash(moved)
    assert first != other
    assert first != replace(first, target=SQLiteTarget(None))
