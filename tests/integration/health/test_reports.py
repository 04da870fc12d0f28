"""Full, down, stuck, silent: a report tells them apart, in its time, and remembers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack

from jsonschema import Draft202012Validator

from connmgr import Registry, Status
from connmgr.config.resources import HEALTH_SCHEMA, resource
from connmgr.healthjson import health_json
from connmgr.runtime.health import Health
from tests.faults.measure import at_most
from tests.rig.pool import Clock
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.postgres import PostgresServer

Load = Callable[..., Registry]
ONE = {"size": 1, "max_overflow": 0}
FIELDS = {
    *("componentId", "componentType", "observedValue", "observedUnit", "status", "affectedEndpoints"),
    *("time", "output", "links"),
}


async def test_full_is_not_down_and_both_at_once_is_down(load: Load, own_postgres: PostgresServer) -> None:
    async with load(orders={"url": own_postgres.url(), "pool": ONE}) as registry:
        connection = await registry.engine("orders").connect()
        with at_most(0.2):
            full = await registry.health("orders")
        own_postgres.stop()
        both = await registry.health("orders")
        await connection.close()

    assert (full.status, full.reachable, full.saturated) == (Status.DEGRADED, True, True)
    assert (both.status, both.reachable, both.saturated) == (Status.UNHEALTHY, False, True)


async def test_a_server_that_hangs_does_not_hold_up_the_others(
    load: Load, own_postgres: PostgresServer, postgres: PostgresServer
) -> None:
    profiles = {"hung": {"url": own_postgres.url()}, "well": {"url": postgres.url()}}
    async with load(**profiles) as registry:
        await registry.health_all()
        own_postgres.freeze()
        with at_most(1.1):
            hung, well = await asyncio.gather(registry.health("hung"), _timed(registry, "well"))

    assert (hung.status, hung.reason) == (Status.UNHEALTHY, "timeout")
    assert well < 0.5


async def _timed(registry: Registry, name: str) -> float:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert (await registry.health(name)).status is Status.HEALTHY
    return loop.time() - begun


async def test_a_pool_to_which_nothing_comes_back_is_stuck_and_a_busy_one_is_not(
    load: Load, postgres: PostgresServer
) -> None:
    clock = Clock()
    health = {"stuck_after": "30s", "ttl": "1s"}
    profile = {"url": postgres.url(), "pool": ONE, "health": health}
    async with load(orders=profile) as registry:
        registry._health = Health(5, clock)

        async def look() -> str:
            clock.advance(1)
            return (await registry.health("orders")).reason

        async with AsyncExitStack() as stack:
            await stack.enter_async_context(registry.connect("orders"))
            busy = []
            for _ in range(60):
                await stack.aclose()
                await stack.enter_async_context(registry.connect("orders"))
                busy.append(await look())
            held = [await look() for _ in range(60)]
            was_stuck = registry.is_stuck("orders")
        after = [await look() for _ in range(3)]

    assert set(busy) == {"pool_saturated"}
    assert held.index("pool_stuck") in range(30, 34)
    assert was_stuck
    assert after[-1] == "ok"


async def test_it_says_since_when_and_what_was_before(load: Load, own_postgres: PostgresServer) -> None:
    async with load(orders={"url": own_postgres.url()}) as registry:
        first = await registry.health("orders")
        own_postgres.stop()
        for _ in range(3):
            down = await registry.health("orders")
        own_postgres.start()
        last = await registry.health("orders")
        history = registry.health_history("orders")

    assert [each.status for each in history.transitions] == ["healthy", "unhealthy", "healthy"]
    assert [each.reason for each in history.results] == ["ok", *["refused"] * 3, "ok"]
    assert first.checked_at == first.since
    assert down.since == history.transitions[1].checked_at < down.checked_at
    assert last.since == last.checked_at
    assert registry.last_health()["orders"] == last


async def test_json_keeps_to_the_published_schema(load: Load, postgres: PostgresServer) -> None:
    validator = Draft202012Validator(json.loads(resource(HEALTH_SCHEMA).read_text()))
    nobody = f"postgresql://app@{LOOPBACK}:{free_port()}/orders"
    profiles = {
        "well": {"url": postgres.url(), "breaker": {"failures": 3}},
        "memory": {"url": "sqlite://"},
        "down": {"url": nobody},
        "unset": {"url": "${NOT_SET}"},
    }
    async with load(**profiles) as registry, registry.connect("well"):
        reports = await registry.health_all()

    written = {"status": "unhealthy", "profiles": {name: each.to_dict() for name, each in reports.items()}}
    errors = [error.message for error in validator.iter_errors(json.loads(json.dumps(written)))]
    assert errors == []
    assert list(validator.iter_errors({**written, "status": "pass"}))


async def test_health_json_has_the_fields_of_the_draft(load: Load, postgres: PostgresServer) -> None:
    nobody = f"postgresql://app@{LOOPBACK}:{free_port()}/orders"
    profiles = {"well": {"url": postgres.url()}, "optional": {"url": nobody, "health": {"critical": False}}}
    async with load(**profiles) as registry:
        body = json.loads(json.dumps(health_json(await registry.health_all())))

    assert body["status"] == "warn"
    assert body["checks"]["optional:responseTime"][0]["status"] == "fail"
    assert "output" not in body["checks"]["well:responseTime"][0]
    assert body["checks"]["well:utilization"][0]["observedUnit"] == "percent"
    for key, checks in body["checks"].items():
        assert key.count(":") == 1
        for check in checks:
            assert {"componentId", "componentType", "status", "time"} <= check.keys()
            assert check["status"] in ("pass", "warn", "fail")
            extra = check.keys() - FIELDS
            assert extra <= {"reason", "critical", "since", "server"}
