"""A reload does with each key what the schema says, and what is live is in force at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connmgr import Effect, Registry
from connmgr.config.schema import settings

POSTGRES = {"host": "db.internal", "dbname": "orders", "user": "app", "sslmode": "disable"}
ENVIRON = {"ONE": "one", "TWO": "two"}

LIVE: dict[str, tuple[object, object]] = {
    "description": ("one", "two"),
    "connection.connect_timeout": (3, 4),
    "pool.size": (3, 4),
    "pool.max_overflow": (3, 4),
    "pool.timeout": (3, 4),
    "pool.min_idle": (0, 1),
    "pool.idle_timeout": (30, 40),
    "pool.max_lifetime": (300, 400),
    "pool.keepalive": (30, 40),
    "pool.use_lifo": (True, False),
    "pool.pre_ping": ("auto", "always"),
    "pool.liveness_window": (1, 2),
    "pool.liveness_timeout": (1, 2),
    "pool.connecting_limit": (1, 2),
    "pool.max_waiting": (10, 20),
    "pool.reset": ("rollback", "full"),
    "pool.leak_detection_threshold": (10, 20),
    "timeouts.connect": (3, 4),
    "timeouts.close": (1, 2),
    "timeouts.startup": (3, 4),
    "session.expire_on_commit": (False, True),
    "session.autocommit": (False, True),
    "retry.connect.attempts": (3, 4),
    "retry.connect.initial": (0.01, 0.02),
    "retry.connect.max": (0.3, 0.4),
    "retry.connect.jitter": (0.1, 0.2),
    "retry.transaction.attempts": (3, 4),
    "retry.transaction.initial": (0.01, 0.02),
    "retry.transaction.max": (3, 4),
    "retry.transaction.jitter": (0.1, 0.2),
    "retry.transaction.deadline": (10, 20),
    "retry.transaction.budget": (0.1, 0.2),
    "retry.transaction.lock_timeout": (False, True),
    "breaker.failures": (3, 4),
    "breaker.window": (10, 20),
    "breaker.cooldown": (3, 4),
    "startup": ("lazy", "warn"),
    "protected": (False, True),
    "health.critical": (True, False),
    "health.timeout": (1, 2),
    "health.ttl": (1, 2),
    "health.stuck_after": (30, 40),
    "reload.verify": ("none", "connect"),
    "reload.drain_timeout": (30, 40),
    "reload.max_overlap": (2, 3),
}
NEXT_CONNECTION: dict[str, tuple[object, object]] = {
    "password": ({"env": "ONE"}, {"env": "TWO"}),
    "connection.password": ("${ONE}", "${TWO}"),
    "connection.application_name": ("one", "two"),
    "connection.keepalives": (1, 0),
    "connection.keepalives_idle": (10, 20),
    "connection.keepalives_interval": (1, 2),
    "connection.keepalives_count": (3, 4),
    "connection.tcp_user_timeout": (5000, 6000),
    "timeouts.statement": (3, 4),
    "timeouts.lock": (3, 4),
    "timeouts.idle_in_transaction": (3, 4),
    "timeouts.command": (3, 4),
}
REBUILD: dict[str, tuple[object, object]] = {
    "connection.host": ("db.internal", "other.internal"),
    "connection.hostaddr": ("127.0.0.1", "127.0.0.2"),
    "connection.port": (5432, 5433),
    "connection.dbname": ("orders", "archive"),
    "connection.user": ("app", "other"),
    "connection.sslmode": ("disable", "prefer"),
    "connection.options": ("-c work_mem=4MB", "-c work_mem=8MB"),
    "connection.target_session_attrs": ("any", "primary"),
    "connection.load_balance_hosts": ("disable", "random"),
    "pool.mode": ("pooled", "none"),
}
# The rest are words of libpq beside those above, or say where they are: the schema says enough.
EFFECTS = {Effect.LIVE: LIVE, Effect.NEXT_CONNECTION: NEXT_CONNECTION, Effect.REBUILD: REBUILD}
CASES = [(effect, key) for effect, keys in EFFECTS.items() for key in keys]


def with_value(key: str, value: object) -> dict[str, Any]:
    """Return a profile that says this at that key."""
    profile: dict[str, Any] = {"connection": dict(POSTGRES)}
    if key.startswith("breaker.") and key != "breaker.failures":
        profile["breaker"] = {"failures": 3}
    *parents, last = key.split(".")
    group = profile
    for parent in parents:
        group = group.setdefault(parent, {})
    group[last] = value
    return profile


def test_the_table_has_every_key_that_is_live() -> None:
    known = {".".join(path): node["x-reload"] for path, node in settings() if "x-reload" in node}
    listed = {key: effect.value for effect, key in CASES}

    assert {key: known.get(key) for key in listed} == listed
    assert {key for key, effect in known.items() if effect == "live"} - set(listed) == {"extends"}


@pytest.mark.parametrize(("effect", "key"), CASES, ids=[key for _, key in CASES])
async def test_a_changed_key_takes_what_the_schema_says(tmp_path: Path, effect: Effect, key: str) -> None:
    file = tmp_path / "orders.yaml"
    before, after = EFFECTS[effect][key]
    file.write_text(json.dumps(with_value(key, before), indent=0))
    async with Registry.load(tmp_path, environ=ENVIRON) as registry:
        handle = registry._in_service("orders")
        file.write_text(json.dumps(with_value(key, after), indent=0))

        plan = await registry.reload()

        now = registry._in_service("orders")
        (changed,) = plan.profiles
        assert changed.effect is effect
        assert [change.place.line > 1 for change in changed.changes] == [True] * len(changed.changes)
        assert [change.key for change in changed.changes] == [key]
        assert (now is handle) == (effect is not Effect.REBUILD)
        assert (now.pool._generation if now.pool.stats().mode == "pooled" else 0) == (
            1 if effect is Effect.NEXT_CONNECTION else 0
        )
        # What a part of the engine goes by is what a new engine would go by.
        fresh = type(now)(registry.settings("orders"))
        assert facts_of(now) == facts_of(fresh)
        await fresh.retire(0)


def facts_of(handle: Any) -> Mapping[str, object]:
    """Return whatever parts of an engine keep of the settings for themselves."""
    pool, breaker = handle.pool, handle.pool._breaker
    facts = {
        "settings": (handle.settings, handle.meter.settings, handle.driver._settings),
        "closing": handle.meter.closing.seconds,
        "budget": handle.budget.ratio,
        "breaker": None if breaker is None else breaker.settings,
        "failures": None if breaker is None else breaker._failures.maxlen,
    }
    if pool.stats().mode == "pooled":
        liveness = pool._liveness
        facts["pool"] = (pool._size, pool._max, liveness._window, liveness._longest)
    return facts
