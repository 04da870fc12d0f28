"""Who is shown details."""

from __future__ import annotations

import asyncio
import hmac
import time
from typing import Final

from connmgr import logs
from connmgr.errors import ConfigError
from connmgr.registry_settings import WebSettings
from connmgr.secret import Secret

TOKEN_TTL: Final = 10.0
"""Seconds for which a token that was asked for serves, so that requests do not run a command each."""


class Access:
    """Compares what requests bring with the token of `_registry.yaml`."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._token: Secret | None = None
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    @property
    def needs_token(self) -> bool:
        """Whether details are for those alone who send the token."""
        return self._settings.details == "token"

    async def is_allowed(self, authorization: str | None) -> bool:
        """Whether a request with that header is shown details."""
        if not self.needs_token:
            return self._settings.details == "always"
        scheme, _, sent = (authorization or "").partition(" ")
        sent = sent.strip()
        if scheme.lower() != "bearer" or not sent:
            return False
        token = await self._ask()
        return token is not None and hmac.compare_digest(sent.encode(), token.reveal().encode())

    async def _ask(self) -> Secret | None:
        # One at a time: who comes meanwhile would be compared with the token of before, or none.
        async with self._asking:
            await self._renew()
        return self._token

    async def _renew(self) -> None:
        now = time.monotonic()
        if now - self._asked_at >= TOKEN_TTL and self._settings.token is not None:
            self._asked_at = now
            try:
                self._token = await self._settings.token.get()
            except ConfigError as error:
                self._token = None
                _log(str(error))
            else:
                if not self._token.reveal():
                    self._token = None
                    _log("it is empty")


def _log(why: str) -> None:
    logs.event("ERROR", f"web.token cannot be had, so nobody is shown details: {why}")
