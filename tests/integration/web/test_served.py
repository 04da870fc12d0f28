"""The application behind a real server, as a kubelet sees it: on time, through an outage, without a body."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from connmgr import Registry
from tests.rig.pool import Clock
from tests.rig.postgres import PostgresServer
from tests.rig.probes import HEALTH_JSON, WELL, Browse, Load, Write, alike, down
from tests.rig.proxy import FaultProxy
from tests.rig.timetable import every, worst
from tests.rig.wait import wait_until

PERIOD, PATIENCE = 0.1, 1.0
PATHS = ("/livez", "/readyz", "/startupz", "/health", "/health/orders", "/health?group=readiness", "/metrics")
SAME = ("content-type", "content-length", "cache-control", "vary", "www-authenticate")


@pytest.mark.parametrize("kind", [HEALTH_JSON, "text/plain"])
@pytest.mark.parametrize("path", [*PATHS, "/health/nobody", "/nothing"])
async def test_head_has_the_headers_of_get_and_no_body(
    load: Load, serve: Browse, write_registry_file: Write, path: str, kind: str
) -> None:
    write_registry_file(web={"details": "always"})
    async with load(orders={**WELL, "health": {"ttl": "1h"}}) as registry, serve(registry) as client:
        got = await client.get(path, headers={"Accept": kind})
        head = await client.head(path, headers={"Accept": kind})

    assert (head.status_code, head.content) == (got.status_code, b"")
    assert [head.headers.get(name) for name in SAME] == [got.headers.get(name) for name in SAME]


async def test_head_of_what_is_down_has_its_status(load: Load, serve: Browse) -> None:
    async with load(orders=down()) as registry, serve(registry) as client:
        told = [(await client.head(path)).status_code for path in ("/readyz", "/startupz", "/livez")]

    assert told == [503, 503, 200]


@pytest.mark.parametrize("path", PATHS)
async def test_post_is_not_allowed(load: Load, serve: Browse, path: str) -> None:
    async with load(orders=WELL) as registry, serve(registry) as client:
        assert (await client.post(path, content=b"x" * 100_000)).status_code == 405


async def test_no_header_names_what_serves_beyond_the_server(load: Load, serve: Browse) -> None:
    async with load(orders=WELL) as registry, serve(registry) as client:
        answer = await client.get("/health")

    assert answer.headers.keys() == {
        *("date", "server", "content-length", "content-type", "cache-control", "vary"),
    }
    assert answer.headers["server"] == "uvicorn"


class Kubelet:
    """Probes one page, one probe after the other; `heard` are the status codes, and how many checks in a
    row had come to the same by then.
    """

    def __init__(self, client: httpx.AsyncClient, registry: Registry, path: str) -> None:
        self._client = client
        self._registry = registry
        self._path = path
        self._probing = asyncio.Lock()
        self.heard: list[tuple[int, int]] = []

    @property
    def last(self) -> int | None:
        """The status code that was heard last."""
        return self.heard[-1][0] if self.heard else None

    def turns(self) -> list[tuple[int, int]]:
        """Return the first that was heard, and each that was other than the one before it."""
        before = [None, *(code for code, _ in self.heard)]
        return [each for each, last in zip(self.heard, before, strict=False) if each[0] != last]

    async def probe(self) -> None:
        """Ask, and fail when there is no answer in time."""
        async with self._probing:
            answer = await self._client.get(self._path, timeout=PATIENCE)
            self.heard.append((answer.status_code, alike(self._registry, "orders")))


@pytest.mark.parametrize(("rise", "fall"), [(2, 3), (1, 1)])
async def test_ready_follows_a_restart_of_the_database_and_live_does_not(
    load: Load, serve: Browse, write_registry_file: Write, own_postgres: PostgresServer, rise: int, fall: int
) -> None:
    write_registry_file(web={"rise": rise, "fall": fall}, groups={"liveness": ["orders"]})
    profile = {"url": own_postgres.url(), "health": {"ttl": "50ms", "timeout": "500ms"}}
    async with load(orders=profile) as registry, serve(registry) as client:
        live, ready = Kubelet(client, registry, "/livez"), Kubelet(client, registry, "/readyz")
        async with every(PERIOD, live.probe) as lives, every(PERIOD, ready.probe) as readies:
            await wait_until(lambda: ready.last == 200, what="the first probe")
            await asyncio.to_thread(own_postgres.stop)
            await wait_until(lambda: ready.last == 503, what="ready to turn off")
            await asyncio.to_thread(own_postgres.start)
            await wait_until(lambda: ready.last == 200, what="ready to turn on")

    (_, _), (off, failed), (on, passed) = ready.turns()
    assert (off, on) == (503, 200)
    # A probe that does not wait for a check that takes long hears of it with the next.
    assert fall <= failed <= fall + 1
    assert rise <= passed <= rise + 1
    assert {code for code, _ in live.heard} == {200}
    assert [answer.error for answer in (*lives, *readies)] == [None] * (len(lives) + len(readies))


async def test_probes_are_in_time_while_the_database_is_silent(
    load: Load, serve: Browse, write_registry_file: Write, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    write_registry_file(web={"rise": 2, "fall": 3}, groups={"liveness": ["orders"]})
    url = postgres.url(port=proxy.port, sslmode="disable")
    profile = {"url": url, "health": {"ttl": "50ms", "timeout": "300ms"}}
    async with load(orders=profile) as registry, serve(registry) as client:
        live, ready = Kubelet(client, registry, "/livez"), Kubelet(client, registry, "/readyz")
        async with every(PERIOD, live.probe) as lives, every(PERIOD, ready.probe) as readies:
            await wait_until(lambda: ready.last == 200, what="the first probe")
            proxy.blackhole()
            await wait_until(lambda: ready.last == 503, what="ready to turn off")
            proxy.heal()
            await wait_until(lambda: ready.last == 200, what="ready to turn on")

    assert [code for code, _ in ready.turns()] == [200, 503, 200]
    assert {code for code, _ in live.heard} == {200}
    assert [answer.error for answer in (*lives, *readies)] == [None] * (len(lives) + len(readies))
    assert worst(lives) < PATIENCE


async def test_a_silent_profile_that_is_not_critical_delays_no_frequent_probe(
    load: Load, serve: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    """With the time-outs that hold where none is written, which are the kubelet's too."""
    minor = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": {"critical": False}}
    async with load(orders=WELL, minor=minor) as registry, serve(registry) as client:
        well = await _code(client, "/readyz")
        proxy.blackhole()
        told = [await _code(client, "/readyz") for _ in range(3)]

    assert [well, *told] == [200] * 4


