"""The TLS contexts of one target: one for each host, and another one when a file of it has changed."""

from __future__ import annotations

import os
import ssl
from typing import Final, NamedTuple, TypeAlias

from connmgr import logs
from connmgr.engine.drivers.asked import Asked
from connmgr.engine.drivers.lasting import asked
from connmgr.engine.failures import classify
from connmgr.engine.tls import build_context
from connmgr.errors import ConfigError
from connmgr.secret import Secret
from connmgr.target import PostgresTarget, Server

_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

Stamp: TypeAlias = tuple[tuple[int, ...] | None, ...]
"""What tells files from those that were there before: a rename brings another inode, a write other times."""


class _Loaded(NamedTuple):
    context: ssl.SSLContext
    stamp: Stamp


class TLSContexts:
    """Owns the contexts of one target. A context is built once: reading the system's store takes tens of
    milliseconds. Connections keep the one that they were made with.
    """

    __slots__ = ("_by_host", "_complained_of", "_phrase", "_previous", "_profile", "_target")

    def __init__(self, target: PostgresTarget, profile: str) -> None:
        self._target = target
        self._profile = profile
        self._by_host: dict[str, _Loaded] = {}
        self._complained_of: Stamp | None = None
        source = target.sslpassword
        self._phrase = asked(source, profile) if source is not None else None
        self._previous = (
            Asked(source.previous) if source is not None and source.previous is not None else None
        )

    @property
    def known(self) -> list[Secret]:
        """The pass phrases to be masked."""
        return [
            secret
            for phrase in (self._phrase, self._previous)
            if phrase is not None
            for secret in phrase.known
        ]

    @property
    def trouble(self) -> str | None:
        """Why the pass phrase's source gives none while the last good one serves."""
        return None if self._phrase is None else self._phrase.trouble

    async def context(self, server: Server) -> ssl.SSLContext:
        """Return what encrypts connections to `server`, for a target that `is_encrypted`.

        Files that are half-way through a rotation, a certificate whose key is not there yet, leave the last
        good context in use.

        Raises:
            ssl.SSLError: the files cannot be used, and there is no context from before.
            ConfigError: the same, for the pass phrase.
        """
        # Before the files are read: what changes meanwhile is seen by the next connect.
        stamp = self._stamp()
        loaded = self._by_host.get(server.host)
        if loaded is not None and loaded.stamp == stamp:
            return loaded.context
        try:
            context = await self._build(server)
        except (ssl.SSLError, ConfigError) as error:
            if loaded is None:
                raise
            self._complain(error, stamp)
            return loaded.context
        self._by_host[server.host] = _Loaded(context, stamp)
        return context

    async def close(self) -> None:
        """End what is under way, and forget the contexts; what is secret is masked as before."""
        self._by_host.clear()
        for phrase in (self._phrase, self._previous):
            if phrase is not None:
                await phrase.close()

    async def _build(self, server: Server) -> ssl.SSLContext:
        if self._phrase is None:
            return build_context(self._target, server)
        phrase = await self._phrase.ask()
        try:
            return build_context(self._target, server, phrase.reveal)
        except ssl.SSLError:
            if self._previous is None:
                raise
        previous = await self._previous.ask()
        return build_context(self._target, server, previous.reveal)

    def _stamp(self) -> Stamp:
        return tuple(_stamp_of(path) for path in (getattr(self._target, name) for name in _FILES) if path)

    def _complain(self, error: Exception, stamp: Stamp) -> None:
        """Log once for each state of the files that they cannot be used."""
        if stamp == self._complained_of:
            return
        self._complained_of = stamp
        logs.event(
            "WARNING",
            f"profile {self._profile!r}: changed TLS files cannot be used, new connections go on with those "
            f"that were read before: {classify(error, self.known).message}",
            profile=self._profile,
        )


def _stamp_of(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - the path is the driver's text, as OpenSSL gets it
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
