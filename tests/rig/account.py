"""Start PostgreSQL's programs as somebody who is not root, which they refuse to run as."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.rig.binaries import PostgresMissing

ACCOUNTS = ("postgres", "nobody")
# Not uid 0 for the programs inside, and still root's rights on root's files.
USER_NAMESPACE = ("unshare", "-U", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the programs: `uid` and `gid` to change to, or a command to put in front."""

    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()

    def run(self, *command: str | Path, stdin: str = "") -> str:
        """Run a program to its end and return what it printed.

        Raises:
            RuntimeError: it failed; the message holds its last words.
        """
        done = subprocess.run(
            [*self.prefix, *command],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment(),
            cwd="/",
            timeout=30,
            user=self.uid,
            group=self.gid,
            extra_groups=self._extra_groups,
        )
        if done.returncode:
            last_words = (done.stderr or done.stdout).strip()
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {last_words}")
        return done.stdout

    def start(self, *command: str | Path, log: Path) -> subprocess.Popen[bytes]:
        """Start a program that runs on, its output appended to `log`. The caller owns the process."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self.prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(),
                cwd="/",
                user=self.uid,
                group=self.gid,
                extra_groups=self._extra_groups,
            )

    def own(self, *paths: Path) -> None:
        """Give files to this account."""
        if self.uid is not None and self.gid is not None:
            for path in paths:
                os.chown(path, self.uid, self.gid)

    @property
    def _extra_groups(self) -> list[int] | None:
        # None keeps root's groups, which another account must not have.
        return None if self.uid is None else []


def environment() -> dict[str, str]:
    """This process's environment without what libpq and locales would take from it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def choose_account(binaries: Path) -> Account:
    """Return the first account that can run the programs in `binaries`.

    Raises:
        PostgresMissing: nobody can.
    """
    if os.geteuid() != 0:
        return Account()
    reasons = []
    for account in _accounts_for_root():
        try:
            account.run(binaries / "postgres", "--version")
        except (OSError, RuntimeError) as error:
            reasons.append(str(error))
        else:
            return account
    tried = "; ".join(reasons)
    raise PostgresMissing(f"PostgreSQL refuses root, and nobody else can run {binaries}: {tried}")


def _accounts_for_root() -> list[Account]:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    named = [Account(known[name].pw_uid, known[name].pw_gid) for name in ACCOUNTS if name in known]
    return [*named, Account(prefix=USER_NAMESPACE)]
