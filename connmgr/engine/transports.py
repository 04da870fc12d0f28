"""Encrypted or in clear text: in which order both are tried, and which failures are TLS's."""

from __future__ import annotations

import ssl

from connmgr.target import SSLMode

_INVALID_AUTHORIZATION = "28000"
_LOST = "08003"  # asyncpg's own, for a connection that ended while it logged in


def transports(sslmode: SSLMode, context: ssl.SSLContext | None) -> tuple[ssl.SSLContext | None, ...]:
    """Give the order in which to try encrypted (the context) and clear (None) connections.

    `context` is what `build_context` gave for the same target; None where nothing is encrypted.
    """
    if context is None:
        return (None,)
    if sslmode == "allow":
        return (None, context)
    if sslmode == "prefer":
        return (context, None)
    return (context,)


def may_try_other_transport(exc: BaseException, *, encrypted: bool) -> bool:
    """Whether this failure of the first of two transports lets the second one be tried.

    `encrypted` says whether the first was. True when the server would not have this transport. A server
    that is down, slow or refuses the password says the same on both, and a second attempt would only
    spend the deadline.
    """
    if encrypted and (isinstance(exc, ssl.SSLError | ConnectionResetError) or refuses_tls(exc)):
        return True  # a reset: what a server does, or a box in between, that cannot stand the handshake
    # Its text ("no pg_hba.conf entry for host …, no encryption") is in the server's language.
    return getattr(exc, "sqlstate", None) == _INVALID_AUTHORIZATION


def refuses_tls(exc: BaseException) -> bool:
    """Whether the server answered the request for TLS with no (asyncpg has no class for that)."""
    return isinstance(exc, ConnectionError) and "rejected SSL upgrade" in str(exc)


def failure_of_tls(exc: BaseException) -> ssl.SSLError | None:
    """Return what TLS itself said, also where the driver only says that the connection was closed.

    So it is with TLS 1.3: a server refuses a client's certificate after the client's handshake is over.
    """
    if isinstance(exc, ssl.SSLError):
        return exc
    return exc.__cause__ if was_cut_off(exc) and isinstance(exc.__cause__, ssl.SSLError) else None


def was_cut_off(exc: BaseException) -> bool:
    """Whether the server took the connection and then ended it without an answer."""
    if isinstance(exc, ConnectionError):
        return not isinstance(exc, ConnectionRefusedError)
    return getattr(exc, "sqlstate", None) == _LOST


def is_tls_failure(exc: BaseException) -> bool:
    """Whether it was TLS that failed, and not the way to the server or the login."""
    return refuses_tls(exc) or failure_of_tls(exc) is not None
