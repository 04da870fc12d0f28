"""What we read in a service file is what libpq itself reads there."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connmgr.config.servicefile import scan_services
from tests.rig.binaries import PostgresMissing, find_binaries

KEYS = ("user", "dbname", "password", "options", "application_name")
# Nobody is asked: an address of this machine, and a port where no PostgreSQL can be.
CALL = b"service=orders hostaddr=127.0.0.1 port=1 sslmode=disable gssencmode=disable"

# Lines that a person might write, and what could be mistaken in them.
HEADERS = st.sampled_from(
    ["[orders]", "[orders] x", " [orders]", "[ orders]", "[orders", "[other]", "[]", "[orders]]"]
)
BLANKS = st.sampled_from(["", "", " ", "\t", "\r", "\v", "\u00a0"])
VALUES = st.lists(st.sampled_from(["a", "b", " ", "=", "#", "'", "[", "]", "\\", "é", "$"]), max_size=4)
SETTINGS = st.tuples(
    BLANKS, st.sampled_from(KEYS), st.sampled_from(["=", "=", "= ", " =", ""]), VALUES.map("".join)
)
LINES = HEADERS | SETTINGS.map("".join) | st.sampled_from(["", "# user=x", "service=x", "[orders]"])
FILES = st.lists(st.tuples(LINES, BLANKS).map("".join), max_size=8).map("\n".join)

Read = Callable[[str], "tuple[dict[str, str], int | None]"]


class _Option(ctypes.Structure):
    """libpq's PQconninfoOption."""

    _fields_ = (
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")),
        ("dispsize", ctypes.c_int),
    )


def _library() -> ctypes.CDLL:
    names = ["libpq.so.5"]
    with suppress(PostgresMissing):
        names += map(str, find_binaries().parent.glob("lib*/libpq.so.5"))
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    pytest.skip("no libpq on this machine")


@pytest.fixture
def libpq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Let libpq read a text: the values of the service `orders`, and the line that it refuses."""
    library = _library()
    library.PQconnectStart.restype = library.PQconninfo.restype = ctypes.c_void_p
    library.PQerrorMessage.restype = ctypes.c_char_p
    file = tmp_path / "pg_service.conf"
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    monkeypatch.setenv("PGSYSCONFDIR", str(tmp_path / "none"))

    def read(text: str) -> tuple[dict[str, str], int | None]:
        file.write_bytes(text.encode())
        connection = ctypes.c_void_p(library.PQconnectStart(CALL))
        refused = re.search(rb"line (\d+)", library.PQerrorMessage(connection))
        options = ctypes.c_void_p(library.PQconninfo(connection))
        values = dict(_values(ctypes.cast(options, ctypes.POINTER(_Option))))
        library.PQconninfoFree(options)
        library.PQfinish(connection)
        return {key: values[key] for key in KEYS if key in values}, int(refused[1]) if refused else None

    return read


def _values(option):
    for entry in option:
        if entry.keyword is None:
            return
        if entry.val is not None:
            yield entry.keyword.decode(), entry.val.decode()


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES)
def test_every_text_says_to_libpq_what_it_says_to_us(libpq: Read, text: str) -> None:
    values, refused = libpq(text)

    ours = scan_services(text, "pg_service.conf")
    found = ours.services.get("orders", {})
    # Which keys there are is for whoever uses the values to say.
    wrong = [value.line for key, value in found.items() if key not in KEYS]
    wrong += [problem.place.line for problem in ours.problems.get("orders", ())]

    assert refused == min(wrong, default=None)
    if refused is None:
        # What is written as empty has libpq's default in a connection.
        said = {key: value.text for key, value in found.items() if value.text}
        assert said == {key: values[key] for key in said}
