"""Keepalive and time-outs of a connection's TCP socket, in libpq's words."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

from connmgr.target import PostgresTarget


def set_options(sock: socket.socket | None, target: PostgresTarget) -> None:
    """Let the kernel give up a peer that went without a word.

    Without these it waits for a quarter of an hour or more, and so does the caller. Linux has all of
    them; other systems get those they know. A Unix socket needs none.
    """
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(target.keepalives))
    for name, value in _options(target):
        option = getattr(socket, name, None)
        if option is not None and value:  # 0 is the system's own
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def has_unread(sock: socket.socket | None) -> bool:
    """Whether the peer has said something, or hung up, and nobody has looked yet; never waits."""
    if sock is None or sock.fileno() < 0 or not hasattr(select, "poll"):  # Windows has none
        return False
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _options(target: PostgresTarget) -> Iterator[tuple[str, int]]:
    if target.keepalives:
        yield "TCP_KEEPIDLE", target.keepalives_idle
        yield "TCP_KEEPINTVL", target.keepalives_interval
        yield "TCP_KEEPCNT", target.keepalives_count
    yield "TCP_USER_TIMEOUT", target.tcp_user_timeout
