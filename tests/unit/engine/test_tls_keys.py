"""The client's key: who may read it, and the pass phrase that opens it."""

from __future__ import annotations

import os
import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest

from connmgr.engine.tls import build_context
from connmgr.target import PostgresTarget, Server
from tests.rig.driver import Known
from tests.rig.pki import PASS_PHRASE, Pki

SERVER = Server("localhost")
NOBODY = 65534


def context_for(pass_phrase: str | None = None, **words: Any) -> ssl.SSLContext:
    words = {name: str(value) for name, value in words.items()}
    if pass_phrase is None:
        return build_context(
            PostgresTarget((SERVER,), "orders", "app", None, "require", "rig", **words), SERVER
        )
    words["sslpassword"] = Known(pass_phrase)
    target = PostgresTarget((SERVER,), "orders", "app", None, "require", "rig", **words)
    return build_context(target, SERVER, lambda: pass_phrase)


@pytest.fixture
def key(pki: Pki, tmp_path: Path) -> Path:
    """A copy of the client's key."""
    return Path(shutil.copyfile(pki.client.key, tmp_path / "client.key"))


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_for_its_owner_alone_is_taken(pki: Pki, key: Path, mode: int) -> None:
    key.chmod(mode)

    assert context_for(sslcert=pki.client.certificate, sslkey=key)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o601, 0o660, 0o620, 0o777])
def test_a_key_that_others_can_use_is_refused(pki: Pki, key: Path, mode: int) -> None:
    key.chmod(mode)

    with pytest.raises(
        ssl.SSLError, match=rf"sslkey '.*/client\.key': others .* \(mode {mode:04o}\); .*0600"
    ):
        context_for(sslcert=pki.client.certificate, sslkey=key)


def test_a_group_may_read_a_key_of_roots_and_of_nobody_else(pki: Pki, key: Path) -> None:
    key.chmod(0o640)
    if os.geteuid() == 0:
        assert context_for(sslcert=pki.client.certificate, sslkey=key)
        os.chown(key, NOBODY, NOBODY)

    with pytest.raises(ssl.SSLError, match=r"mode 0640"):
        context_for(sslcert=pki.client.certificate, sslkey=key)


def test_an_encrypted_key_opens_with_its_pass_phrase(pki: Pki) -> None:
    locked = pki.locked_client

    assert context_for(PASS_PHRASE, sslcert=locked.certificate, sslkey=locked.key)


def test_a_wrong_pass_phrase_is_refused_and_in_no_message(pki: Pki) -> None:
    locked = pki.locked_client

    with pytest.raises(ssl.SSLError, match=r"sslkey '.*locked\.key': .*its sslpassword") as caught:
        context_for("canary-phrase", sslcert=locked.certificate, sslkey=locked.key)

    assert "canary-phrase" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_an_encrypted_key_is_refused_and_never_asked_for_on_the_terminal(pki: Pki) -> None:
    locked = pki.locked_client

    with pytest.raises(ssl.SSLError, match=r"the key is encrypted .*; set sslpassword"):
        context_for(sslcert=locked.certificate, sslkey=locked.key)
