"""Run commands on a machine whose name server never answers."""

from __future__ import annotations

import ipaddress
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")
NSSWITCH_CONF = Path("/etc/nsswitch.conf")
DNS_PORT = 53
OPTIONS = "options timeout:30 attempts:5"
# Any address of the loopback network will do, and a machine may have a resolver of its own on some.
ADDRESSES = [str(ipaddress.IPv4Address("127.0.0.53") + offset) for offset in (0, 50, 100, 150, 200)]
NAMESPACES = (("unshare", "-m"), ("unshare", "-Urm"))
ENTER = f'mount --bind "$1" {RESOLV_CONF} && mount --bind "$2" {NSSWITCH_CONF} && shift 2 && exec "$@"'


class ResolverUnavailable(Exception):
    """This machine does not let the rig replace the name server for a command."""


@dataclass(frozen=True, slots=True)
class HangingResolver:
    """A name server that takes questions and answers none."""

    prefix: tuple[str, ...]
    """What to put in front of a command, to run it where every name is asked of this server."""
    _socket: socket.socket

    def next_question(self, timeout: float = 5.0) -> bytes:
        """Return one question that was asked, as it came; wait for one up to `timeout` seconds.

        Raises:
            TimeoutError: nobody asked.
        """
        self._socket.settimeout(timeout)
        return self._socket.recv(512)


@contextmanager
def hanging_resolver() -> Iterator[HangingResolver]:
    """Lend a name server that never answers. The command sees the machine's own network, loopback included.

    Raises:
        ResolverUnavailable: it takes root, mount namespaces, and files to mount over; something is missing.
    """
    for file in (RESOLV_CONF, NSSWITCH_CONF):
        if not file.exists():
            raise ResolverUnavailable(f"there is no {file} to put another one in front of")
    with _bind() as server, tempfile.TemporaryDirectory(prefix="connmgr-dns-") as directory:
        address = server.getsockname()[0]
        resolv, nsswitch = Path(directory, "resolv.conf"), Path(directory, "nsswitch.conf")
        resolv.write_text(f"nameserver {address}\n{OPTIONS}\n")
        nsswitch.write_text("passwd: files\ngroup: files\nhosts: files dns\n")
        Path(directory).chmod(0o755)
        enter = ("sh", "-c", ENTER, "sh", str(resolv), str(nsswitch))
        yield HangingResolver((*_namespace(enter), *enter), server)


def _bind() -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for address in ADDRESSES:
        try:
            server.bind((address, DNS_PORT))
        except OSError as error:
            reason = error
        else:
            return server
    server.close()
    raise ResolverUnavailable(f"no name server of ours on port {DNS_PORT} of loopback: {reason.strerror}")


def _namespace(enter: tuple[str, ...]) -> tuple[str, ...]:
    for namespace in NAMESPACES:
        try:
            tried = subprocess.run([*namespace, *enter, "true"], capture_output=True, text=True)
        except FileNotFoundError:
            raise ResolverUnavailable("no unshare command on PATH: install util-linux") from None
        if tried.returncode == 0:
            return namespace
    raise ResolverUnavailable(f"no mount namespace for a command: {tried.stderr.strip()}")
