"""URLs as libpq's documentation, providers and attackers write them, with the settings that each gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connmgr.config.loader import LoadResult
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server
from tests.rig.urls import GIVEN

Settle = Callable[..., Settings]
Load = Callable[[str], LoadResult]


def server(server: Server) -> str:
    address = f"={server.hostaddr}" if server.hostaddr else ""
    return f"{server.host}{address}:{server.port}"


@pytest.mark.parametrize(("url", "servers", "user", "dbname", "password", "more"), GIVEN)
async def test_a_url_gives_exactly_these_settings(
    settled: Settle,
    url: str,
    servers: str,
    user: str | None,
    dbname: str,
    password: str | None,
    more: dict[str, Any],
) -> None:
    target = settled(json.dumps({"url": url})).target

    assert isinstance(target, PostgresTarget)
    defaults = {"sslmode": "verify-full", "application_name": "connmgr/orders"}
    assert target == PostgresTarget(target.servers, dbname, user, target.password, **{**defaults, **more})
    assert ",".join(map(server, target.servers)) == servers
    assert (await target.password.get()).reveal() == password if target.password else password is None


def test_a_connect_timeout_in_the_url_is_that_of_the_profile(settled: Settle) -> None:
    assert settled("url: postgresql://u@h/d?connect_timeout=10\n").timeouts.connect == 10.0


def test_libpqs_example_of_a_service_is_one(load: Load) -> None:
    assert load("url: postgresql://?service=orders\n").problems == ()
