"""Who is at the other end of a Unix socket, as the kernel says it."""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import dataclass
from typing import Final

ROOT: Final = 0

# sys/un.h and sys/ucred.h of macOS, which Python has no names for
_SOL_LOCAL: Final = 0
_LOCAL_PEERCRED: Final = 1
_LOCAL_PEERPID: Final = 2
_XUCRED: Final = "IIh2x16I"
_UCRED: Final = "3i"


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that connected, and whose it was then; None is what the system does not tell."""

    uid: int | None = None
    pid: int | None = None

    def is_allowed(self, owner: int) -> bool:
        """Whether it may ask: the owner's own processes, and root's.

        Root could read this process's memory and stop it; to refuse it would protect nothing, and would keep
        operators with `sudo` out. Where the system tells nothing, the file's mode alone decides.
        """
        return self.uid is None or self.uid in (owner, ROOT)


def peer_of(connection: socket.socket) -> Peer:
    """Ask the kernel who connected."""
    if sys.platform == "linux":
        options = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(_UCRED))
        pid, uid, _ = struct.unpack(_UCRED, options)
        return Peer(uid, pid)
    if sys.platform == "darwin":
        credentials = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, struct.calcsize(_XUCRED))
        (pid,) = struct.unpack("i", connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4))
        return Peer(struct.unpack_from("II", credentials)[1], pid)
    return Peer()
