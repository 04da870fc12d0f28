"""A secret that is asked of its source when it is needed, and remembered to be masked."""

from __future__ import annotations

from connmgr.secret import Secret, SecretSource


class Asked:
    """The secret of one source as it was last, and the one before: a rotated secret takes effect.

    The one before is still to be masked: connections that are open may have been made with it.
    """

    __slots__ = ("_earlier", "_now", "_source")

    def __init__(self, source: SecretSource | None) -> None:
        self._source = source
        self._now: Secret | None = None
        self._earlier: Secret | None = None

    @property
    def known(self) -> list[Secret]:
        """The secrets to be masked."""
        return [secret for secret in (self._now, self._earlier) if secret is not None]

    def adopt(self, source: SecretSource | None) -> None:
        """Ask another source from now on."""
        self._source = source

    async def ask(self) -> None:
        """Ask the source, if there is one.

        Raises:
            ConfigError: the secret cannot be had.
        """
        if self._source is None:
            return
        secret = await self._source.get()
        if secret != self._now:
            self._now, self._earlier = secret, self._now

    def reveal(self) -> str:
        """Return the text itself, empty without a source. For the driver to call, as `Secret.reveal`."""
        return "" if self._now is None else self._now.reveal()
