"""Profiles and settings are values: they compare, show no secret, and name their place."""

from __future__ import annotations

import dataclasses
import json

import pytest

from connmgr import Place, Profile, Secret
from connmgr.settings import PoolSettings, Settings
from connmgr.target import PostgresTarget, Server, SQLiteTarget

CANARY = "hunter2-canary"
SERVER = Server("db.internal")


class Vault:
    """A source whose secret is always the same."""

    def describe(self) -> str:
        return "${ORDERS_PASSWORD}"

    async def get(self) -> Secret:
        return Secret(CANARY)


def profile(**values: object) -> Profile:
    places = {("url",): Place("orders.yaml", 2, 6), ("pool",): Place("orders.yaml", 3, 7)}
    return Profile("orders", "orders.yaml", {"url": Secret(CANARY), **values}, places)


def postgres(**changes: object) -> PostgresTarget:
    target = PostgresTarget((SERVER,), "orders", "app", Vault(), "verify-full", "connmgr/orders")
    return dataclasses.replace(target, **changes)  # type: ignore[arg-type]


def test_a_place_that_is_written_is_found() -> None:
    assert profile().place("url") == Place("orders.yaml", 2, 6)


def test_a_place_that_is_not_written_is_its_nearest_parent() -> None:
    assert profile().place("pool", "size") == Place("orders.yaml", 3, 7)
    assert profile().place("health", "timeout") == Place("orders.yaml", 1, 1)


def test_a_description_is_empty_when_none_is_written() -> None:
    assert profile(description="Orders").description == "Orders"
    assert profile().description == ""


def test_profiles_that_say_the_same_in_other_places_are_equal() -> None:
    moved = dataclasses.replace(profile(), places={("url",): Place("orders.yaml", 9, 1)})

    assert profile() == moved


def test_a_profiles_repr_shows_no_value_of_the_file() -> None:
    assert repr(profile()) == "Profile(name='orders', file='orders.yaml')"


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (postgres(), "postgresql://app@db.internal:5432/orders"),
        (postgres(user=None), "postgresql://db.internal:5432/orders"),
        (postgres(servers=(Server("::1"),)), "postgresql://app@[::1]:5432/orders"),
        (postgres(servers=(SERVER, Server("b", 1))), "postgresql://app@db.internal:5432,b:1/orders"),
        (SQLiteTarget("/srv/orders.db"), "sqlite:////srv/orders.db"),
        (SQLiteTarget(None), "sqlite://"),
    ],
)
def test_a_target_has_a_url_for_people(target: PostgresTarget | SQLiteTarget, url: str) -> None:
    assert target.url == url
    assert target.to_dict()["url"] == url


def test_a_target_shows_where_its_password_comes_from_and_never_the_password() -> None:
    shown = postgres().to_dict()

    assert shown["password"] == "******** (${ORDERS_PASSWORD})"
    assert CANARY not in json.dumps(shown)
    assert postgres(password=None).to_dict()["password"] is None


def test_a_pooled_profile_has_a_most_and_one_without_a_pool_has_none() -> None:
    assert PoolSettings(size=10, max_overflow=20).max == 30
    assert PoolSettings(mode="none").max is None


def test_settings_are_compared_by_value_and_cannot_be_changed() -> None:
    settings = Settings("orders", SQLiteTarget(None))

    assert settings == Settings("orders", SQLiteTarget(None))
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.name = "billing"  # type: ignore[misc]
