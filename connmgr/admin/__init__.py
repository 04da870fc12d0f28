"""Reach a running process: its registry served on a Unix socket, for `connmgr reload` and its like.

    async with registry, connmgr.admin.serve(registry, "/run/orders/connmgr.sock"):
        ...

`serve` is imported when it is first used: the commands that ask a process do without SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connmgr.admin.server import serve

__all__ = ["serve"]


def __getattr__(name: str) -> object:
    if name != "serve":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from connmgr.admin.server import serve

    return serve
