"""Choose loopback ports, and see which this process has in use."""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LOOPBACK = "127.0.0.1"
# Below the range for outgoing connections (32768 and up on Linux). From that range, the port of a stopped
# server may go to any client's socket, and a connect to a closed port there can even reach itself.
CHOICE = range(20000, 32000)
LISTEN = "0A"


class Row(NamedTuple):
    """A line of the kernel's table of TCP sockets, addresses in hexadecimal."""

    local: str
    remote: str
    state: str


def free_port() -> int:
    """Return a loopback port that nobody listens on now. It is not reserved: be ready to ask again."""
    chooser = random.SystemRandom()
    while True:
        port = chooser.choice(CHOICE)
        if not _is_taken(port):
            return port


def listening_ports() -> set[int]:
    """The TCP ports on which this process has a listening socket (Linux; elsewhere none are found)."""
    return {_port(row.local) for row in _own_sockets() if row.state == LISTEN}


def open_connections() -> set[str]:
    """This process's TCP connections, "port > port", until it has closed its end (Linux, as above)."""
    return {f"{_port(row.local)} > {_port(row.remote)}" for row in _own_sockets() if row.state != LISTEN}


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False


def _own_sockets() -> Iterator[Row]:
    inodes = _own_socket_inodes()
    for table in (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6")):
        lines = table.read_text().splitlines()[1:] if table.exists() else []
        for fields in map(str.split, lines):
            if fields[9] in inodes:
                yield Row(*fields[1:4])


def _own_socket_inodes() -> set[str]:
    inodes = set()
    for descriptor in Path("/proc/self/fd").glob("*"):
        try:
            target = str(descriptor.readlink())
        except OSError:  # the descriptor of this very listing is gone by now
            continue
        if target.startswith("socket:["):
            inodes.add(target[len("socket:[") : -1])
    return inodes


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
