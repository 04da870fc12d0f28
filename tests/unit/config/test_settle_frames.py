"""When settling fails, no frame of the traceback and no error behind it holds a secret."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connmgr.config.settle import settle
from connmgr.profile import Profile

Written = Callable[[str], Profile]
CANARY = "hunter2"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error with all that stand behind it, shown or not."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def locals_of(error: BaseException) -> str:
    """Every local variable of every frame of connmgr's, as a traceback with locals shows it."""
    return "\n".join(
        f"{frame.f_code.co_name} {name} = {value!r}"
        for each in chain(error)
        for frame, _ in traceback.walk_tb(each.__traceback__)
        if "connmgr" in Path(frame.f_code.co_filename).parts and frame.f_code.co_filename != __file__
        for name, value in frame.f_locals.items()
    )


@pytest.mark.parametrize(
    "text",
    [
        f"url: postgresql://app:{CANARY}@h:${{X}}/o\n",
        "url: postgresql://app:${SECRET}@h:${X}/o\n",
        "url: ${URL}\n",
        "url: {env: URL}\n",
        "url: {file: url}\n",
        "url: postgresql://app@h:${X}/o\npassword: ${SECRET}\n",
        f"url: postgresql://app@h:${{X}}/o\npassword: {CANARY}\n",
        "connection: {host: h, user: u, port: '${X}', password: {env: SECRET}}\n",
        "libpq_env: true\n",
        "service: orders\n",
        f"url: postgresql://app@h/o\npassword: {CANARY}\npool: {{size: '${{X}}'}}\n",
        "url: postgresql://app@h/o\npassword: ${SECRET}\npool: {size: '${SECRET}'}\n",
    ],
)
def test_a_failure_leaves_no_secret_in_a_traceback(written: Written, tmp_path: Path, text: str) -> None:
    url = f"postgresql://app:{CANARY}@h:no/o"
    (tmp_path / "url").write_text(url, encoding="utf-8")
    (tmp_path / "services").write_text(f"[orders]\nuser=u\nport=x\npassword={CANARY}\n", encoding="utf-8")
    environ = {
        **dict.fromkeys(("SECRET", "PGPASSWORD"), CANARY),
        **dict.fromkeys(("X", "PGUSER", "PGPORT"), "no"),
        "URL": url,
        "PGSERVICEFILE": str(tmp_path / "services"),
    }

    profile = written(text)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it shows its frames
        settle(profile, environ)

    shown = locals_of(caught.value)
    assert "settle profile = " in shown
    assert CANARY not in shown
    assert CANARY not in "".join(map(str, chain(caught.value)))
