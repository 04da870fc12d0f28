"""Servers of each kind that a list of servers may hold, all with one password."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from connmgr.target import Server
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.template import Template

PASSWORD = "the same on all"


@contextmanager
def new_primary(template: Template) -> Iterator[PostgresServer]:
    """Lend a server that can be written to."""
    server = PostgresServer(template)
    server.password = PASSWORD
    with server:
        yield server


@contextmanager
def new_standby(template: Template) -> Iterator[PostgresServer]:
    """Lend a server in hot standby, which waits for a primary that it never had; it can be promoted."""
    with new_primary(template) as server:
        server.stop()
        (server.data / "standby.signal").touch()
        server.start()
        yield server


@contextmanager
def new_read_only(template: Template) -> Iterator[PostgresServer]:
    """Lend a primary whose transactions are read only unless they ask for more."""
    with new_primary(template) as server:
        server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        server.restart()
        yield server


@contextmanager
def silent_server() -> Iterator[Server]:
    """Lend a server whose kernel takes connections and who says nothing."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield Server("silent", listener.getsockname()[1], LOOPBACK)
