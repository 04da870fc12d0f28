"""No secret of a rotation shows, neither the one of now nor one before it, whatever a server says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from sqlalchemy import text

from connmgr import Registry
from tests.rig.canary import CANARY, faces, shown, told
from tests.rig.profiles import write_profiles
from tests.rig.wire import ErrorAnswer, ScriptedServer

# Three secrets, all of which hold the word that is looked for.
NOW, NEXT, BEFORE = f"{CANARY}-now", f"{CANARY}-next", f"{CANARY}-before"


def quoting(*secrets: str) -> ErrorAnswer:
    return ErrorAnswer("28P01", f"password authentication failed: {' '.join(secrets)}")


@pytest.fixture
def printed() -> Iterator[list[str]]:
    """All that connmgr logs, with the local variables of every frame."""
    lines: list[str] = []
    sink = logger.add(
        lambda line: lines.append(str(line)), level=0, format="{message} {extra}", diagnose=True
    )
    logger.enable("connmgr")
    yield lines
    logger.disable("connmgr")
    logger.remove(sink)


@pytest.fixture
def secret(tmp_path: Path) -> Callable[[str], Path]:
    """Write a secret's file by name."""

    def secret(name: str, contents: str) -> Path:
        path = tmp_path / name
        path.write_text(contents, encoding="utf-8")
        path.chmod(0o600)
        return path

    return secret


async def failure(registry: Registry) -> Exception:
    try:
        async with registry.session("db") as session:
            await session.execute(text("SELECT 1"))
    except Exception as error:  # noqa: BLE001 - which one is not what the test asks
        return error
    raise AssertionError("it was to fail")


@pytest.mark.parametrize("ttl", [{}, {"ttl": "1s"}], ids=["no ttl", "ttl"])
async def test_refused_secrets_show_nowhere(
    tmp_path: Path, secret: Callable[[str, str], Path], printed: list[str], ttl: dict[str, str]
) -> None:
    """The server quotes the secret of now, the next and the previous one, and then the source is gone."""
    file, older = secret("now", NOW), secret("before", BEFORE)
    async with ScriptedServer(quoting(NOW, NEXT, BEFORE)) as server:
        document: dict[str, Any] = {
            "url": f"postgresql://app@127.0.0.1:{server.port}/orders?sslmode=disable",
            "password": {"file": str(file), "previous": {"file": str(older)}, **ttl},
        }
        async with Registry.load(write_profiles(tmp_path / "profiles", db=document)) as registry:
            errors = [await failure(registry)]
            secret("now", NEXT)
            errors.append(await failure(registry))
            report = await registry.health("db")
            file.unlink()
            errors.append(await failure(registry))
            gone = await registry.health("db")

    assert len(server.startups) >= 3
    assert "password authentication failed" in str(errors[0])
    masked = [each.error.message for each in (report, gone) if each.error is not None]
    # SQLAlchemy's error has the server's own text, which is the application's to see; ours has none.
    assert shown(*masked, *printed, *faces(report), *faces(gone)) == []
    assert shown(*(note for error in errors for note in getattr(error, "__notes__", ()))) == []


async def test_a_login_that_is_refused_in_its_pause_has_no_secret_in_its_frames(
    tmp_path: Path, secret: Callable[[str, str], Path]
) -> None:
    file, older = secret("now", NOW), secret("before", BEFORE)
    async with ScriptedServer(quoting()) as server:
        document: dict[str, Any] = {
            "url": f"postgresql://app@127.0.0.1:{server.port}/orders?sslmode=disable",
            "password": {"file": str(file), "previous": {"file": str(older)}, "ttl": "15m"},
        }
        async with Registry.load(write_profiles(tmp_path / "profiles", db=document)) as registry:
            first, second = await failure(registry), await failure(registry)

    assert len(server.startups) == 2
    assert shown(*told(first), *told(second)) == []
