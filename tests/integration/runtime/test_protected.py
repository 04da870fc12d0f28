"""A protected profile is for no test: whichever way one asks, it is refused, and health still answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import text

from connmgr import ProtectedProfile, Registry, Status
from connmgr.runtime.handle import Handle
from tests.rig.failed import error_of

Load = Callable[..., Registry]
NAME = "orders"
PROFILE = {"url": "sqlite://", "protected": True}
USE = """
import asyncio, sys
from connmgr import Registry
async def main():
    async with Registry.load(sys.argv[1]) as registry, registry.session("orders"):
        print("in")
asyncio.run(main())
"""


async def test_every_way_to_a_connection_is_refused_with_the_reason(load: Load) -> None:
    async def work(_: object) -> None:
        pytest.fail("it must not come so far")

    async with load(orders=PROFILE) as registry:
        ways = [
            lambda: registry.session(NAME),
            lambda: registry.begin(NAME),
            lambda: registry.connect(NAME),
            lambda: registry.engine(NAME),
            registry.sessionmaker(NAME),
        ]
        for way in ways:
            with pytest.raises(ProtectedProfile, match=r"profile 'orders' is protected, and pytest runs"):
                way()
        assert isinstance(await error_of(registry.run(NAME, work)), ProtectedProfile)
        assert isinstance(await error_of(anext(registry.dependency(NAME)())), ProtectedProfile)


async def test_an_engine_that_somebody_built_past_the_registry_does_not_connect(load: Load) -> None:
    async with load(orders=PROFILE) as registry:
        handle = Handle(registry.settings(NAME))
        connection = handle.engine.connect()

        assert isinstance(await error_of(connection.start()), ProtectedProfile)

        assert handle.stats().created == 0
        await handle.retire(0)


async def test_health_still_answers(load: Load) -> None:
    async with load(orders=PROFILE) as registry:
        assert (await registry.health(NAME)).status is Status.HEALTHY


async def test_the_registrys_own_environ_decides_nothing(load: Load) -> None:
    async with load({"CONNMGR_ENV": "production"}, orders=PROFILE) as registry:
        with pytest.raises(ProtectedProfile):
            registry.session(NAME)


async def test_a_registry_that_wants_it_at_startup_opens_without_it(load: Load) -> None:
    async with load(orders={**PROFILE, "startup": "fail"}) as registry:
        assert registry.stats(NAME).created == 0


async def test_without_protection_a_test_may(load: Load) -> None:
    async with load(orders={"url": "sqlite://"}) as registry, registry.session(NAME) as session:
        assert await session.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "in\n"),
        ({"CONNMGR_ENV": "production"}, "in\n"),
        ({"CONNMGR_ENV": "test"}, "CONNMGR_ENV is test"),
        ({"PYTEST_VERSION": "9"}, "pytest runs (PYTEST_VERSION is set)"),
        ({"PYTEST_CURRENT_TEST": "t"}, "pytest runs (PYTEST_CURRENT_TEST is set)"),
    ],
    ids=str,
)
def test_the_environment_of_the_process_decides(
    load: Load, tmp_path: object, environ: dict[str, str], expected: str
) -> None:
    load(orders=PROFILE)

    ended = subprocess.run(
        [sys.executable, "-c", USE, f"{tmp_path}/profiles"], env=environ, capture_output=True, text=True
    )

    assert expected in ended.stdout + ended.stderr
    assert ended.returncode == (0 if expected == "in\n" else 1)
