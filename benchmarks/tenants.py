"""Writes a directory of many profiles, half of which extend one of a few bases."""

from __future__ import annotations

from pathlib import Path

BASES = 4


def write(directory: Path, count: int) -> None:
    """Write the bases and `count` profiles of 15 to 25 lines."""
    directory.mkdir()
    for number in range(BASES):
        (directory / f"_server_{number}.yaml").write_text(_base(number))
    for number in range(count):
        (directory / f"{name(number)}.yaml").write_text(profile(number))


def name(number: int) -> str:
    """Return the name of a profile. Those with odd numbers extend a base."""
    return f"tenant_{number:05}"


def base_of(number: int) -> str:
    """Return the name of the base that the profile with an odd number extends."""
    return f"_server_{number % BASES}"


def profile(number: int) -> str:
    """Return the text of a profile."""
    where = _connection(number) if number // 2 % 2 else _url(number)
    head = f"# Written for the team of tenant {number}.\ndescription: Orders of tenant {number}, primary\n"
    if number % 2:
        return f"{head}extends: {base_of(number)}\n{where}{_extending(number)}"
    return f"{head}{where}{_alone(number)}"


def _url(number: int) -> str:
    return (
        f"url: postgresql://app_{number}@db-{number % 40}.internal:5432/orders_{number}\n"
        f'password: "${{TENANT_{number}_PASSWORD}}"\n'
    )


def _connection(number: int) -> str:
    return f"""\
connection:
  host: db-{number % 40}.internal
  port: 5432
  dbname: orders_{number}
  user: app_{number}
password: "${{TENANT_{number}_PASSWORD}}"
"""


def _alone(number: int) -> str:
    return f"""\
pool:
  size: {2 + number % 9}
  max_overflow: {number % 20}
  timeout: 5s
  max_lifetime: 30m   # below the proxy's
timeouts:
  connect: 5s
  close: 2s
  statement: 30s
session:
  expire_on_commit: false
health: {{critical: true, timeout: 1s}}
"""


def _extending(number: int) -> str:
    return f"""\
pool:
  size: {2 + number % 9}
  max_overflow: {number % 20}
  timeout: 2.5
timeouts:
  statement: 10s
  close: 1s
session:
  expire_on_commit: false
health:
  timeout: 500ms
"""


def _base(number: int) -> str:
    return f"""\
description: What the tenants of server {number} have in common
pool: {{size: 10, max_overflow: 20, timeout: 5s, max_lifetime: 30m, use_lifo: true}}
timeouts: {{connect: 5s, close: 2s, statement: 30s}}
session: {{expire_on_commit: false}}
health: {{critical: true, timeout: 1s}}
"""