async def test_a_silent_profile_that_is_not_critical_delays_no_probe_of_a_kubelet(
    load: Load, serve: Browse, postgres: PostgresServer, proxy: FaultProxy, clock: Clock
) -> None:
    """Every 10 s with 1 s of patience, as a kubelet probes and profiles are checked unless told otherwise."""
    minor = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": {"critical": False}}
    async with load(orders=WELL, minor=minor) as registry, serve(registry) as client:
        well = await _code(client, "/readyz")
        proxy.blackhole()
        told = []
        for _ in range(2):
            clock.advance(10.0)
            told.append(await _code(client, "/readyz"))
            await wait_until(lambda: not _looks(), what="the look to end")

    assert (well, told) == (200, [200] * 2)


def _looks() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "connmgr web health"]


async def _code(client: httpx.AsyncClient, path: str) -> int | None:
    """Return the status code; None when it did not come in a kubelet's time."""
    try:
        return (await client.get(path, timeout=PATIENCE)).status_code
    except httpx.TimeoutException:
        return None


async def test_many_clients_at_once_are_all_answered(
    load: Load, serve: Browse, postgres: PostgresServer, proxy: FaultProxy
) -> None:
    profile = {"url": postgres.url(port=proxy.port, sslmode="disable"), "health": {"ttl": "1h"}}
    async with load(orders=profile) as registry, serve(registry) as client:
        answers = await asyncio.gather(*(client.get("/readyz", timeout=10.0) for _ in range(200)))

    assert {answer.status_code for answer in answers} == {200}
    assert proxy.accepted == 1
