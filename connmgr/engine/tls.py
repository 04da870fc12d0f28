"""TLS for PostgreSQL as libpq's `sslmode` means it, from the profile's settings alone."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from connmgr.profile import PostgresTarget, SSLMode

_INVALID_AUTHORIZATION = "28000"


def build_context(target: PostgresTarget) -> ssl.SSLContext | None:
    """Build what encrypts the target's connections; None when nothing does.

    None for `sslmode: disable`, and for a socket directory, which libpq never encrypts either. Reads
    the files that the target names, and the system's store of authorities when the chain is checked
    and there is no `sslrootcert`; nothing in the home folder.

    Raises:
        ssl.SSLError: a file cannot be read or does not fit; the message names its setting and path.
    """
    if target.sslmode == "disable" or target.host.startswith("/"):
        return None
    # Not ssl.create_default_context: it writes session keys to $SSLKEYLOGFILE, and from Python 3.13 on
    # it refuses authorities that libpq accepts.
    context = _NamedPeer(ssl.PROTOCOL_TLS_CLIENT)
    context.peer = target.host
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = target.sslmode == "verify-full"
    if _checks_chain(target):
        _load_authorities(context, target.sslrootcert)
    else:
        context.verify_mode = ssl.CERT_NONE
    _load_client_certificate(context, target)
    return context


def transports(sslmode: SSLMode, context: ssl.SSLContext | None) -> tuple[ssl.SSLContext | None, ...]:
    """Give the order in which to try encrypted (the context) and clear (None) connections.

    `context` is what `build_context` gave for the same target.
    """
    if context is None:
        return (None,)
    if sslmode == "allow":
        return (None, context)
    if sslmode == "prefer":
        return (context, None)
    return (context,)


def may_try_other_transport(exc: BaseException) -> bool:
    """Whether this failure of the first of two transports lets the second one be tried.

    True when the server would not have this transport. A server that is down, slow or refuses the
    password says the same on both, and a second attempt would only spend the deadline.
    """
    if isinstance(exc, ssl.SSLError) or refuses_tls(exc):
        return True
    # Its text ("no pg_hba.conf entry for host …, no encryption") is in the server's language.
    return getattr(exc, "sqlstate", None) == _INVALID_AUTHORIZATION


def refuses_tls(exc: BaseException) -> bool:
    """Whether the server answered the request for TLS with no (asyncpg has no class for that)."""
    return isinstance(exc, ConnectionError) and "rejected SSL upgrade" in str(exc)


class _NamedPeer(ssl.SSLContext):
    """A context that expects the certificate of `peer`, whatever name the caller passes.

    We resolve names ourselves and hand the driver an address, and the driver passes that address on as
    the server's name. Without this `verify-full` would refuse every certificate that is made out to a
    name, and a server that picks its certificate by name (SNI) would be asked for none.
    """

    peer: str

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        return super().wrap_bio(*args, **{**kwargs, "server_hostname": self.peer})

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, **{**kwargs, "server_hostname": self.peer})


def _checks_chain(target: PostgresTarget) -> bool:
    if target.sslmode == "require":
        # libpq's rule: a root certificate that is there is used, or it would be there for nothing.
        return target.sslrootcert is not None
    return target.sslmode in ("verify-ca", "verify-full")


def _load_authorities(context: ssl.SSLContext, sslrootcert: str | None) -> None:
    if sslrootcert is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return
    with _naming(f"sslrootcert {sslrootcert!r}", "a readable file of PEM certificates"):
        context.load_verify_locations(cafile=sslrootcert)


def _load_client_certificate(context: ssl.SSLContext, target: PostgresTarget) -> None:
    certificate, key = target.sslcert, target.sslkey
    if certificate is None:
        if key is not None:
            raise _error(f"sslkey {key!r}: there is no certificate to go with it; set sslcert too")
        return
    setting = f"sslcert {certificate!r}" + (f" with sslkey {key!r}" if key else "")
    with _naming(setting, "readable PEM files, a certificate and the key it was made for"):
        context.load_cert_chain(certificate, key, password=_refuse_pass_phrase)


def _refuse_pass_phrase() -> NoReturn:
    """Without this OpenSSL would ask on the terminal, and the process would stand still."""
    raise _error("the key is encrypted and no setting holds its pass phrase")


@contextmanager
def _naming(setting: str, accepted: str) -> Iterator[None]:
    """Say which setting and file OpenSSL's error is about: its own texts name neither."""
    try:
        yield
    except OSError as exc:
        raise _error(f"{setting}: {exc.strerror}; expected {accepted}") from exc


def _error(message: str) -> ssl.SSLError:
    # With one argument alone, its str would be a tuple in parentheses.
    return ssl.SSLError(ssl.SSL_ERROR_SSL, message)
