"""What is asked for over the socket is what the registry then does."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from connmgr import ProfileDisabled
from connmgr.admin.client import Refused
from connmgr.admin.verbs import AT_A_TIME
from tests.rig.admin import ask
from tests.rig.wait import wait_until

MEMORY = {"url": "sqlite://"}


async def hold(registry, name, taken, enough):
    """Be somebody who has a connection until told that it is enough."""
    async with registry.session(name) as session:
        await session.execute(text("SELECT 1"))
        taken.set()
        await enough.wait()


@pytest.fixture
def holding():
    """`async with holding(registry, "orders"):` somebody has a connection."""

    @asynccontextmanager
    async def holding(registry, name):
        taken, enough = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(registry, name, taken, enough), name="a report")
            await taken.wait()
            yield
            enough.set()

    return holding


async def test_plan_and_reload_answer_with_what_changes(served, path, pooled, load):
    async with served(orders=pooled, reports=MEMORY) as registry:
        load(orders={**pooled, "pool": {"mode": "pooled", "size": 7}})
        planned = await ask(path, "plan")
        assert registry.settings("orders").pool.size == 5
        reloaded = await ask(path, "reload")

        assert registry.settings("orders").pool.size == 7
    (change,) = planned["profiles"][0]["changes"]
    assert (change["key"], change["new"], change["effect"]) == ("pool.size", "7", "live")
    assert change["file"] == str(path.parent / "profiles" / "orders.yaml")
    assert reloaded == planned
    assert planned["unchanged"] == 1


async def test_problems_of_files_come_one_by_one_and_nothing_is_changed(served, path, load):
    async with served(orders=MEMORY) as registry:
        load(orders=MEMORY)
        (path.parent / "profiles" / "orders.yaml").write_text("url: sqlite://\npool: {sise: 1}\n")
        with pytest.raises(Refused) as refused:
            await ask(path, "reload")

        assert registry.reload_error is not None
    (problem,) = refused.value.problems
    assert (refused.value.type, problem["code"], problem["line"]) == ("ConfigError", "CM301", 2)
    assert problem["file"] == str(path.parent / "profiles" / "orders.yaml")


async def test_an_engine_that_cannot_prove_itself_refuses_the_reload(served, path, pooled, load):
    pooled["reload"]["verify"] = "connect"
    async with served(orders=pooled) as registry:
        await registry.health("orders")
        load(orders={**pooled, "url": f"sqlite:///{path.parent}/no/such/directory.db"})
        with pytest.raises(Refused, match="did not connect as changed") as refused:
            await ask(path, "reload")

    assert refused.value.type == "ReloadRefused"


async def test_pause_and_resume_say_who_still_has_a_connection(served, path, pooled, holding):
    async with served(orders=pooled) as registry:
        async with holding(registry, "orders"):
            held = await ask(path, "pause", "orders")
            assert registry.service_state("orders") == "paused"
        paused = await ask(path, "pause", "orders")
        resumed = await ask(path, "resume", "orders")

    (holder,) = held["orders"].pop("holders")
    assert held == {"orders": {"state": "paused"}}
    assert (holder["task"], holder["held_for"] > 0.1) == ("a report", True)
    assert paused == {"orders": {"state": "paused", "holders": []}}
    assert resumed == {"orders": {"state": "active", "holders": []}}


async def test_reconnect_replaces_connections_and_says_who_has_an_old_one(served, path, pooled, holding):
    async with served(orders=pooled) as registry:
        async with holding(registry, "orders"):
            held = await ask(path, "reconnect", "orders")
        await wait_until(lambda: registry.stats("orders").open == 0)

        assert registry.stats("orders").closed_by == {"reconnect": 1}
    assert [holder["task"] for holder in held["orders"]["holders"]] == ["a report"]


async def test_disable_drain_and_enable(served, path, pooled):
    async with served(orders=pooled) as registry:
        await registry.health("orders")
        for verb in ("disable", "drain"):
            assert await ask(path, verb, "orders") == {"orders": {"state": "disabled", "holders": []}}
            with pytest.raises(ProfileDisabled):
                registry.session("orders")
            assert await ask(path, "enable", "orders") == {"orders": {"state": "active", "holders": []}}
            async with registry.session("orders") as session:
                await session.execute(text("SELECT 1"))


async def test_holders_and_pools_are_of_all_profiles_that_have_something_to_say(
    served, path, pooled, holding
):
    async with served(orders=pooled, reports=MEMORY, idle=MEMORY) as registry, holding(registry, "orders"):
        await ask(path, "disable", "reports")
        holders, pools = await ask(path, "holders"), await ask(path, "pools")
        named = await ask(path, "holders", "idle"), await ask(path, "pools", "idle")

    assert [(name, each[0]["task"]) for name, each in holders.items()] == [("orders", "a report")]
    assert {name: each["state"] for name, each in pools.items()} == {
        "orders": "active",
        "reports": "disabled",
    }
    assert pools["orders"]["stats"]["in_use"] == 1
    assert pools["reports"]["stats"] is None
    assert named == ({"idle": []}, {"idle": {"state": "active", "stats": None}})


async def test_several_profiles_wait_together_and_each_has_its_answer(served, path, pooled, holding):
    pooled["reload"]["drain_timeout"] = "1m"
    async with served(a=pooled, b=MEMORY, c=MEMORY) as registry:
        async with holding(registry, "a"):
            waiting = asyncio.create_task(ask(path, "pause", "a", "b"))
            await wait_until(lambda: registry.service_state("b") == "paused")
            assert registry.service_state("c") == "active"
        answer = await waiting

        assert answer == {name: {"state": "paused", "holders": []} for name in ("a", "b")}
        assert [*await ask(path, "resume", every=True)] == ["a", "b", "c"]


async def test_one_unknown_name_and_nothing_is_done(served, path):
    async with served(orders=MEMORY, reports=MEMORY) as registry:
        with pytest.raises(Refused, match=r"no profile named 'order'.*did you mean \"orders\"") as refused:
            await ask(path, "disable", "reports", "order")

        assert refused.value.type == "UnknownProfile"
        assert registry.service_state("reports") == "active"


async def test_a_profile_that_was_removed_is_told_apart_from_one_that_never_was(served, path):
    async with served(orders=MEMORY, reports=MEMORY):
        (path.parent / "profiles" / "reports.yaml").unlink()
        await ask(path, "reload")
        with pytest.raises(Refused, match="a reload found its file no more"):
            await ask(path, "pause", "reports")


async def test_a_closed_registry_refuses(served, path):
    async with served(orders=MEMORY) as registry:
        await registry.close()
        with pytest.raises(Refused) as refused:
            await ask(path, "reload")
        paused = await ask(path, "pause", "orders")

    assert refused.value.type == "RegistryClosed"
    assert paused["orders"]["error"]["type"] == "RegistryClosed"


async def test_a_defect_is_answered_by_its_kind_and_logged_with_its_place(served, path, log):
    async with served(orders=MEMORY) as registry:
        registry._reloading = None
        with pytest.raises(Refused) as refused:
            await ask(path, "reload")

    assert refused.value.type == "TypeError"
    assert str(refused.value) == "TypeError (unknown)"
    (event,) = [record for record in log if record["level"].name == "ERROR"]
    assert event["message"] == "admin: reload failed: TypeError"
    assert "reloaded.py:" in event["extra"]["at"]


async def test_what_changes_something_is_logged_with_who_asked_for_it(served, path, log):
    async with served(orders=MEMORY, reports=MEMORY):
        for verb in ("plan", "pools", "holders"):
            await ask(path, verb)
        await ask(path, "reload")
        await ask(path, "disable", "orders", "reports")

    asked = [record["extra"] for record in log if "verb" in record["extra"]]
    who = {"uid": os.geteuid(), "pid": os.getpid()}
    assert asked == [
        {"verb": "reload", **who},
        {"verb": "disable", "profile": "orders", **who},
        {"verb": "disable", "profile": "reports", **who},
    ]
    assert {record["level"].name for record in log} == {"INFO"}


async def test_thousands_of_profiles_leave_the_event_loop_its_turns(served, path):
    """A few are begun in each turn, and not all in one."""
    names = [f"p{number}" for number in range(2000)]
    async with served(shared={"url": "sqlite://"}) as registry:
        registry._profiles = dict.fromkeys(names, registry["shared"])
        begun: set[int] = set()

        async def count():
            while True:
                begun.add(sum("disable p" in task.get_name() for task in asyncio.all_tasks()))
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        answer = await ask(path, "disable", every=True)
        counting.cancel()

    assert [*answer] == names
    assert 1 <= max(begun) <= 2 * AT_A_TIME
