"""`_registry.yaml` says what holds for all profiles of its directory together."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry as Schemas
from referencing import Resource

from connmgr import ConfigError, Registry, UnknownGroup
from connmgr.config.loader import load_profiles
from connmgr.config.resources import REGISTRY_SCHEMA, SCHEMAS, resource
from connmgr.loaded import LoadedProfiles
from connmgr.registry_settings import RegistryHealth, RegistrySettings, WebSettings
from connmgr.secret import Environment, SecretSource

SECRET = "t0ken-canary"
WriteRegistry = Callable[..., Path]


def token(directory: Path, **environ: str) -> SecretSource:
    source = Registry.load(directory, environ=environ).options.web.token
    assert source is not None
    return source


def test_without_the_file_the_defaults_hold(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text("url: sqlite://\n")

    registry = Registry.load(tmp_path)

    assert registry.options == RegistrySettings()
    assert (registry.group("readiness"), registry.group("startup")) == (("orders",), ("orders",))
    assert registry.group("liveness") == ()


def test_what_it_says_holds(write_registry: WriteRegistry) -> None:
    directory = write_registry(
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


def test_a_whole_number_with_a_point_is_that_number(write_registry: WriteRegistry) -> None:
    options = Registry.load(write_registry("health: {max_monitors: 5.0}\nweb: {rise: 2.0}\n")).options

    assert (type(options.health.max_monitors), type(options.web.rise)) == (int, int)


def test_a_mapping_without_keys_is_the_defaults(write_registry: WriteRegistry) -> None:
    assert Registry.load(write_registry("# nothing yet\n{}\n")).options == RegistrySettings()


def test_a_group_that_is_not_written_is_an_error_that_names_the_one_that_was_meant(
    write_registry: WriteRegistry,
) -> None:
    registry = Registry.load(write_registry("groups: {reporting: [warehouse]}\n"))

    with pytest.raises(UnknownGroup, match=r"no group named 'reports'.*did you mean \"reporting\""):
        registry.group("reports")


def test_it_is_read_with_the_other_ending_too(write_registry: WriteRegistry) -> None:
    directory = write_registry("{}\n", {"_registry.yml": "health: {max_monitors: 2}\n"})
    (directory / "_registry.yaml").unlink()

    assert Registry.load(directory).options.health.max_monitors == 2


def test_a_profile_of_a_file_of_several_may_be_a_member(write_registry: WriteRegistry) -> None:
    several = {"tenants.profiles.yaml": "profiles: {north: {url: 'sqlite://'}}\n"}

    assert Registry.load(write_registry("groups: {a: [north]}\n", several)).group("a") == ("north",)


def test_a_registry_takes_options_that_no_file_says() -> None:
    options = RegistrySettings({"a": ("b",)})

    assert Registry({}, options=options).options is options
    assert LoadedProfiles({}).options == RegistrySettings()


def test_the_token_is_asked_for_when_it_is_needed(write_registry: WriteRegistry, tmp_path: Path) -> None:
    directory = write_registry("web: {details: token, token: {file: token.txt}}\n")
    source = token(directory)
    (tmp_path / "token.txt").write_text(SECRET)
    (tmp_path / "token.txt").chmod(0o600)

    assert asyncio.run(source.get()).reveal() == SECRET


@pytest.mark.parametrize(
    "written",
    [SECRET, "'${TOKEN}'", "'t0ken-${END}'", "{env: TOKEN}", "{command: [printf, '%s', '${TOKEN}']}"],
)
def test_the_token_may_come_from_where_a_password_may(write_registry: WriteRegistry, written: str) -> None:
    environ = {"TOKEN": SECRET, "END": "canary", "PATH": os.environ["PATH"]}

    source = token(write_registry(f"web: {{token: {written}}}\n"), **environ)

    assert asyncio.run(source.get()).reveal() == SECRET


def test_a_token_that_cannot_be_had_says_where_it_is_referred_to(write_registry: WriteRegistry) -> None:
    source = token(write_registry("web:\n  token: ${TOKEN}\n"))

    with pytest.raises(ConfigError, match=r"_registry\.yaml:2:10: CM502 web\.token: TOKEN is not set"):
        asyncio.run(source.get())


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("web: {token: '${TOKEN}'}", ["CM502"]),
        ("web: {token: {file: none}}", ["CM503"]),
        ("web: {token: {file: orders.yaml}}", ["CM505"]),
        ("web: {token: {command: [none-such]}}", ["CM504"]),
        ("web: {details: always}", []),
    ],
)
def test_what_keeps_the_token_from_being_had_is_found_when_asked_for(
    write_registry: WriteRegistry, written: str, codes: list[str]
) -> None:
    directory = write_registry(f"{written}\n")
    (directory / "orders.yaml").chmod(0o644)
    file = load_profiles(directory).registry

    assert file is not None
    assert [str(problem.code) for problem in file.unsettled(Environment({}))] == codes


@pytest.mark.parametrize("written", [SECRET, f"{{command: [echo, {SECRET}]}}", f"'${{X:-{SECRET}}}'"])
def test_nothing_that_was_loaded_shows_the_token(write_registry: WriteRegistry, written: str) -> None:
    directory = write_registry(f"web: {{details: token, token: {written}}}\n")
    result, registry = load_profiles(directory), Registry.load(directory)

    assert result.registry is not None
    for each in (result, result.registry, registry.options, registry.options.web.token, vars(registry)):
        assert SECRET not in f"{each} {each!r}"


def test_with_some_profiles_alone_a_group_has_those(write_registry: WriteRegistry) -> None:
    directory = write_registry("groups: {a: [orders, billing], b: [warehouse]}\n")

    registry = Registry.load(directory, names=["orders"])

    assert (registry.group("a"), registry.group("b")) == (("orders",), ())
    assert registry.group("readiness") == ("orders",)


def test_no_profile_is_read_for_being_a_member(write_registry: WriteRegistry) -> None:
    directory = write_registry("groups: {a: [orders, billing]}\n", {"billing.yaml": "[broken\n"})

    assert Registry.load(directory, names=["orders"]).group("a") == ("orders",)


def test_it_is_no_profile_of_its_own(write_registry: WriteRegistry) -> None:
    directory = write_registry("{}\n")

    assert set(load_profiles(directory).profiles) == {"orders", "billing", "warehouse"}
    assert load_profiles(directory, ["_registry"]).profiles == {}


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({}, True),
        ({"web": {"details": "token", "token": {"file": "x"}}}, True),
        ({"web": {"details": "always"}}, True),
        ({"web": {"details": "token"}}, False),
        ({"web": {"token": {"file": "x", "env": "X"}}}, False),
    ],
)
def test_an_editor_finds_what_the_schema_refers_to_beside_it(values: object, fits: bool) -> None:
    schemas = {name: json.loads(resource(name).read_text(encoding="utf-8")) for name in SCHEMAS}
    beside = Schemas().with_resources(
        (f"file:///{name}", Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    # What a schema refers to is looked for by its own name, and only one without a name by where it lies.
    editor = Draft202012Validator(
        {"$id": f"file:///{REGISTRY_SCHEMA}", **schemas[REGISTRY_SCHEMA]}, registry=beside
    )

    assert editor.is_valid(values) is fits
