"""Clients that are slow, silent, wrong, many or gone harm nobody, and what they began goes on."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import text

from connmgr.admin import client, conversation, protocol, server
from connmgr.admin.client import Refused
from connmgr.admin.protocol import LONGEST_REQUEST
from tests.rig.admin import ask, connected, lines, request, say
from tests.rig.wait import wait_until

MEMORY = {"url": "sqlite://"}


@pytest.fixture
def holder(pooled, served):
    """A served registry with somebody who has a connection: `async with holder() as registry`."""

    @asynccontextmanager
    async def holder(**settings):
        async with served(orders={**pooled, **settings}) as registry, registry.session("orders") as session:
            await session.execute(text("SELECT 1"))
            yield registry

    return holder


def error(answer):
    (line,) = answer
    return line["error"]


@pytest.mark.parametrize("sent", [b"", request("plan")[:-10]], ids=["idle", "half sent"])
async def test_a_client_that_does_not_send_its_request_is_told_and_closed(served, path, monkeypatch, sent):
    monkeypatch.setattr(conversation, "REQUEST_WITHIN", 0.05)
    async with served(orders=MEMORY):
        said = error(await say(path, sent))

    assert said == {"type": "Malformed", "message": "no whole line came within 0.05 s"}


async def test_a_request_that_is_too_long_is_refused_before_its_end(served, path):
    async with served(orders=MEMORY), connected(path) as (reader, writer):
        writer.write(b" " * (LONGEST_REQUEST + 1))
        said = error([line async for line in lines(reader)])

    assert said["message"] == f"a request is {LONGEST_REQUEST} bytes long at most"


async def test_a_request_may_come_in_pieces_and_end_with_the_clients_last_byte(served, path):
    async with served(orders=MEMORY):
        async with connected(path) as (reader, writer):
            for byte in request("pools"):
                writer.write(bytes([byte]))
                await writer.drain()
            in_pieces = [line async for line in lines(reader)]
        at_the_end = await say(path, request("pools")[:-1], ends=True)

    assert in_pieces == at_the_end == [{"version": 1, "answer": {}}]


async def test_what_follows_a_request_is_not_looked_at(served, path):
    async with served(orders=MEMORY) as registry:
        said = await say(path, request("pools") + request("disable", "orders"))

        assert [*said[0]] == ["version", "answer"]
        assert registry.service_state("orders") == "active"


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\n", b"\n", b"{}\n", b"[" * 100_000 + b"\n", b"\xff\xfe\x00\n", b"null\n"]
)
async def test_what_is_no_request_is_answered_and_no_traceback_is_shown(served, path, sent, log):
    async with served(orders=MEMORY):
        said = await say(path, sent)

    assert said == [] if sent == b"\n" else error(said)["type"] == "Malformed"
    assert log == []


async def test_a_hundred_idle_clients_keep_no_operator_out(served, path):
    async with served(orders=MEMORY) as registry, AsyncExitStack() as idle:
        for _ in range(100):
            await idle.enter_async_context(connected(path))
        answer = await ask(path, "disable", "orders")

        assert answer["orders"]["state"] == "disabled"
        assert registry.service_state("orders") == "disabled"
        assert clients() <= server.MOST_CLIENTS


def clients() -> int:
    return sum(task.get_name() == "connmgr admin client" for task in asyncio.all_tasks())


async def test_when_all_clients_wait_for_their_answers_one_more_is_told_so(holder, path, monkeypatch):
    monkeypatch.setattr(server, "MOST_CLIENTS", 3)
    async with holder(reload={"drain_timeout": "1m"}) as registry, AsyncExitStack() as waiting:
        for _ in range(3):
            _, writer = await waiting.enter_async_context(connected(path))
            writer.write(request("pause", "orders"))
        await wait_until(lambda: working("pause") == 3)
        with pytest.raises(Refused, match="3 clients wait for their answers; try again later") as refused:
            await ask(path, "pools")

        assert registry.service_state("orders") == "paused"
    assert refused.value.type == "Busy"


def working(verb: str) -> int:
    return sum(task.get_name() == f"connmgr admin {verb}" for task in asyncio.all_tasks())


async def test_who_waits_is_told_that_it_goes_on(holder, path, monkeypatch):
    monkeypatch.setattr(conversation, "WAITING_EVERY", 0.02)
    async with holder():
        *waiting, last = await say(path, request("pause", "orders"))

    assert len(waiting) > 2
    assert waiting == [{"version": 1, "waiting": True}] * len(waiting)
    assert last["answer"]["orders"]["state"] == "paused"


async def test_a_verb_goes_on_when_its_client_goes_away_and_gives_its_place_free(holder, path, monkeypatch):
    """As `connmgr drain` does after Ctrl-C: the engine is closed under whoever is left, as was asked for."""
    monkeypatch.setattr(conversation, "WAITING_EVERY", 0.02)
    async with holder(reload={"drain_timeout": "500ms"}) as registry:
        async with connected(path) as (_, writer):
            writer.write(request("drain", "orders"))
            await wait_until(lambda: working("drain") == 1)
        await wait_until(lambda: clients() == 0)

        assert (working("drain"), len(registry.holders("orders"))) == (1, 1)
        await wait_until(lambda: working("drain") == 0)
        assert registry.holders("orders") == ()


async def test_a_reload_is_not_cut_in_half_by_its_client(served, path, load, pooled):
    async with served(orders=pooled) as registry:
        load(orders={**pooled, "pool": {"mode": "pooled", "size": 7}})
        async with registry._reloading, connected(path) as (_, writer):
            writer.write(request("reload"))
            await wait_until(lambda: working("reload") == 1)
        await wait_until(lambda: working("reload") == 0)

        assert registry.settings("orders").pool.size == 7


async def test_a_client_that_does_not_read_is_given_up(served, path, monkeypatch):
    monkeypatch.setattr(conversation, "READS_WITHIN", 0.05)
    async with served(orders=MEMORY) as registry:
        names = [f"p{number:060}" for number in range(10_000)]
        registry._profiles = dict.fromkeys(names, registry["orders"])
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(path))
            await asyncio.to_thread(silent.sendall, request("holders", *names))
            await wait_until(lambda: working("holders") == 1)
            await wait_until(lambda: working("holders") == clients() == 0)


async def test_leaving_ends_everything_and_tells_who_waits(holder, path):
    """`tidy_loop` sees to it that no task and no connection is left."""
    async with AsyncExitStack() as left_open:
        async with holder(reload={"drain_timeout": "1m"}):
            idle, _ = await left_open.enter_async_context(connected(path))
            waiting, writer = await left_open.enter_async_context(connected(path))
            writer.write(request("pause", "orders"))
            await wait_until(lambda: working("pause") == 1)

        said = [line async for line in lines(waiting)]
        assert await idle.read() == b""
    assert error(said) == {"type": "Stopping", "message": "the process stops"}


async def test_no_file_left_for_a_client_is_logged_and_tried_again(served, path, log, monkeypatch):
    """The limit of this process is lowered to what it has open."""
    monkeypatch.setattr(server, "_RETRY_AFTER", 0.05)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with served(orders=MEMORY):
        with socket.socket(socket.AF_UNIX) as silent:
            silent.setblocking(False)
            spare = os.dup(silent.fileno())
            resource.setrlimit(resource.RLIMIT_NOFILE, (spare, limits[1]))
            try:
                silent.connect(str(path))
                await wait_until(lambda: bool(log))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
                os.close(spare)
            silent.sendall(request("pools"))
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(5):
                said = await loop.sock_recv(silent, 1000)

    assert json.loads(said) == {"version": 1, "answer": {}}
    assert log[0]["message"] == "admin: cannot accept a client: Too many open files"


def test_a_client_is_told_more_often_than_it_gives_up():
    assert protocol.WAITING_EVERY * 3 < client.SPEAKS_WITHIN
