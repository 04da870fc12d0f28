"""What to say of a TLS failure: what `sslmode` demanded, what the server did, what to change."""

from __future__ import annotations

import ssl
from typing import NamedTuple

from connmgr.engine.tls import checks_chain
from connmgr.engine.transports import failure_of_tls, refuses_tls, was_cut_off
from connmgr.target import PostgresTarget, Server


class _Advice(NamedTuple):
    did: str
    change: str


_DEMANDS = {
    "disable": "asks for no TLS",
    "allow": "asks for TLS only where clear text is refused",
    "prefer": "asks for TLS, and goes on in clear text where there is none",
}
_NO_TLS = _Advice(
    "has no TLS",
    "turn it on there (ssl = on); connmgr goes on in clear text only with sslmode prefer, allow or disable",
)
_BROKEN = _Advice(
    "ended the connection in the middle of the login",
    "read its log: it may have refused the client's certificate (sslcert), or TLS as a whole",
)
# By a part of the texts of PostgreSQL's 28000.
_BY_TEXT = {
    "no encryption": _Advice("lets nobody in without TLS", "raise sslmode to require or more"),
    "SSL off": _Advice("lets nobody in without TLS", "raise sslmode to require or more"),
    "valid client certificate": _Advice("wants a certificate of the client's", "set sslcert and sslkey"),
}
# By a part of OpenSSL's reason for not trusting a certificate.
_BY_REASON = {
    "mismatch": "set `host` to a name that the certificate holds (`hostaddr` takes the address), or accept "
    "every host of that authority with sslmode verify-ca",
    "not yet valid": "compare the clocks of the two machines with the dates in the certificate",
    "expired": "renew what has expired: the server's certificate, its authority's, or the list in sslcrl",
    "revoked": "give the server a certificate that sslcrl does not name",
    "CRL": "let sslcrl hold a current list of each authority between the server and sslrootcert",
    "": "set sslrootcert to the certificate of the authority that signed the server's",
}
_VERSIONS = "let ssl_min_protocol_version and ssl_max_protocol_version leave one that the server speaks"
# By a part of OpenSSL's reason for ending TLS, its names for the other side's alerts among them.
_BY_ALERT = {
    "PROTOCOL_VERSION": _VERSIONS,
    "UNSUPPORTED_PROTOCOL": _VERSIONS,
    "NO_PROTOCOLS": _VERSIONS,
    "APPLICATION_PROTOCOL": "use sslnegotiation 'postgres': this is no PostgreSQL that takes TLS at once",
    "ALERT": "check sslcert and sslkey: the server trusts the authorities in its ssl_ca_file alone",
    "": "check that host and port lead to a PostgreSQL server with TLS, and not to something in between",
}


def explain(error: BaseException, target: PostgresTarget, server: Server, *, encrypted: bool) -> str | None:
    """Return one sentence for a failed login, None when TLS had no part in it.

    `encrypted` says whether the login was tried with TLS.
    """
    advice = _advice(error, encrypted=encrypted)
    if advice is None:
        return None
    return f"{_demanded(target, server)}; {server} {advice.did}; {advice.change}"


def _demanded(target: PostgresTarget, server: Server) -> str:
    root = target.sslrootcert
    settings = f"sslmode {target.sslmode!r} " + (
        f"with sslrootcert {root!r}" if root else "without sslrootcert"
    )
    demand = _DEMANDS.get(target.sslmode, "demands TLS")
    if checks_chain(target):
        demand += " and a certificate of " + (
            "that authority's" if root else "an authority in the system's store"
        )
    if target.sslmode == "verify-full":
        demand += f", made out to {server.host!r}"
    return f"{settings} {demand}"


def _advice(error: BaseException, *, encrypted: bool) -> _Advice | None:
    broken = failure_of_tls(error)
    if isinstance(broken, ssl.SSLCertVerificationError):
        reason = broken.verify_message
        return _Advice(f"showed a certificate that does not pass ({reason})", _first(_BY_REASON, reason))
    if broken is not None:
        reason = broken.reason or str(broken)
        return _Advice(f"could not agree on TLS ({reason})", _first(_BY_ALERT, reason))
    if refuses_tls(error):
        return _NO_TLS
    if encrypted and was_cut_off(error):
        return _BROKEN
    if getattr(error, "sqlstate", None) != "28000":
        return None
    return next((advice for part, advice in _BY_TEXT.items() if part in str(error)), None)


def _first(texts: dict[str, str], reason: str) -> str:
    return next(text for part, text in texts.items() if part in reason)
