"""What is wrong in `_registry.yaml` is told with its place, what would be accepted, and no secret."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connmgr import ConfigError, Registry
from connmgr.config.diagnostics import render
from connmgr.config.dump import dump
from connmgr.config.excerpt import with_source
from connmgr.config.loader import load_profiles
from connmgr.nearest import MOST_ASKED

SECRET = "t0ken-canary"
SHARED = {"tenants.profiles.yaml": "profiles:\n  north: {url: sqlite://\n"}
WriteRegistry = Callable[..., Path]


def problems(directory: Path) -> list[str]:
    return [str(problem).replace(f"{directory}/", "") for problem in load_profiles(directory).problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "groups: {a: [orders, biling]}\n",
            '1:22: CM303 groups.a.1: no profile named "biling"; accepted: the name of a profile in this '
            'directory; did you mean "billing"?',
        ),
        (
            "groups: {a: ['${ORDERS}']}\n",
            "1:14: CM303 groups.a.0: a name that no profile has; accepted: the name of a profile in this "
            'directory; did you mean "orders"?',
        ),
        (
            "groups:\n  a: [orders, orders]\n",
            '2:15: CM303 groups.a.1: "orders" a second time; delete one of the two',
        ),
        (
            "groups: {a: [_registry]}\n",
            '1:14: CM303 groups.a.0: "_registry", which is this file; accepted: the name of a profile in '
            "this directory; delete it",
        ),
        (
            "groups: {a: orders}\n",
            '1:13: CM303 groups.a: found the text "orders"; accepted: a list of profiles',
        ),
        ("groups: {a: [1]}\n", "1:14: CM303 groups.a: found the number 1; accepted: a list of profiles"),
        ("groups: {a: }\n", "1:13: CM303 groups.a: found nothing; accepted: a list of profiles"),
        ("groups: [orders]\n", "1:9: CM303 groups: found a list; accepted: a list of profiles for each name"),
        (
            "groups: {a: [orders], a: [billing]}\n",
            "1:23: CM205 groups.a: the key stands here and in line 1; accepted: one of them",
        ),
        (
            "health: {max_monitors: 0}\n",
            "1:24: CM303 health.max_monitors: found the number 0; accepted: a whole number of at least 1",
        ),
        (
            "health: {max_monitors: true}\n",
            "1:24: CM303 health.max_monitors: found true; accepted: a whole number of at least 1",
        ),
        (
            "health: {max_monitor: 3}\n",
            '1:10: CM301 health.max_monitor: unknown key "max_monitor"; accepted: max_monitors; did you mean '
            '"max_monitors"?',
        ),
        (
            "health: {timeout: 3s}\n",
            '1:10: CM301 health.timeout: unknown key "timeout"; accepted: max_monitors; that is a '
            "profile's to say, or a base's",
        ),
        (
            "pool: {size: 3}\n",
            '1:1: CM301 pool: unknown key "pool"; accepted: groups, health, web; that is a profile\'s to '
            "say, or a base's",
        ),
        (
            "a b: 1\n",
            "1:1: CM301 …: a key that is no word; accepted: groups, health, web",
        ),
        (
            "web: {details: sometimes}\n",
            '1:16: CM303 web.details: found the text "sometimes"; accepted: never, token, or always',
        ),
        (
            "web: {fall: 0}\n",
            "1:13: CM303 web.fall: found the number 0; accepted: a whole number of at least 1",
        ),
        (
            "web: often\n",
            "1:6: CM303 web: found a text; accepted: a mapping with the keys details, token, rise and fall",
        ),
        (
            "web: {details: token}\n",
            "1:16: CM304 web.details: details for those who send the token, and no token; accepted: a token "
            "beside it; add a line such as token: ${HEALTH_TOKEN}",
        ),
        (
            "web: {details: token, token: }\n",
            "1:30: CM303 web.token: found nothing; accepted: text, a reference such as ${NAME}, {env: …}, "
            "{file: …}, or {command: …}",
        ),
        ("web: {token: ''}\n", "1:14: CM303 web.token: found an empty text; accepted: text"),
        (
            "web: {token: 12}\n",
            "1:14: CM303 web.token: found a number; accepted: text, a reference such as ${NAME}, {env: …}, "
            "{file: …}, or {command: …}; quote it",
        ),
        (
            "web: {token: {env: A, file: b}}\n",
            "1:14: CM303 web.token: found env and file at once; accepted: one of them",
        ),
        (
            "web: {token: {env: A, ttl: 15m}}\n",
            '1:23: CM301 web.token.ttl: unknown key "ttl"; accepted: env, file, command; write health.ttl',
        ),
        (
            "web: {token: {env: A, previous: x}}\n",
            '1:23: CM301 web.token.previous: unknown key "previous"; accepted: env, file, command',
        ),
        (
            "web: {token: {file: }}\n",
            "1:21: CM303 web.token.file: found nothing; accepted: a path; give it a value, or delete the "
            "line; quote a text that begins with #",
        ),
        (
            "web: {token: {env: a b}}\n",
            "1:20: CM303 web.token.env: found a text; accepted: the name of a variable",
        ),
        (
            "web: {token: {t0ken: 1}}\n",
            "1:15: CM301 web.token: a key that is none of these; accepted: env, file, command; quote a text "
            "that begins with {",
        ),
        *(
            (
                f"web: {{token: {written}}}\n",
                f"{place}: CM501 {path}: a reference without its closing brace; accepted: ${{NAME}}, "
                "${NAME:-default} or ${NAME:?message}; write $$ for a dollar sign that is only that",
            )
            for written, place, path in (
                ('"${A"', "1:14", "web.token"),
                ('{file: "${A"}', "1:21", "web.token.file"),
                ('{command: [a, "${A"]}', "1:24", "web.token.command"),
            )
        ),
        (
            f"web: {{token: {'x' * 8193}}}\n",
            "1:14: CM303 web.token: a text of 8,193 characters; accepted: at most 8,192",
        ),
        (
            "# nothing\n",
            "1:1: CM203 the file is empty; accepted: groups, health, web; delete it, or write {} for the "
            "defaults",
        ),
        ("[orders]\n", "1:1: CM203 a list instead of settings; accepted: groups, health, web"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_what_would_be_accepted(
    write_registry: WriteRegistry, text: str, problem: str
) -> None:
    assert problems(write_registry(text)) == [f"_registry.yaml:{problem}"]


def test_everything_that_is_wrong_is_said_at_once(write_registry: WriteRegistry) -> None:
    text = (
        "groups: {a: [nobody, orders, orders], b c: [nobody], d e: [nobody]}\n"
        "health: {max_monitors: two}\nweb: {rise: 0, token: 1}\nzzz: 1\n"
    )

    assert [line.split()[2] for line in problems(write_registry(text))] == [
        *("groups.a.0:", "groups.a.2:", "groups.….0:", "groups.….0:"),
        *("health.max_monitors:", "web.rise:", "web.token:", "zzz:"),
    ]


def test_yaml_that_cannot_be_read_is_a_problem_of_it_alone(write_registry: WriteRegistry) -> None:
    result = load_profiles(write_registry("[a\n"))

    assert [problem.code for problem in result.problems] == ["CM201"]
    assert set(result.profiles) == {"orders", "billing", "warehouse"}


def test_a_directory_of_its_name_is_a_problem(write_registry: WriteRegistry) -> None:
    directory = write_registry("{}\n")
    (directory / "_registry.yaml").unlink()
    (directory / "_registry.yaml").mkdir()

    assert "CM101 a directory with the name of a profile file" in problems(directory)[0]


def test_two_of_them_are_a_problem(write_registry: WriteRegistry) -> None:
    directory = write_registry("{}\n", {"_registry.yml": "{}\n"})

    assert problems(directory) == [
        "_registry.yml:1:1: CM108 two files for the registry: _registry.yaml and _registry.yml; accepted: "
        "one of them; delete one of them"
    ]


@pytest.mark.parametrize("is_there", [True, False])
def test_it_is_no_base(write_registry: WriteRegistry, *, is_there: bool) -> None:
    bases = {"orders.yaml": "extends: _registry\nurl: sqlite://\n", "_common.yaml": "pool: {size: 1}\n"}
    directory = write_registry("{}\n", bases)
    if not is_there:
        (directory / "_registry.yaml").unlink()

    assert problems(directory) == [
        "orders.yaml:1:10: CM401 extends: _registry, which is no base: the file of that name is about all "
        "profiles together; accepted: _common"
    ]


def test_no_entry_of_a_file_of_several_has_its_name(write_registry: WriteRegistry) -> None:
    several = {"t.profiles.yaml": "profiles:\n  _registry: {url: 'sqlite://'}\n  t: {extends: _registry}\n"}

    name, base = problems(write_registry("{}\n", several))

    assert name.startswith(
        "t.profiles.yaml:2:3: CM106 profiles._registry: _registry, the name of the file about all profiles"
    )
    assert base.startswith("t.profiles.yaml:3:16: CM401 profiles.t.extends: _registry, which is no base")


def test_a_base_is_no_member(write_registry: WriteRegistry) -> None:
    directory = write_registry("groups: {a: [_common]}\n", {"_common.yaml": "url: sqlite://\n"})

    assert problems(directory) == [
        '_registry.yaml:1:14: CM303 groups.a.0: "_common", which is a base and no profile; accepted: the '
        "name of a profile in this directory; name the profiles that extend it"
    ]


def test_a_profile_with_a_problem_of_its_own_is_known_all_the_same(write_registry: WriteRegistry) -> None:
    directory = write_registry("groups: {a: [orders]}\n", {"orders.yaml": "[a\n"})

    assert [line.split(":")[0] for line in problems(directory)] == ["orders.yaml"]


def test_who_may_stand_in_a_file_that_cannot_be_read_is_not_called_unknown(
    write_registry: WriteRegistry,
) -> None:
    directory = write_registry("groups: {a: [north, orders, orders]}\n", SHARED)

    registry, several = problems(directory)

    assert registry.startswith('_registry.yaml:1:29: CM303 groups.a.2: "orders" a second time')
    assert several.startswith("tenants.profiles.yaml")


def test_with_some_profiles_alone_a_name_that_no_file_has_is_a_problem_still(
    write_registry: WriteRegistry,
) -> None:
    directory = write_registry("groups: {a: [nobody]}\n")

    with pytest.raises(ConfigError, match="nobody"):
        Registry.load(directory, names=["orders"])


def test_of_many_wrong_names_the_first_are_asked_about_for_that_takes_time(
    write_registry: WriteRegistry,
) -> None:
    unknown = ", ".join(f"order{number}" for number in range(2 * MOST_ASKED))
    directory = write_registry(f"groups: {{a: [{unknown}]}}\n")

    found = load_profiles(directory).problems

    assert len(found) == 2 * MOST_ASKED
    assert [problem.hint for problem in found].count('did you mean "orders"?') == MOST_ASKED


def shown(text: str, file: Mapping[str, object] | None = None) -> str:
    """Everything that the command and the API would say of a file with this text."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "orders.yaml").write_text("url: sqlite://\n")
        (directory / "_registry.yaml").write_text(text if file is None else dump(file))
        lines = ["", *(directory / "_registry.yaml").read_text().split("\n"), ""]
        result = load_profiles(directory)
        said = [repr(result), render(result.problems, "json"), render(result.problems, "github")]
        said += (with_source(problem, lines[problem.place.line]) for problem in result.problems)
        try:
            said.append(repr(vars(Registry.load(directory, environ={}))))
        except ConfigError as error:
            said.append(f"{error} {error.problems!r}")
        return "\n".join(said)


