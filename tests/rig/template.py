"""Make one PostgreSQL data directory per test run, of which every server gets a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rig.account import Account, choose_account
from tests.rig.binaries import find_binaries

SUPERUSER = "postgres"
ROLE = "app"
DATABASE = "orders"
MEMORY = Path("/dev/shm")
ROOM = 2**30
# Nothing here has to survive a power cut. Commits have to survive a killed server, so synchronous_commit
# stays on: without it a crash forgets the last ones, the password of `app` among them. Dynamic shared memory
# lies in the data directory, because a killed server leaves it behind and only there it is removed.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",
    "wal_level": "replica",
    "max_wal_senders": "10",
    "autovacuum": "off",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A data directory that no server runs on, the programs for it, and a directory for the copies."""

    root: Path
    binaries: Path
    account: Account

    @property
    def data(self) -> Path:
        """The data directory to copy."""
        return self.root / "template"

    def copy(self, to: Path) -> None:
        """Copy the data directory, owners and modes included."""
        subprocess.run(["cp", "-a", "--reflink=auto", self.data, to], check=True, capture_output=True)


@contextmanager
def new_template(binaries: Path | None = None) -> Iterator[Template]:
    """Lend a template with a superuser `postgres`, a role `app` and its database `orders`.

    On exit it is removed together with what is left of its copies.

    Raises:
        PostgresMissing: the machine has no PostgreSQL that can be run.
    """
    binaries = binaries or find_binaries()
    # Directly under the temporary directory: a socket's path has room for about 100 bytes.
    root = Path(tempfile.mkdtemp(prefix="connmgr-pg-", dir=_memory()))
    try:
        account = choose_account(binaries)
        account.own(root)
        template = Template(root, binaries, account)
        _initialise(template)
        yield template
    finally:
        shutil.rmtree(root)


def _memory() -> Path | None:
    """The file system in memory, if there is room: a copy takes a tenth of the time it takes on a disk."""
    has_room = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if has_room else None


def _initialise(template: Template) -> None:
    account, binaries, data = template.account, template.binaries, template.data
    account.run(
        *(binaries / "initdb", "-D", data, "-U", SUPERUSER, "-E", "UTF8", "--locale=C"),
        *("-A", "trust", "--wal-segsize=1", "--no-sync", "--no-instructions"),
    )
    with (data / "postgresql.conf").open("a") as conf:
        conf.writelines(f"{name} = '{value}'\n" for name, value in FAST.items())
    account.run(
        *(binaries / "postgres", "--single", "-D", data, "postgres"),
        stdin=f"CREATE ROLE {ROLE} LOGIN\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n",
    )
