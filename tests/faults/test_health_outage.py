"""Eight databases broken at once: each gets its reason in time, and the healthy ones do not wait."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import NamedTuple

import pytest

from tests.faults.outage import HEALTHY, REASONS, Outage, new_outage

pytestmark = pytest.mark.alone

TIMEOUT = 1.0  # health.timeout, the default
FORMS = [(), ("--json",), ("--json", "--log-level", "debug", "--log-format", "json")]
# Fails in the resolver's library, before any name server is asked: under the resolver that hangs, a
# name that merely does not exist would hang too.
NO_NAME = f"{'n' * 64}.invalid"
ROUNDS = """
import asyncio, json, sys, time
from connmgr import Registry

async def main():
    rounds = []
    async with Registry.load(sys.argv[1]) as registry:
        for _ in range(2):
            started = time.monotonic()
            reports = await registry.health_all()
            seconds = time.monotonic() - started
            rounds.append({"seconds": seconds, "profiles": {n: r.to_dict() for n, r in reports.items()}})
    print(json.dumps(rounds))

asyncio.run(main())
"""


@pytest.fixture
async def outage(postgres_template, postgres, tmp_path):
    async with new_outage(postgres_template, postgres, tmp_path / "profiles", unresolvable=NO_NAME) as outage:
        yield outage


class Ran(NamedTuple):
    """What a program did: exit status, outputs, and how long it took."""

    status: int
    out: str
    err: str
    seconds: float


async def run(*command: str) -> Ran:
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return Ran(process.returncode, out.decode(), err.decode(), time.monotonic() - started)


def reasons(profiles: dict[str, dict[str, object]]) -> dict[str, object]:
    return {name: report["reason"] for name, report in profiles.items()}


def shown_secrets(outage: Outage, *texts: str) -> list[str]:
    return [secret for secret in outage.secrets for text in texts if secret in text]


async def test_health_all_answers_in_time_with_the_reason_of_each(outage, resolver):
    ran = await run(*resolver.prefix, sys.executable, "-c", ROUNDS, str(outage.directory))

    assert (ran.status, ran.err) == (0, "")
    cold, warm = json.loads(ran.out)
    assert reasons(cold["profiles"]) == reasons(warm["profiles"]) == REASONS
    # The cold round imports the drivers and builds twelve engines too.
    assert cold["seconds"] <= 3 * TIMEOUT
    assert warm["seconds"] <= TIMEOUT + 0.2
    assert all(warm["profiles"][name]["latency_ms"] < 200 for name in HEALTHY)
    assert not shown_secrets(outage, ran.out, ran.err)


@pytest.mark.parametrize("form", FORMS)
async def test_the_command_answers_in_time_and_fails_without_a_secret(outage, resolver, form):
    health = (*resolver.prefix, sys.executable, "-m", "connmgr", "health")
    where = ("--profiles", str(outage.directory), *form)
    healthy = await run(*health, *where, *sorted(HEALTHY))

    ran = await run(*health, *where)

    assert (healthy.status, ran.status) == (0, 1)
    # How long a start takes is the machine's affair; `benchmarks.startup` measures it. A check that waits
    # for one database after the other, or for one that never answers, shows here all the same.
    assert ran.seconds - healthy.seconds <= 3 * TIMEOUT
    if "--json" in form:
        assert reasons(json.loads(ran.out)["profiles"]) == REASONS
    else:
        rows = [line.split() for line in ran.out.splitlines()]
        assert {words[0]: words[2] for words in rows if words[0] in REASONS} == REASONS
    assert not shown_secrets(outage, ran.out, ran.err)


async def test_a_host_that_the_name_server_does_not_know_is_a_failed_name_resolution(load):
    async with load(host={"url": "postgresql://app@nosuch.invalid/orders"}) as registry:
        report = await registry.health("host")

    assert report.reason == "name_resolution"
    assert "nosuch.invalid" in report.error.message
