"""Write and read a row through two profiles, then show how they are: `make demo`.

The profiles are the ones that `connmgr init` writes. Everything lies in a temporary directory that is
gone at the end; no server is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile

from sqlalchemy import text

from connmgr import Registry

PROFILES = ("development", "test")


async def write_and_read(registry: Registry, name: str) -> str:
    """Write a greeting in one session and read it in another."""
    async with registry.begin(name) as session:
        await session.execute(text("CREATE TABLE greeting (words TEXT)"))
        await session.execute(text("INSERT INTO greeting VALUES (:words)"), {"words": f"Hello from {name}"})
    async with registry.session(name) as session:
        return str(await session.scalar(text("SELECT words FROM greeting")))


async def main() -> None:
    """Open the registry, use each profile, and close it again."""
    async with Registry.load("profiles") as registry:
        for name in PROFILES:
            print(f"{name}: {await write_and_read(registry, name)}")


def connmgr(*arguments: str) -> None:
    """Run the command line, as one would in a terminal."""
    print(f"\n$ connmgr {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, "-m", "connmgr", *arguments], check=True)


if __name__ == "__main__":
    # A server that the variable names is no place for a demonstration.
    os.environ.pop("DEVELOPMENT_DATABASE_URL", None)
    os.environ.pop("CONNMGR_PROFILES", None)
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        connmgr("init")
        print()
        asyncio.run(main())
        connmgr("health", *PROFILES)
