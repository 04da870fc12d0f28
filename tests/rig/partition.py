"""Drop and refuse packets to a port and from it, in a network that `namespace` made.

A proxy cannot do this: its kernel acknowledges what it receives, so keepalive and TCP_USER_TIMEOUT see a
peer that is well. Packets vanish on their way in, where the sender does not notice, as in a real network.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

from tests.rig import namespace

TABLE = "inet connmgr"
CHAIN = f"{TABLE} input"


class Partition:
    """Rules for packets, which add up until `heal`; as a context manager, gone when the block ends."""

    def __enter__(self) -> Self:
        if not namespace.is_private():
            raise RuntimeError("not in a private network: these rules would break the machine's own")
        namespace.raise_loopback()
        self._nft(f"add table {TABLE}", f"add chain {CHAIN} {{ type filter hook input priority filter; }}")
        return self

    def __exit__(self, *_: object) -> None:
        self._nft(f"delete table {TABLE}")

    def drop(self, port: int) -> None:
        """Lose every packet, both ways: connections that are open hang, and new ones are not made."""
        self._add(f"tcp dport {port} drop", f"tcp sport {port} drop")

    def drop_new(self, port: int) -> None:
        """Lose the packets that open connections; those that are open go on."""
        self._add(f"tcp dport {port} tcp flags & (syn | ack) == syn drop")

    def drop_open(self, port: int) -> None:
        """Lose the packets of the connections that are open now; new ones can be made."""
        clients = _clients(port)
        if clients:
            ports = ", ".join(map(str, sorted(clients)))
            self._add(
                f"tcp dport {port} tcp sport {{ {ports} }} drop",
                f"tcp sport {port} tcp dport {{ {ports} }} drop",
            )

    def drop_replies(self, port: int) -> None:
        """Lose what the server sends, its acknowledgements too; it goes on receiving."""
        self._add(f"tcp sport {port} drop")

    def reject(self, port: int) -> None:
        """Answer every packet with a reset, as a firewall or a machine without that service does."""
        self._add(f"tcp dport {port} reject with tcp reset")

    def heal(self) -> None:
        """Let everything pass again. TCP sends again what was lost, each time later than the last."""
        self._nft(f"flush chain {CHAIN}")

    def _add(self, *rules: str) -> None:
        self._nft(*(f"add rule {CHAIN} {rule}" for rule in rules))

    def _nft(self, *commands: str) -> None:
        """Run all commands at once, or none if one is wrong."""
        done = subprocess.run([str(namespace.NFT), "\n".join(commands)], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"nft: {done.stderr.strip()}")


def _clients(port: int) -> set[int]:
    """The ports of this network from which there is a connection to `port`."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return {_port(row[1]) for row in rows if _port(row[2]) == port}


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