SECRETS = st.sampled_from(
    [SECRET, f"{SECRET}${{A", f"${{A:-{SECRET}}}", f"{SECRET}\x07", f"a://u:{SECRET}@h"]
)
WRITTEN = st.recursive(
    SECRETS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(
            st.sampled_from(["file", "command", "fil", "x"]) | SECRETS, inner, min_size=1, max_size=2
        )
    ),
    max_leaves=3,
)
OTHERS = {
    "details": st.sampled_from(["token", "always", 1, None]),
    "rise": st.sampled_from([0, 2, "x", None]),
    "zzz": SECRETS,
}


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({"token": WRITTEN}, optional=OTHERS), st.permutations(["groups", "web", "zzz"]))
def test_whatever_is_written_as_the_token_no_message_shows_it(
    web: dict[str, object], keys: list[str]
) -> None:
    whole = {"web": web, "groups": {"a": ["order"]}, "zzz": SECRET}

    assert SECRET not in shown("", {key: whole[key] for key in keys})


@pytest.mark.parametrize(
    "text",
    [
        f"web: {{token: {{{SECRET}: x}}}}\n",
        f"web: {{token: {SECRET}, rise: 0}}\n",
        f"web: {{rise: 0, token: {SECRET}}}\n",
        f"web:\n  rise: 0\n  token: >\n    rise: {SECRET}\n",
        f'web: {{token: "{SECRET}\n',
        f"web: {SECRET}\n",
        f"web:\n  token {SECRET}\n",
        f"web:\n  token:{SECRET}\n",
        f"web: {{token: &a {SECRET}, rise: *a}}\n",
        f"web: {{token: &a {SECRET}}}\ngroups: {{a: [*a, *a]}}\n",
        f'web: {{token: {{{SECRET}: "x\\a"}}}}\n',
        f"web: {{token: !x {SECRET}}}\n",
        f"web: {{token: x, token: {SECRET}}}\n",
        f"web:\n\ttoken: {SECRET}\n",
    ],
)
def test_no_message_shows_what_was_to_be_the_token(text: str) -> None:
    assert SECRET not in shown(text)


def test_no_profile_extends_it(tmp_path: Path) -> None:
    (tmp_path / "_registry.yaml").write_text("health: {max_monitors: 3}\n")
    (tmp_path / "orders.yaml").write_text("extends: _registry\nurl: sqlite://\n")

    (problem,) = problems(tmp_path)

    assert problem.startswith("orders.yaml:1:10: CM401 extends: _registry, which is no base")
