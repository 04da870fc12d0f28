"""Run commands in a network of their own: loopback and nothing else, where a broken rule harms nobody."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
from pathlib import Path

NAMESPACES = (("unshare", "-n"), ("unshare", "-Urn"))
# Told to end with its parent, or a killed run would leave its child and the child's server behind.
WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "TERM")
# Who is not root has no sbin on PATH, and may use nft all the same in a namespace of their own.
NFT = shutil.which("nft", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
OUTSIDE = "CONNMGR_NETWORK_OUTSIDE"
SIOCGIFFLAGS, SIOCSIFFLAGS, UP = 0x8913, 0x8914, 0x1


class NamespaceUnavailable(Exception):
    """This machine does not let the rig drop packets."""


def prefix() -> tuple[str, ...]:
    """Return what to put in front of a command, to run it in a network of its own where nft works.

    Raises:
        NamespaceUnavailable: nft is missing, or the kernel lets nobody do this here.
    """
    if NFT is None:
        raise NamespaceUnavailable("no nft command: install nftables")
    for namespace in NAMESPACES:
        try:
            command = [*namespace, *WITH_ITS_PARENT, NFT, "add table inet tried"]
            tried = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            raise NamespaceUnavailable("no unshare command on PATH: install util-linux") from None
        if tried.returncode == 0:
            return (*namespace, *WITH_ITS_PARENT)
    raise NamespaceUnavailable(f"no network namespace with nftables: {tried.stderr.strip()}")


def environment() -> dict[str, str]:
    """Return this process's environment for such a command, by which `is_private` knows it."""
    return {**os.environ, OUTSIDE: _network()}


def is_private() -> bool:
    """Whether this process was started through `prefix` and `environment`."""
    return os.environ.get(OUTSIDE, _network()) != _network()


def raise_loopback() -> None:
    """Bring loopback up, which a new network has, and has down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | UP))


def _network() -> str:
    network = Path("/proc/self/ns/net")
    return str(network.readlink()) if network.is_symlink() else "the only one"
