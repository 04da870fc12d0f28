"""CM6xx: where the database is, in a URL's words or in libpq's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connmgr.config.explanations.explanation import Example, Explanation, one
from connmgr.problem import Code

_PROFILE: Final = "url: postgresql://app@db.internal/orders"
_BY_SERVICE: Final = "connection:\n  service: orders\n  servicefile: pg_service.conf\n"
_SECTION: Final = "host=db.internal\ndbname=orders\nuser=app\n"

DATABASES: Final[Mapping[Code, Explanation]] = {
    Code.URL: Explanation(
        "A URL that cannot be used",
        "The URL has no scheme, one that connmgr does not serve, a port that is no number, or parts that "
        "do not fit together. Often a password stands in it whose @ : / ? # or % the URL takes for its own "
        "signs, and then the host is another one than you see. The relative path of a SQLite file may not "
        "leave the working directory, by .. or by a link.",
        "Write `postgresql://user@host:5432/dbname` or `sqlite:///file.db`, and the password under the key "
        "password or as a reference `${NAME}`, where every character is safe. A SQLite file elsewhere has an "
        "absolute path, or `sqlite: {allow_outside: true}`.",
        one("url: postgresql://app@db.internal:orders\n"),
        one("url: postgresql://app@db.internal:5432/orders\n"),
    ),
    Code.UNKNOWN_PARAMETER: Explanation(
        "An unknown parameter",
        "The URL or the service has a parameter that libpq does not know either: it is misspelt, or it is "
        "a driver's own word. libpq would refuse it too; left out silently, `sslmod=verify-full` "
        "would mean no check.",
        "Write libpq's word; `connmgr explain connection` lists them.",
        one(f"{_PROFILE}?sslmod=verify-full\n"),
        one(f"{_PROFILE}?sslmode=verify-full\n"),
    ),
    Code.REFUSED_PARAMETER: Explanation(
        "A parameter that connmgr does not carry out",
        "libpq knows the parameter, and connmgr cannot do what it asks: asyncpg has no Kerberos, for "
        "example. It is refused and not dropped, for whoever wrote it relies on it.",
        "Leave it out if the connection is right without it; the message says why it is refused, and what "
        "there is instead. docs/settings.md lists all such parameters.",
        one(f"{_PROFILE}?krbsrvname=postgres\n"),
        one(f"{_PROFILE}\n"),
    ),
    Code.PARAMETER: Explanation(
        "A parameter's value that does not fit",
        "A parameter has a value that libpq refuses as well, or parameters do not fit together: two hosts "
        "and three ports, or direct TLS with a mode that may do without TLS. Corrected silently, a "
        "connection could be weaker than it reads.",
        "Write a value that the message names; `connmgr explain connection.NAME` says what there is.",
        one(f"{_PROFILE}?sslmode=yes\n"),
        one(f"{_PROFILE}?sslmode=require\n"),
    ),
    Code.SERVICE: Explanation(
        "A service that cannot be used",
        "The profile names a service of libpq's connection service file, and the file is not there, has no "
        "such section, or has a line that libpq would refuse. What the service should say is unknown.",
        "The file is the one of servicefile, else libpq's: PGSERVICEFILE, or ~/.pg_service.conf, or "
        "pg_service.conf in PGSYSCONFDIR. A line in it is `[service]`, `key=value` "
        "without blanks around the =, a comment (#), or empty.",
        Example({"orders.yaml": _BY_SERVICE, "pg_service.conf": f"[order]\n{_SECTION}"}),
        Example({"orders.yaml": _BY_SERVICE, "pg_service.conf": f"[orders]\n{_SECTION}"}),
    ),
}
