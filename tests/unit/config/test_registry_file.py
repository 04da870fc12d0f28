"""`_registry.yaml` says what holds for all profiles of its directory together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from connmgr import ConfigError, Registry, UnknownGroup
from connmgr.config.loader import load_profiles
from connmgr.registry_settings import RegistryHealth, RegistrySettings, WebSettings

SECRET = "t0ken-canary"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the file beside three profiles; return their directory."""

    def write(text: str, name: str = "_registry.yaml") -> Path:
        for profile in ("orders", "billing", "warehouse"):
            (tmp_path / f"{profile}.yaml").write_text("url: sqlite://\n")
        (tmp_path / name).write_text(text)
        return tmp_path

    return write


def problems(directory: Path) -> list[str]:
    return [str(problem).removeprefix(f"{directory}/") for problem in load_profiles(directory).problems]


def test_without_the_file_the_defaults_hold(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text("url: sqlite://\n")

    registry = Registry.load(tmp_path)

    assert registry.options == RegistrySettings()
    assert (registry.group("readiness"), registry.group("startup")) == (("orders",), ("orders",))
    assert registry.group("liveness") == ()


def test_what_it_says_holds(write: Write) -> None:
    directory = write(
        "groups: {readiness: [orders, billing], reporting: [warehouse], empty: []}\n"
        "health: {max_monitors: 7}\n"
        "web: {details: always, rise: 1, fall: 5}\n"
    )

    registry = Registry.load(directory)

    assert registry.options.health == RegistryHealth(7)
    assert registry.options.web == WebSettings("always", None, 1, 5)
    assert registry.group("readiness") == ("orders", "billing")
    assert registry.group("startup") == ("billing", "orders", "warehouse")
    assert (registry.group("reporting"), registry.group("empty")) == (("warehouse",), ())
    assert list(registry) == ["billing", "orders", "warehouse"]


def test_an_empty_file_is_the_defaults(write: Write) -> None:
    assert Registry.load(write("# nothing yet\n{}\n")).options == RegistrySettings()


def test_a_group_that_is_not_written_is_an_error_that_names_those_that_are(write: Write) -> None:
    registry = Registry.load(write("groups: {reporting: [warehouse]}\n"))

    with pytest.raises(
        UnknownGroup, match=r"no group named 'reports'.*liveness, readiness, reporting, startup"
    ):
        registry.group("reports")


def test_it_is_read_with_the_other_ending_too(write: Write) -> None:
    assert (
        Registry.load(write("health: {max_monitors: 2}\n", "_registry.yml")).options.health.max_monitors == 2
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "groups: {a: [orders, biling]}\n",
            '_registry.yaml:1:22: CM303 groups.a.1: no profile named "biling"; accepted: the name of a '
            'profile in this directory; did you mean "billing"?',
        ),
        (
            "groups:\n  a: [orders, orders]\n",
            '_registry.yaml:2:15: CM303 groups.a.1: "orders" a second time; delete one of the two',
        ),
        (
            "groups: {a: orders}\n",
            '_registry.yaml:1:13: CM303 groups.a: found the text "orders"; accepted: a list of profiles',
        ),
        (
            "groups: {a: [1]}\n",
            "_registry.yaml:1:14: CM303 groups.a: found the number 1; accepted: a list of profiles",
        ),
        (
            "groups: [orders]\n",
            "_registry.yaml:1:9: CM303 groups: found a list; accepted: a list of profiles for each name",
        ),
        (
            "health: {max_monitors: 0}\n",
            "_registry.yaml:1:24: CM303 health.max_monitors: found the number 0; accepted: a whole number of "
            "at least 1",
        ),
        (
            "health: {max_monitor: 3}\n",
            '_registry.yaml:1:10: CM301 health.max_monitor: unknown key "max_monitor"; accepted: '
            'max_monitors; did you mean "max_monitors"?',
        ),
        (
            "web: {details: sometimes}\n",
            '_registry.yaml:1:16: CM303 web.details: found the text "sometimes"; accepted: never, token, or '
            "always",
        ),
        (
            "web: {details: token}\n",
            "_registry.yaml:1:16: CM304 web.details: details for those who send the token, and no token; "
            "accepted: a token beside it; add a line such as token: ${HEALTH_TOKEN}",
        ),
        (
            'web: {token: "${A"}\n',
            "_registry.yaml:1:14: CM501 web.token: a reference without its closing brace; accepted: ${NAME}, "
            "${NAME:-default} or ${NAME:?message}",
        ),
        (
            "profiles: {}\n",
            '_registry.yaml:1:1: CM301 profiles: unknown key "profiles"; accepted: groups, health, web',
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_what_would_be_accepted(
    write: Write, text: str, problem: str
) -> None:
    assert problems(write(text)) == [problem]


def test_everything_that_is_wrong_is_said_at_once(write: Write) -> None:
    text = "groups: {a: [nobody, orders, orders]}\nhealth: {max_monitors: two}\nweb: {rise: 0}\nzzz: 1\n"

    assert [line.split()[2] for line in problems(write(text))] == [
        *("groups.a.0:", "groups.a.2:", "health.max_monitors:", "web.rise:", "zzz:"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"web: {{token: {{{SECRET}: x}}}}\n",
        f"web: {{token: [{SECRET}]}}\n",
        f"web: {{token: {{file: {{a: {SECRET}}}}}}}\n",
        f'web: {{token: "{SECRET}${{A", rise: 0}}\n',
        f"web: {{token: {SECRET}}}\nzzz: {SECRET}\n",
    ],
)
def test_no_message_shows_what_may_be_the_token(write: Write, text: str) -> None:
    directory = write(text)

    with pytest.raises(ConfigError) as raised:
        Registry.load(directory)

    assert SECRET not in str(raised.value)
    assert SECRET not in repr(raised.value.problems)


def test_the_token_is_asked_for_when_it_is_needed(write: Write, tmp_path: Path) -> None:
    registry = Registry.load(
        write("web: {details: token, token: {file: token.txt}}\n"), environ={"TOKEN": "x"}
    )
    (tmp_path / "token.txt").write_text(SECRET)
    (tmp_path / "token.txt").chmod(0o600)
    source = registry.options.web.token

    assert source is not None
    assert asyncio.run(source.get()).reveal() == SECRET
    assert SECRET not in repr(registry.options)


def test_two_of_them_are_a_problem(write: Write) -> None:
    write("{}\n")

    found = problems(write("{}\n", "_registry.yml"))

    assert len(found) == 1
    assert "CM108" in found[0]
    assert "two files for the registry" in found[0]


def test_it_is_no_base(write: Write) -> None:
    directory = write("{}\n")
    (directory / "orders.yaml").write_text("extends: _registry\nurl: sqlite://\n")

    assert any("_registry, which no file has" in problem for problem in problems(directory))


def test_yaml_that_cannot_be_read_and_files_that_cannot_are_problems_of_it_alone(write: Write) -> None:
    result = load_profiles(write("[a\n"))

    assert [problem.code for problem in result.problems] == ["CM201"]
    assert set(result.profiles) == {"orders", "billing", "warehouse"}


def test_with_some_profiles_alone_a_group_has_those(write: Write) -> None:
    directory = write("groups: {a: [orders, billing], b: [warehouse]}\n")

    registry = Registry.load(directory, names=["orders"])

    assert (registry.group("a"), registry.group("b")) == (("orders",), ())


def test_with_some_profiles_alone_a_name_that_no_file_has_is_a_problem_still(write: Write) -> None:
    directory = write("groups: {a: [nobody]}\n")

    with pytest.raises(ConfigError, match="nobody"):
        Registry.load(directory, names=["orders"])


def test_a_base_is_no_member(write: Write) -> None:
    directory = write("groups: {a: [_common]}\n")
    (directory / "_common.yaml").write_text("url: sqlite://\n")

    assert 'groups.a.0: no profile named "_common"' in problems(directory)[0]
