"""Certificates that change are used by the next connection; a half-written pair leaves the last good one."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connmgr import Registry
from tests.rig.access import Access
from tests.rig.pki import PASS_PHRASE, Certificate, Pki, locked, new_pki
from tests.rig.ports import LOOPBACK
from tests.rig.postgres import PostgresServer
from tests.rig.rotation import replace_file
from tests.rig.template import DATABASE, ROLE, Template

NewRegistry = Callable[..., Registry]
SERIAL = text("SELECT client_serial FROM pg_stat_ssl WHERE pid = pg_backend_pid()")


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Another infrastructure, as after its authority was renewed."""
    return new_pki(tmp_path_factory.mktemp("renewed"))


@pytest.fixture
def server(postgres_template: Template, pki: Pki) -> Iterator[PostgresServer]:
    with PostgresServer(postgres_template, tls=pki.tls(access=Access.CERTIFICATE)) as server:
        yield server


class Files:
    """What a profile names."""

    def __init__(self, folder: Path) -> None:
        self.root, self.certificate, self.key, self.phrase = (
            folder / name for name in ("root.crt", "client.crt", "client.key", "phrase")
        )

    def take(self, client: Certificate, *, part: str = "pair") -> None:
        """Put a client's certificate, or one half of it, in place by renaming."""
        if part in ("pair", "certificate"):
            replace_file(self.certificate, client.certificate.read_bytes())
        if part in ("pair", "key"):
            replace_file(self.key, client.key.read_bytes())


@pytest.fixture
def files(tmp_path: Path, pki: Pki) -> Files:
    files = Files(tmp_path)
    shutil.copyfile(pki.ca, files.root)
    files.take(pki.client)
    return files


def profile(server: PostgresServer, files: Files, **words: Any) -> dict[str, Any]:
    return {
        "connection": {
            "host": "localhost",
            "hostaddr": LOOPBACK,
            "port": server.port,
            "dbname": DATABASE,
            "user": ROLE,
            "sslmode": "verify-full",
            "sslrootcert": str(files.root),
            "sslcert": str(files.certificate),
            "sslkey": str(files.key),
            **words,
        },
        "pool": {"size": 5},
    }


async def serial(registry: Registry) -> Any:
    """The serial number of the certificate that a new connection showed."""
    await registry.engine("orders").dispose()
    async with registry.connect("orders") as connection:
        return (await connection.execute(SERIAL)).scalar_one()


@pytest.fixture
async def registry(load: NewRegistry, server: PostgresServer, files: Files) -> AsyncIterator[Registry]:
    async with load(orders=profile(server, files)) as registry:
        yield registry


async def test_a_renewed_client_certificate_is_shown_by_the_next_connection(
    registry: Registry, files: Files, pki: Pki
) -> None:
    async with registry.connect("orders") as live:
        first = (await live.execute(SERIAL)).scalar_one()
        files.take(pki.renewed_client)
        second = await serial(registry)
        still = (await live.execute(SERIAL)).scalar_one()

    assert first == still
    assert second != first


async def test_half_a_pair_leaves_the_last_good_one_in_use_and_says_so_once(
    registry: Registry, files: Files, pki: Pki, log: list[dict[str, Any]]
) -> None:
    first = await serial(registry)

    files.take(pki.renewed_client, part="certificate")
    halfway = [await serial(registry) for _ in range(3)]
    warned = [record for record in log if "changed TLS files cannot be used" in record["message"]]
    files.take(pki.renewed_client, part="key")
    second = await serial(registry)

    assert halfway == [first] * 3
    assert len(warned) == 1
    assert "sslcert" in warned[0]["message"]
    assert second != first


async def test_with_no_good_files_from_before_the_error_is_raised(
    load: NewRegistry, server: PostgresServer, files: Files, pki: Pki
) -> None:
    files.take(pki.renewed_client, part="certificate")
    async with load(orders=profile(server, files)) as registry:
        with pytest.raises(Exception, match="sslcert"):
            await serial(registry)


async def test_a_changed_authority_is_trusted_by_the_next_connection(
    registry: Registry, server: PostgresServer, files: Files, pki: Pki, renewed: Pki
) -> None:
    await serial(registry)
    before = await registry.health("orders")
    server.stop()
    server.tls = replace(renewed.tls(access=Access.CERTIFICATE), client_ca=pki.ca)
    server.start()
    with pytest.raises(Exception, match="certificate"):
        await serial(registry)

    replace_file(files.root, pki.ca.read_bytes() + renewed.ca.read_bytes())
    await serial(registry)
    after = await registry.health("orders")

    assert (before.reason, after.reason) == ("ok", "ok")


async def test_the_pass_phrase_is_asked_again_with_a_new_key(
    load: NewRegistry, server: PostgresServer, files: Files, pki: Pki
) -> None:
    files.phrase.write_text(PASS_PHRASE)
    files.phrase.chmod(0o600)
    files.take(pki.locked_client)
    async with load(orders=profile(server, files, sslpassword={"file": str(files.phrase)})) as registry:
        first = await serial(registry)
        other = locked(pki.renewed_client, "another phrase")
        files.take(other)
        halfway = await serial(registry)
        replace_file(files.phrase, "another phrase")
        second = await serial(registry)

    assert halfway == first
    assert second != first


async def test_the_previous_pass_phrase_opens_a_key_that_did_not_change_yet(
    load: NewRegistry, server: PostgresServer, files: Files, pki: Pki, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    for path, phrase in ((files.phrase, "the next phrase"), (older, PASS_PHRASE)):
        path.write_text(phrase)
        path.chmod(0o600)
    files.take(pki.locked_client)
    phrases = {"file": str(files.phrase), "previous": {"file": str(older)}}
    async with load(orders=profile(server, files, sslpassword=phrases)) as registry:
        assert await serial(registry) is not None
