"""Documents that are nearly profiles: real ones, damaged in ways that chance finds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from connmgr.config.resources import PROFILES, resource
from tests.docs.markdown import blocks

TOP: Final = Path(__file__).resolve().parents[2]

# Every kind of setting at least once, for the examples that ship are plain.
RICH: Final = """\
extends: [_base]
description: "Orders: the primary"
url: postgresql://app:${PW:-x y}@[::1]:5432,db.internal:6432/orders?sslmode=require&options=-c%20a%3Db
password: {command: [pass, show, "${WHO}"]}
pool: {size: "${POOL_SIZE:-10}", max_overflow: 0, timeout: 500ms, max_lifetime: 30m, use_lifo: false}
timeouts: {connect: 5, close: 2s, statement: ~}
session: {expire_on_commit: true}
health: {critical: "${CRITICAL:?say whether}", timeout: 1.5}
"""
WORDS_OF_LIBPQ: Final = """\
connection: &c
  host: one.internal,/var/run/postgresql
  hostaddr: 10.0.0.5,::1
  port: 5432,6432
  dbname: orders
  user: "${DB_USER}"
  password: {file: ./secret}
  application_name: orders-api
  options: -c search_path=orders
  sslmode: verify-full
  sslrootcert: system
  sslpassword: {env: PHRASE}
  target_session_attrs: read-write
  keepalives_idle: 10
libpq_env: true
service: orders
"""
SEVERAL: Final = """\
defaults: {pool: {size: 3}, extends: _base}
profiles:
  orders: {url: {env: ORDERS_URL}}
  _file: {url: "sqlite:///${FILE:-orders.db}", password: ~}
  billing: {extends: _file, url: {file: ./secret}}
"""
BASE: Final = "url: sqlite://\npool: {size: 2, timeout: 1s}\nhealth: {timeout: 1}\n"

_TOKENS: Final = (
    "${|}|$$|${X}|${X:-|:?|{|}|[|]|&a |*a|!x |<<: |? |- |: |:|, |#| #|---\n|...\n|%YAML 1.1\n|'|\"|\\|\\x00"
    "|>-\n|\\|\n|~|null|true|no|1e999|.inf|0x|10|-1|99999999999|2147483648|1ms|@|%00|%|//|://|?|&|=|\r\n|\t|\x00"
    "|\x1b|\x85|\u2028|\ufeff|\u202e|é|\U0001f600|extends: |profiles: |defaults: |url: |connection: "
    "|password: |{env: X}|{file: /dev/zero}|{file: ..}|{command: [x]}|service: |libpq_env: |sqlite://|postgresql://|_base"
)
TOKENS: Final = _TOKENS.split("|")

Document: TypeAlias = bytes
Damage: TypeAlias = Callable[[Document, random.Random, Sequence[Document]], Document]


def corpus() -> list[Document]:
    """Return the documents to start from, always in the same order."""
    found = [resource(name).read_bytes() for name in PROFILES]
    found += [text.encode() for text in _RICH]
    broken = (TOP / "tests" / "broken" / "profiles").iterdir()
    found += [path.read_bytes() for path in sorted(broken) if path.is_file()]
    found += [text.encode() for text in _examples()]
    return list(dict.fromkeys(found))


def _examples() -> Iterator[str]:
    for page in sorted((TOP / "docs").glob("*.md")):
        yield from (block.text for block in blocks(page) if block.language == "yaml")


_RICH: Final = (RICH, WORDS_OF_LIBPQ, SEVERAL, BASE)
_SOUND: Final = len(PROFILES) + len(_RICH)


def damaged(documents: Sequence[Document], seed: str) -> Document:
    """Return one of the documents with one to eight things done to it, the same for the same seed."""
    chance = random.Random(seed)
    # The others, most of which are broken to begin with, would leave hardly anything to settle.
    document = chance.choice(documents[:_SOUND] if chance.random() < 0.5 else documents)
    for _ in range(min(8, int(chance.expovariate(0.8)) + 1)):
        document = chance.choice(_DAMAGES)(document, chance, documents)
    return document


def _flip(document: Document, chance: random.Random, _: Sequence[Document]) -> Document:
    changed = bytearray(document or b" ")
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _insert(document: Document, chance: random.Random, _: Sequence[Document]) -> Document:
    token = chance.choice(TOKENS).encode() * chance.choice((1, 1, 1, 2, 60))
    at = chance.randint(0, len(document))
    return document[:at] + token + document[at:]


def _delete(document: Document, chance: random.Random, _: Sequence[Document]) -> Document:
    at = chance.randint(0, len(document))
    return document[:at] + document[at + chance.randint(1, 12) :]


def _splice(document: Document, chance: random.Random, documents: Sequence[Document]) -> Document:
    other = chance.choice(documents)
    return document[: chance.randint(0, len(document))] + other[chance.randint(0, len(other)) :]


def _repeat_line(document: Document, chance: random.Random, _: Sequence[Document]) -> Document:
    lines = document.splitlines(keepends=True) or [b"\n"]
    line = chance.choice(lines)
    lines.insert(chance.randint(0, len(lines)), line * chance.choice((1, 1, 2, 100)))
    return b"".join(lines)


def _swap_lines(document: Document, chance: random.Random, _: Sequence[Document]) -> Document:
    lines = document.splitlines(keepends=True) or [b"\n"]
    one, other = (chance.randrange(len(lines)) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _indent_line(document: Document, chance: random.Random, _: Sequence[Document]) -> Document:
    lines = document.splitlines(keepends=True) or [b"\n"]
    at = chance.randrange(len(lines))
    lines[at] = chance.choice((b" ", b"  ", b"- ", b"\t")) + lines[at]
    return b"".join(lines)


def _swap_values(document: Document, chance: random.Random, documents: Sequence[Document]) -> Document:
    """Give one key the value of another, from any document."""
    values = [line.partition(b": ")[2] for line in chance.choice(documents).splitlines() if b": " in line]
    lines = document.splitlines(keepends=True) or [b"\n"]
    at = chance.randrange(len(lines))
    key, colon, _ = lines[at].partition(b": ")
    lines[at] = key + colon + chance.choice(values or [b"~"]) + b"\n"
    return b"".join(lines)


_DAMAGES: Final[Sequence[Damage]] = (
    *(_flip, _insert, _insert, _delete, _splice),
    *(_repeat_line, _swap_lines, _indent_line, _swap_values, _swap_values),
)
