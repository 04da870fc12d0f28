"""A secret that must not show, in every place where a secret may stand, and how to look for it."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.rig.profiles import Document, write_profiles

# Characters that libraries escape, each in a way of its own.
CANARY = "c4n4ry/pa55 w@rd:%?&é"
URL_CANARY = quote(CANARY, safe="")
WORD = "c4n4ry"  # of it, the part that survives every escape and every cut
NOT_LISTENING = "127.0.0.1:1"


def shown(*texts: str) -> list[str]:
    """Where the canary shows, in clear, percent-encoded, or in base64 at any offset."""
    signs = {WORD, *_base64_of(WORD)}
    return [line for text in texts for line in text.splitlines() if any(sign in line for sign in signs)]


def _base64_of(word: str) -> Iterator[str]:
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + word.encode()).decode()
        # The first and last letters of each depend on what stands beside the word.
        yield encoded[(0, 2, 3)[offset] : len(encoded.rstrip("=")) - 1]


def secret_profiles(port: int) -> dict[str, Document]:
    """Profiles that are well formed, with the canary wherever a secret may stand."""
    where = f"127.0.0.1:{port}/orders?sslmode=disable"
    return {
        "literal": {"url": f"postgresql://app@{where}", "password": CANARY.replace("$", "$$")},
        "reference": {"url": f"postgresql://app@{where}", "password": "${ORDERS_PASSWORD}"},
        "default": {"url": f"postgresql://app@{where}", "password": f"${{UNSET_PASSWORD:-{CANARY}}}"},
        "inline": {"url": f"postgresql://app:{URL_CANARY}@{where}"},
        "inline_reference": {"url": f"postgresql://app:${{ORDERS_PASSWORD}}@{where}"},
        "whole_url": {"url": "${ORDERS_URL}"},
        "unreachable": {"url": f"postgresql://app:{URL_CANARY}@{NOT_LISTENING}/orders"},
        "unset": {"url": f"postgresql://app:{URL_CANARY}@${{UNSET_HOST}}/orders"},
        "bad_reference": {"url": f"${{ORDERS_URL}}#{URL_CANARY}"},
        "bad_port": {"url": "postgresql://app:${ORDERS_PASSWORD}@127.0.0.1:${ORDERS_PASSWORD}/orders"},
    }


BROKEN_PROFILES: dict[str, Document] = {
    "query": {"url": f"postgresql://app@127.0.0.1/orders?password={URL_CANARY}"},
    "unknown_query": {"url": f"postgresql://app@127.0.0.1/orders?{URL_CANARY}=1"},
    "unescaped": {"url": f"postgresql://app:{CANARY}@127.0.0.1/orders"},
    "no_scheme": {"url": f"app:{URL_CANARY}@127.0.0.1/orders"},
    "wrong_scheme": {"url": f"mysql://app:{URL_CANARY}@127.0.0.1/orders"},
    "fragment": {"url": f"postgresql://app:x#{URL_CANARY}@127.0.0.1/orders"},
    "list": {"url": "postgresql://app@127.0.0.1/orders", "password": [CANARY]},
    "mapping": {"url": "postgresql://app@127.0.0.1/orders", "password": {"value": CANARY}},
    "number": {"url": [f"postgresql://app:{URL_CANARY}@127.0.0.1/orders"]},
    "torn": f"url: postgresql://app@127.0.0.1/orders\npassword: ${{P:-{WORD} # x}}\n",
    "unclosed": f"url: postgresql://app@127.0.0.1/orders\npassword: '{WORD}\n",
    "twice": f"url: postgresql://app@127.0.0.1/orders\npassword: {WORD}\npassword: {WORD}2\n",
    "both": {"url": f"postgresql://app:{URL_CANARY}@127.0.0.1/orders", "password": CANARY},
    "misspelt": {"url": "postgresql://app@127.0.0.1/orders", "pasword": CANARY},
    "malformed": {"url": "sqlite://", "password": f"${{{WORD}"},
}


def secret_environ(port: int) -> dict[str, str]:
    """What the references of `secret_profiles` refer to."""
    return {
        "ORDERS_PASSWORD": CANARY,
        "ORDERS_URL": f"postgresql://app:{URL_CANARY}@127.0.0.1:{port}/orders?sslmode=disable",
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write one profile file per keyword and return their directory."""

    def write(**documents: Document) -> Path:
        return write_profiles(tmp_path / "profiles", **documents)

    return write


@pytest.fixture
def connmgr(tmp_path: Path) -> Callable[..., Awaitable[tuple[int, str, str]]]:
    """Run the command; return its exit status and what it wrote to its outputs."""

    async def connmgr(*arguments: str, **variables: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "connmgr", *arguments),
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path), **variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    return connmgr
