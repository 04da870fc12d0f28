"""Say who may come in over which transport: `pg_hba.conf` and the server's TLS settings."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.rig.account import Account
from tests.rig.template import SUPERUSER

LOOPBACK = "127.0.0.1/32"


class Access(Enum):
    """What a server with TLS asks of clients that come over TCP."""

    OPTIONAL = "a password; TLS or not, as the client likes"
    REQUIRED = "TLS and a password"
    PASSWORD_AND_CERTIFICATE = "TLS, a password, and a certificate whose CN is the role"
    CERTIFICATE = "TLS and a certificate whose CN is the role, no password"


RULES = {
    Access.OPTIONAL: ("host", "scram-sha-256"),
    Access.REQUIRED: ("hostssl", "scram-sha-256"),
    Access.PASSWORD_AND_CERTIFICATE: ("hostssl", "scram-sha-256 clientcert=verify-full"),
    Access.CERTIFICATE: ("hostssl", "cert"),
}


@dataclass(frozen=True, slots=True)
class ServerTLS:
    """The certificate a server shows, its key, the CA it trusts for clients, and what it asks of them."""

    certificate: Path
    key: Path
    client_ca: Path
    access: Access = Access.REQUIRED

    def install(self, data: Path, account: Account) -> dict[str, str]:
        """Copy the files to where the server may read them; return the settings that name them."""
        names = {"ssl_cert_file": "server.crt", "ssl_key_file": "server.key", "ssl_ca_file": "client-ca.crt"}
        for source, name in zip((self.certificate, self.key, self.client_ca), names.values(), strict=True):
            shutil.copyfile(source, data / name)
            # PostgreSQL refuses a key that others could read.
            (data / name).chmod(0o600)
            account.own(data / name)
        return {"ssl": "on", **names}


def hba_rules(tls: ServerTLS | None) -> str:
    """The text of `pg_hba.conf`: the rig itself through the socket, everybody else with credentials."""
    kind, method = RULES[tls.access if tls else Access.OPTIONAL]
    rules = [
        f"local all {SUPERUSER} trust",
        "local all all scram-sha-256",
        f"{kind} all all {LOOPBACK} {method}",
        f"hostnossl all all {LOOPBACK} reject",
    ]
    return "\n".join(rules) + "\n"
