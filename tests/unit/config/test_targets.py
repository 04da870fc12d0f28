"""Database URLs come to targets; what is wrong with one is said without showing any of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connmgr.config.references import parse
from connmgr.config.targets import build_target
from connmgr.config.urls import BadUrl, leading, split
from connmgr.target import PostgresTarget, SQLiteTarget, Target


def target(text: str, **environ: str) -> Target:
    return build_target(split(leading(parse(text), environ)), "orders", environ).target


def postgres(text: str, **environ: str) -> PostgresTarget:
    built = target(text, **environ)
    assert isinstance(built, PostgresTarget)
    return built


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "POSTGRESQL"])
def test_every_scheme_for_postgresql_gives_the_same_target(scheme: str) -> None:
    assert postgres(f"{scheme}://app@db.internal:6432/orders") == PostgresTarget(
        "db.internal", 6432, "orders", "app", None, "verify-full", "connmgr/orders"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://app@", {"host": "localhost", "port": 5432, "dbname": "app", "sslmode": "prefer"}),
        ("postgresql:///orders", {"host": "localhost", "user": None, "dbname": "orders"}),
        ("postgresql://app@127.9.9.9/o", {"sslmode": "prefer"}),
        ("postgresql://app@LOCALHOST/o", {"host": "LOCALHOST", "sslmode": "prefer"}),
        ("postgresql://app@[::1]:6000/o", {"host": "::1", "port": 6000, "sslmode": "prefer"}),
        ("postgresql://app@[2001:db8::1]/o", {"host": "2001:db8::1", "sslmode": "verify-full"}),
        ("postgresql://app@/o?host=/run/pg", {"host": "/run/pg", "sslmode": "prefer"}),
        ("postgresql://app@%2Frun%2Fpg/o", {"host": "/run/pg", "sslmode": "prefer"}),
        ("postgresql://a%40b:x%3Ay@h/o%2Fp%40", {"user": "a@b", "dbname": "o/p@"}),
        ("postgresql://app:p@ss@h/o", {"user": "app", "host": "h"}),
        (
            "postgresql://a@h/o?sslmode=verify-ca&sslrootcert=/ca&sslcert=/c&sslkey=/k&application_name=x",
            {
                "sslmode": "verify-ca",
                "sslrootcert": "/ca",
                "sslcert": "/c",
                "sslkey": "/k",
                "application_name": "x",
            },
        ),
    ],
)
def test_components_and_defaults_are_those_of_libpq(text: str, expected: dict[str, Any]) -> None:
    built = postgres(text)

    assert {name: getattr(built, name) for name in expected} == expected


def test_a_reference_is_one_component_whatever_it_holds() -> None:
    hostile = "@:/%23?#&=$%"

    built = postgres(
        "postgresql://${U}:${P}@${H}:${N}/${D}x?application_name=${A}",
        U=hostile, P=hostile, H="db", N="6000", D=hostile, A=hostile,
    )  # fmt: skip

    assert (built.user, built.host, built.port) == (hostile, "db", 6000)
    assert (built.dbname, built.application_name) == (f"{hostile}x", hostile)


def test_a_reference_at_the_start_is_the_url_or_its_beginning() -> None:
    assert postgres("${URL}", URL="postgresql://a%40b@h/o").user == "a@b"
    assert postgres("${BASE}/orders", BASE="postgresql://a@h").dbname == "orders"
    with pytest.raises(BadUrl):
        target("${S}://a@h/o", S="postgresql")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sqlite://", None),
        ("sqlite:///", None),
        ("sqlite:///:memory:", None),
        ("sqlite+aiosqlite:///rel.db", "rel.db"),
        ("sqlite:///a%20b#c.db", "a b#c.db"),
        ("sqlite:////tmp/abs.db", "/tmp/abs.db"),
        ("sqlite:///${F}", "x?y.db"),
    ],
)
def test_sqlite_is_memory_or_an_absolute_path(text: str, path: str | None) -> None:
    expected = str(Path.cwd() / path) if path else None

    assert target(text, F="x?y.db") == SQLiteTarget(expected)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hunter2", "a url without a scheme"),
        ("$HUNTER2", "a url without a scheme"),
        ("mysql://a:hunter2@h/o", "a scheme that connmgr does not serve"),
        ("postgresql+psycopg2://a:hunter2@h/o", "a scheme that connmgr does not serve"),
        ("postgresql://a:hunter2#x@h/o", "a # inside the url"),
        ("postgresql://a:hunter2@h1:1,h2:2/o", "several hosts"),
        ("postgresql://a:hunter2@${H}/o", "several hosts"),
        ("postgresql://a:hunter2@[::1/o", "an IPv6 address whose bracket is not closed"),
        ("postgresql://a:hunter2@[::1]5/o", "an IPv6 address whose bracket is not closed"),
        ("postgresql://a:hunter2@::1/o", "more than one colon after the user"),
        ("postgresql://a:hunter2%ff@h/o", "a percent-escape that is not UTF-8"),
        ("postgresql://a:hunter2@h:0/o", "a port that is no number"),
        ("postgresql://a:hunter2@h:65536/o", "a port that is no number"),
        ("postgresql://app:2024/Kx9hunter2@db.internal/orders", "a @ after the host"),
        ("postgresql:///app:hunter2@h/orders", "a @ after the host"),
        ("postgresql://postgresql://app:hunter2@db/orders", "a @ after the host"),
        ("postgresql://a@h ost/o", "a host that is no name and no address"),
        ("postgresql://:hunter2@h", "neither a user nor a database"),
        ("postgresql://a:hunter2%00@h/o", "a NUL inside the url"),
        ("postgresql://a:x@h/o%0A", "a line break inside the url"),
        ("postgresql://a@h/o?sslmode=hunter2", "an sslmode that PostgreSQL does not have"),
        ("postgresql://a@h/o?ssl=hunter2", "the parameter ssl that connmgr does not know"),
        ("postgresql://a:x?hunter2=1@h/o", "a parameter that connmgr does not know"),
        ("postgresql://a@h/o?sslmode=", "the parameter sslmode without a value"),
        ("postgresql://a@h/o?sslkey=/a&sslkey=/b", "the parameter sslkey twice"),
        ("postgresql://a@h/o?host=/run", "a host and the parameter host"),
        ("postgresql://a@/o?host=run", "a parameter host that is no socket directory"),
        ("postgresql://a@h/o?connect_timeout=hunter2", "a connect_timeout that is no time"),
        ("postgresql://a@h/o?connect_timeout=0", "a connect_timeout that is no time"),
        ("sqlite://hunter2/x.db", "a host in the url of a SQLite file"),
        ("sqlite:///x.db?mode=ro", "the parameter mode that connmgr does not know"),
        ("sqlite:///file:x.db", "a file: URI"),
    ],
)
def test_what_is_wrong_is_said_without_the_url(text: str, found: str) -> None:
    with pytest.raises(BadUrl) as caught:
        target(text, H="a,b")

    shown = " ".join(" ".join(fault[:3]) for fault in caught.value.faults)
    assert found in str(caught.value)
    assert "hunter2" not in shown.lower()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sqlite:///${E}", "a path that is empty"),
        ("postgresql://${E}@h/o", "a user that is empty"),
        ("postgresql://a:x@${E}/o", "a host that is empty"),
        ("postgresql://a:x@h:${E}/o", "a port that is empty"),
        ("postgresql://a:x@h/${E}", "a database name that is empty"),
        ("postgresql://a:x@h/${E:-}", "a database name that is empty"),
    ],
)
def test_a_part_that_is_written_and_comes_to_nothing_is_never_a_default(text: str, found: str) -> None:
    with pytest.raises(BadUrl) as caught:
        target(text, E="")

    (fault,) = caught.value.faults
    assert fault.found == found
    assert [reference.name for reference in fault.origin] == ["E"]
    assert fault.hint == "set the variable, or leave this part out of the url"


def test_a_relative_file_without_a_current_directory_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(BadUrl, match="a relative path, and no current directory"):
        target("sqlite:///orders.db")


def test_everything_wrong_with_a_url_is_said_at_once() -> None:
    with pytest.raises(BadUrl) as caught:
        target("postgresql://h:0?sslmode=x&y=z&connect_timeout=-1")

    assert len(caught.value.faults) == 5
