"""Reading profiles asks no network and no file but its own, and no text makes the schema slow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

from connmgr.config.loader import load_profiles
from connmgr.config.resources import resource
from connmgr.problem import Code
from tests.rig.wire import Ending, ScriptedServer

SCHEMAS = (
    *("profile.schema.json", "base.schema.json", "profiles.schema.json"),
    *("registry.schema.json", "health.schema.json"),
)
SECONDS = 0.25
LENGTH = 50_000

# What is opened and asked, by all of Python and by what it starts, from the first import to the last check.
WATCH = """
import json, os, sys
seen = []

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        seen.append(["open", os.fsdecode(arguments[0])])
    elif event.split(".")[0] in ("socket", "subprocess", "urllib", "http", "ftplib"):
        seen.append([event, ""])

import connmgr.config.loader, connmgr.config.settle
sys.addaudithook(watch)
result = connmgr.config.loader.load_profiles(sys.argv[1])
for profile in result.profiles.values():
    connmgr.config.settle.settle(profile, os.environ)
print(json.dumps([seen, sorted(result.profiles), len(result.problems)]))
"""

FOREIGN_URLS = {
    "postgresql+psycopg2://u@h/d": Code.URL,
    "postgresql+asyncpg+evil://u@h/d": Code.URL,
    "postgresql+connmgr.evil://u@h/d": Code.URL,
    "mysql://u@h/d": Code.URL,
    "sqlite+pysqlite:///x": Code.URL,
    "oracle://u@h/d": Code.URL,
    "file:///etc/passwd": Code.URL,
    "http://169.254.169.254/": Code.URL,
    "jdbc:postgresql://h/d": Code.URL,
    "postgresql://u@h/d?plugin=evil": Code.UNKNOWN_PARAMETER,
    "postgresql://u@h/d?driver=evil": Code.UNKNOWN_PARAMETER,
    "postgresql://u@h/d?class=evil": Code.UNKNOWN_PARAMETER,
    "sqlite:///x?plugin=evil": Code.UNKNOWN_PARAMETER,
    "sqlite:///file:x?vfs=evil": Code.UNKNOWN_PARAMETER,
}

ATTACKS = (
    *("a" * LENGTH, "a" * LENGTH + "!", "0" * LENGTH + "s", "9" * LENGTH, "1." + "0" * LENGTH + "x"),
    *("," * LENGTH, "1," * LENGTH + "x", "_" * LENGTH + "-", "-" * LENGTH + "\n", " " * LENGTH),
    *(
        "$" * LENGTH,
        "$$" * LENGTH + "${",
        "${" * LENGTH,
        "${X:-" * LENGTH,
        "${X:-" + "}" * LENGTH,
        "}" * LENGTH,
    ),
    *("$a" * LENGTH, "$$a" * LENGTH + "${a", "${a:-" + "${" * LENGTH),
)


def nodes(node: object) -> Iterator[dict[str, object]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(child)


def schema_nodes() -> list[dict[str, object]]:
    texts = [resource(f"schemas/{name}").read_text(encoding="utf-8") for name in SCHEMAS]
    return [node for text in texts for node in nodes(json.loads(text))]


def patterns() -> list[str]:
    return sorted({str(node["pattern"]) for node in schema_nodes() if "pattern" in node})


def test_no_schema_refers_to_anything_but_the_files_that_ship():
    references = {str(node["$ref"]) for node in schema_nodes() if isinstance(node.get("$ref"), str)}
    dynamic = [node for node in schema_nodes() if {"$dynamicRef", "$recursiveRef"} & set(node)]

    assert len(references) > 5
    assert [ref for ref in references if ref.partition("#")[0] not in ("", *SCHEMAS)] == []
    assert dynamic == []


@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}/s.json", "file:///etc/passwd", "../x.json"])
@pytest.mark.parametrize("key", ["$ref", "$schema", "$id", "$dynamicRef", "$defs", "allOf"])
async def test_a_profile_that_refers_to_a_schema_is_refused_and_nothing_is_fetched(write, key, where):
    async with ScriptedServer(Ending.CLOSE) as server:
        reference = where.replace("{port}", str(server.port))
        documents = {
            "top": {"url": "sqlite://", key: reference},
            "below": {"url": "sqlite://", "pool": {key: reference}},
            "for_url": {"url": {key: reference}},
            "listed": {"url": "sqlite://", key: [{"$ref": reference}]},
        }

        result = load_profiles(write(**documents))

        assert not result.profiles
        assert {problem.place.file.rpartition("/")[2] for problem in result.problems} == {
            f"{name}.yaml" for name in documents
        }
        assert (server.accepted, server.received) == (0, 0)


def test_reading_opens_the_profiles_and_what_ships_and_asks_no_network(write):
    directory = write(
        _base={"pool": {"size": 2}},
        good={"extends": "_base", "url": "postgresql://u@db.example.test:5432/d?sslmode=verify-full"},
        bad={"url": "postgresql://u@h/d", "$ref": "http://db.example.test/x", "pool": {"size": "x"}},
    )

    command = [sys.executable, "-c", WATCH, str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    seen, profiles, problems = json.loads(done.stdout)
    opened = {path for event, path in seen if event == "open"}
    ours = {str(path) for path in directory.iterdir()} | {str(resource(f"schemas/{SCHEMAS[0]}"))}
    code = (sys.prefix, sys.base_prefix, str(Path(load_profiles.__code__.co_filename).parents[1]))
    assert (profiles, problems) == (["good"], 2)
    assert ours <= opened
    assert [path for path in opened - ours if not path.startswith(code)] == []
    assert [event for event, _ in seen if event != "open"] == []


@pytest.mark.parametrize("url", FOREIGN_URLS)
def test_a_driver_or_a_plugin_that_is_not_on_the_list_is_refused(write, url):
    result = load_profiles(write(db={"url": url}))

    assert not result.profiles
    assert FOREIGN_URLS[url] in [problem.code for problem in result.problems]


@pytest.mark.parametrize("pattern", patterns())
def test_no_text_makes_a_pattern_slow(pattern):
    quick = Draft202012Validator({"pattern": pattern})
    slow = re.compile(pattern)
    for attack in ATTACKS:
        started = time.process_time()
        quick.is_valid(attack)
        slow.search(attack)

        assert time.process_time() - started < SECONDS, attack[:20]


@pytest.mark.parametrize("key", ["pool.size", "pool.timeout", "connection.port", "extends", "description"])
def test_no_text_makes_a_check_slow(write, key):
    first, _, second = key.partition(".")
    directory = write(**{f"db{n}": {"url": "sqlite://"} for n in range(1)})
    for attack in ATTACKS:
        value = {second: attack} if second else attack
        write(db0={"url": "sqlite://", first: value})
        started = time.process_time()
        load_profiles(directory)

        assert time.process_time() - started < SECONDS, attack[:20]
