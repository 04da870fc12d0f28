"""TLS for PostgreSQL as libpq's `sslmode` means it, from the profile's settings alone."""

from __future__ import annotations

import errno
import os
import ssl
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connmgr.target import PostgresTarget, Server

ALPN = "postgresql"
"""What PostgreSQL calls its protocol in TLS; from version 17 on it answers with that."""

_WEAK = ("allow", "prefer")
_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def is_encrypted(target: PostgresTarget, server: Server) -> bool:
    """Whether connections to that server may be: not to a socket directory, which libpq never encrypts."""
    return target.sslmode != "disable" and not server.is_socket


def checks_chain(target: PostgresTarget) -> bool:
    """Whether a server's certificate must lead to a trusted authority.

    libpq's rule: an `sslrootcert` is used in every mode that encrypts, or it would be there for nothing.
    """
    return target.sslrootcert is not None or target.sslmode in ("verify-ca", "verify-full")


def build_context(
    target: PostgresTarget, server: Server, pass_phrase: Callable[[], str] | None = None
) -> ssl.SSLContext:
    """Build what encrypts the connections to one of the target's servers, for a target that `is_encrypted`.

    Reads the files that the target names, and the system's store of authorities when the chain is checked
    and there is no `sslrootcert`; nothing in the home folder. `pass_phrase` is called when the key is
    encrypted and returns `sslpassword`.

    Raises:
        ssl.SSLError: a file cannot be read or does not fit, or settings contradict each other; the message
            names setting and path.
    """
    # Not ssl.create_default_context: it writes session keys to $SSLKEYLOGFILE, and from Python 3.13 on
    # it refuses authorities that libpq accepts.
    context = _NamedPeer(ssl.PROTOCOL_TLS_CLIENT)
    context.peer = server.host
    context.set_alpn_protocols([ALPN])
    if target.sslnegotiation == "direct":
        if target.sslmode in _WEAK:
            raise _error(
                f"sslnegotiation 'direct' cannot be had with sslmode {target.sslmode!r}, which also goes on "
                "in clear text; expected require, verify-ca or verify-full"
            )
        context.sslobject_class = _SpeaksPostgres
    _set_versions(context, target)
    context.check_hostname = target.sslmode == "verify-full"
    if checks_chain(target):
        _load_authorities(context, target)
    else:
        context.verify_mode = ssl.CERT_NONE
    _load_client_certificate(context, target, pass_phrase)
    return context


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


class _SpeaksPostgres(ssl.SSLObject):
    """Accepts a peer only if it says in the handshake that it speaks PostgreSQL, as libpq demands.

    Where TLS comes first, nothing else tells a PostgreSQL server from another one with its certificate,
    and an attacker could lead the password to that.
    """

    def do_handshake(self) -> None:
        super().do_handshake()
        if self.selected_alpn_protocol() != ALPN:
            raise _error(
                "sslnegotiation 'direct': the server did not say that it speaks PostgreSQL; before version "
                "17, or behind a proxy that ends TLS, it needs sslnegotiation 'postgres'"
            )


def _set_versions(context: ssl.SSLContext, target: PostgresTarget) -> None:
    with warnings.catch_warnings():
        # The old ones are deprecated, and whoever names one has a server that knows no other.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[target.ssl_min_protocol_version]
        if target.ssl_max_protocol_version is not None:
            context.maximum_version = _VERSIONS[target.ssl_max_protocol_version]


def _load_authorities(context: ssl.SSLContext, target: PostgresTarget) -> None:
    if target.sslrootcert is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        with _naming(
            f"sslrootcert {target.sslrootcert!r}", "a readable file of PEM certificates", target.sslrootcert
        ):
            context.load_verify_locations(cafile=target.sslrootcert)
    if target.sslcrl is not None:
        with _naming(f"sslcrl {target.sslcrl!r}", "a readable file of PEM revocation lists", target.sslcrl):
            context.load_verify_locations(cafile=target.sslcrl)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN


def _load_client_certificate(
    context: ssl.SSLContext, target: PostgresTarget, pass_phrase: Callable[[], str] | None
) -> None:
    certificate, key = target.sslcert, target.sslkey
    if certificate is None:
        if key is not None:
            raise _error(f"sslkey {key!r}: there is no certificate to go with it; set sslcert too")
        return
    if key is not None:
        _refuse_open_key(key)
    # Without a callable OpenSSL would ask on the terminal, and the process would stand still.
    asked = pass_phrase if target.sslpassword is not None and pass_phrase else _refuse_pass_phrase
    setting = f"sslcert {certificate!r}" + (f" with sslkey {key!r}" if key else "")
    with _naming(
        setting,
        "readable PEM files, a certificate and the key it was made for, and its sslpassword if it has one",
        *filter(None, (certificate, key)),
    ):
        context.load_cert_chain(certificate, key, password=asked)


def _refuse_open_key(key: str) -> None:
    """Refuse a key that others than its owner can read, as libpq does."""
    if os.name == "nt":
        return
    with _naming(f"sslkey {key!r}", "a readable PEM file"):
        found = Path(key).stat()
    # Root may let a group in: so one key of the system's serves several accounts.
    others = stat.S_IRWXO | (stat.S_IWGRP | stat.S_IXGRP if found.st_uid == 0 else stat.S_IRWXG)
    if found.st_mode & others:
        mode = stat.S_IMODE(found.st_mode)
        raise _error(
            f"sslkey {key!r}: others than its owner can use it (mode {mode:04o}); expected 0600 or less, or "
            "0640 or less when root owns it: chmod 0600"
        )


def _refuse_pass_phrase() -> str:
    raise _error("the key is encrypted and no setting holds its pass phrase; set sslpassword")


@contextmanager
def _naming(setting: str, accepted: str, *paths: str) -> Iterator[None]:
    """Say which setting and file OpenSSL's error is about: its own texts name neither."""
    try:
        for path in paths:
            # OpenSSL would wait for the writer of a FIFO, and the event loop and its deadlines with it.
            if not stat.S_ISREG(Path(path).stat().st_mode):
                raise OSError(errno.EINVAL, "no regular file")
        yield
    except OSError as exc:
        raise _error(f"{setting}: {exc.strerror}; expected {accepted}") from exc


def _error(message: str) -> ssl.SSLError:
    # With one argument alone, its str would be a tuple in parentheses.
    return ssl.SSLError(ssl.SSL_ERROR_SSL, message)
