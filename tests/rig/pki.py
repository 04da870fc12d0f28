"""Make a small public key infrastructure with the openssl command: right certificates and wrong ones."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.rig.access import Access, ServerTLS

LOOPBACK_NAMES = "DNS:localhost,IP:127.0.0.1"
OTHER_NAME = "DNS:elsewhere.example.test"
VALID = ("20200101000000Z", "20991231235959Z")
EXPIRED = ("20200101000000Z", "20200102000000Z")
PASS_PHRASE = "rig pass phrase: @%#"
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
# "openssl ca" is the one command of every openssl that sets both ends of a certificate's life.
CONFIGURATION = """
[ca]
default_ca = authority
[authority]
database = {directory}/index.txt
new_certs_dir = {directory}
certificate = {directory}/ca.crt
private_key = {directory}/ca.key
rand_serial = yes
default_md = sha256
policy = names
unique_subject = no
x509_extensions = leaf
[names]
commonName = supplied
[leaf]
basicConstraints = critical,CA:false
subjectAltName = {names}
"""


class PkiUnavailable(Exception):
    """The machine has no openssl command."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate and its key, PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Pki:
    """A CA, one that nobody trusts, and certificates of theirs named for what is special about them."""

    ca: Path
    other_ca: Path
    server: Certificate
    expired_server: Certificate
    other_host_server: Certificate
    revoked_server: Certificate
    """Named in `crl`."""
    crl: Path
    """The list of what the CA revoked."""
    client: Certificate
    """CN is `app`, the role of the rig's servers."""
    renewed_client: Certificate
    """The same name, by the same CA, another key."""
    other_client: Certificate
    """CN is `other`."""
    unknown_client: Certificate
    """CN is `app`, signed by the other CA."""
    locked_client: Certificate
    """`client`, its key encrypted with `PASS_PHRASE`."""
    open_client: Certificate
    """`client`, its key readable by everybody."""

    def tls(self, server: Certificate | None = None, *, access: Access = Access.REQUIRED) -> ServerTLS:
        """TLS for a `PostgresServer` that shows `server`, by default the right one."""
        shown = server or self.server
        return ServerTLS(shown.certificate, shown.key, self.ca, access)


def new_pki(directory: Path) -> Pki:
    """Make a PKI in an empty `directory`, which the caller owns.

    Raises:
        PkiUnavailable: there is no openssl command.
    """
    if not shutil.which("openssl"):
        raise PkiUnavailable("no openssl command on PATH: install openssl")
    ours = _Authority(directory / "ours", "The rig's CA")
    other = _Authority(directory / "other", "Nobody's CA")
    revoked, client = ours.issue("revoked", "localhost"), ours.issue("client", "app")
    return Pki(
        ca=ours.certificate,
        other_ca=other.certificate,
        server=ours.issue("server", "localhost"),
        expired_server=ours.issue("expired", "localhost", life=EXPIRED),
        other_host_server=ours.issue("other-host", "elsewhere.example.test", names=OTHER_NAME),
        revoked_server=revoked,
        crl=ours.revoke(revoked),
        client=client,
        renewed_client=ours.issue("renewed-client", "app"),
        other_client=ours.issue("other-client", "other"),
        unknown_client=other.issue("unknown-client", "app"),
        locked_client=locked(client, PASS_PHRASE),
        open_client=_opened(client),
    )


class _Authority:
    """A CA in a directory of its own."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self.certificate = directory / "ca.crt"
        directory.mkdir()
        (directory / "index.txt").touch()
        _openssl(
            *("req", "-x509", *NEW_KEY, "-keyout", directory / "ca.key", "-out", self.certificate),
            *("-days", "3650", "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def issue(
        self, file: str, common_name: str, *, names: str = LOOPBACK_NAMES, life: tuple[str, str] = VALID
    ) -> Certificate:
        made = Certificate(self.directory / f"{file}.crt", self.directory / f"{file}.key")
        request = self.directory / f"{file}.csr"
        configuration = self.directory / f"{file}.cnf"
        configuration.write_text(CONFIGURATION.format(directory=self.directory, names=names))
        _openssl("req", "-new", *NEW_KEY, "-keyout", made.key, "-out", request, "-subj", f"/CN={common_name}")
        _openssl(
            *("ca", "-batch", "-notext", "-config", configuration, "-in", request, "-out", made.certificate),
            *("-startdate", life[0], "-enddate", life[1]),
        )
        return made

    def revoke(self, revoked: Certificate) -> Path:
        """Revoke a certificate and return the list that names it."""
        made = self.directory / "revoked.crl"
        configuration = revoked.certificate.with_suffix(".cnf")
        _openssl("ca", "-config", configuration, "-revoke", revoked.certificate)
        _openssl("ca", "-config", configuration, "-gencrl", "-crldays", "3650", "-out", made)
        return made


def locked(client: Certificate, phrase: str) -> Certificate:
    """Return a certificate with its key encrypted, beside what it was."""
    key = client.key.with_suffix(".locked.key")
    _openssl("pkey", "-in", client.key, "-aes256", "-passout", f"pass:{phrase}", "-out", key)
    key.chmod(0o600)
    return Certificate(client.certificate, key)


def _opened(client: Certificate) -> Certificate:
    key = client.key.with_suffix(".open.key")
    shutil.copyfile(client.key, key)
    key.chmod(0o644)
    return Certificate(client.certificate, key)


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
