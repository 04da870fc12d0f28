"""Groups of profiles: those that are written, and those that have a meaning without."""

from __future__ import annotations

import pytest

from connmgr.errors import ConnmgrError, UnknownGroup
from connmgr.registry_settings import RegistryHealth, RegistrySettings, WebSettings

PROFILES = ("orders", "billing")


def test_the_defaults_are_those_of_a_directory_without_the_file() -> None:
    settings = RegistrySettings()

    assert (settings.groups, settings.health, settings.web) == ({}, RegistryHealth(5), WebSettings("never"))
    assert (settings.web.token, settings.web.rise, settings.web.fall) == (None, 2, 3)


@pytest.mark.parametrize(
    ("group", "members"), [("readiness", PROFILES), ("startup", PROFILES), ("liveness", ())]
)
def test_a_group_with_a_meaning_needs_not_be_written(group: str, members: tuple[str, ...]) -> None:
    assert RegistrySettings().group(group, PROFILES) == members


@pytest.mark.parametrize("group", ["readiness", "startup", "liveness", "reporting"])
@pytest.mark.parametrize("members", [("billing",), ()])
def test_a_group_that_is_written_has_the_members_that_are_written(
    group: str, members: tuple[str, ...]
) -> None:
    assert RegistrySettings({group: members}).group(group, PROFILES) == members


def test_a_group_of_ones_own_that_is_not_written_is_an_error_that_asks_for_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownGroup) as raised:
        RegistrySettings({"reporting": ()}).group("Reports", PROFILES)

    assert str(raised.value) == (
        "no group named 'Reports'; there are: liveness, readiness, reporting, startup; did you mean "
        '"reporting"?'
    )
    assert isinstance(raised.value, ConnmgrError)
    assert isinstance(raised.value, KeyError)


def test_settings_are_values() -> None:
    assert RegistrySettings() == RegistrySettings()
    assert hash(RegistrySettings()) == hash(RegistrySettings())
    assert RegistrySettings({"a": ("b",)}) != RegistrySettings()
