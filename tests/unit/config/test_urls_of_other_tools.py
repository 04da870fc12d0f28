"""A URL that a provider or another tool hands out for itself is refused with what to change in it.

Names, numbers and passwords are made up; the shapes are the providers' own.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connmgr.config.loader import LoadResult

Load = Callable[[str], LoadResult]

# Whose it is, the URL, and what is said of it.
REFUSED = [
    ("Neon", "postgresql://alex:x@ep-a-1.aws.neon.tech/db?sslmode=require&channel_binding=require",
     "CM603", "channel_binding=require", "asyncpg has no channel binding"),
    ("Supabase for Prisma", "postgres://postgres.a:x@aws-0-us-east-1.pooler.supabase.com:6543/postgres?pgbouncer=true",
     "CM602", "the parameter pgbouncer", "leave it out"),
    ("Vercel with Supabase", "postgres://postgres.a:x@aws-0-us-east-1.pooler.supabase.com:6543/postgres"
     "?sslmode=require&supa=base-pooler.x", "CM602", "the parameter supa", "leave it out"),
    ("Prisma", "postgresql://john:x@localhost:5432/mydb?schema=public",
     "CM602", "the parameter schema", "search_path"),
    ("Prisma's pool", "postgresql://john:x@localhost:5432/mydb?connection_limit=5",
     "CM602", "the parameter connection_limit", "pool.size"),
    ("Prisma's wait", "postgresql://john:x@localhost:5432/mydb?pool_timeout=10",
     "CM602", "the parameter pool_timeout", "pool.timeout"),
    ("Prisma's TLS", "postgresql://john:x@localhost:5432/mydb?sslaccept=strict",
     "CM602", "the parameter sslaccept", "sslmode=verify-full"),
    ("SQLAlchemy", "postgresql+asyncpg://a:x@localhost/db?prepared_statement_cache_size=0",
     "CM602", "the parameter prepared_statement_cache_size", "leave it out"),
    ("asyncpg", "postgresql://a:x@localhost/db?statement_cache_size=0",
     "CM602", "the parameter statement_cache_size", "leave it out"),
    ("asyncpg's TLS", "postgresql+asyncpg://a:x@localhost/db?ssl=require",
     "CM602", "the parameter ssl", "sslmode"),
    ("JDBC", "postgresql://a:x@localhost/db?currentSchema=app",
     "CM602", "the parameter currentSchema", "search_path"),
    ("psycopg", "postgresql+psycopg://a:x@localhost/db",
     "CM601", "a scheme that connmgr does not serve", ""),
    ("JDBC's scheme", "jdbc:postgresql://localhost/db", "CM601", "a url without a scheme", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "code", "found", "hint"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_url_for_another_tool_is_refused_with_what_to_write(
    load: Load, url: str, code: str, found: str, hint: str
) -> None:
    (problem,) = load(f'url: "{url}"\n').problems

    assert (problem.code, problem.path) == (code, "url")
    assert found in problem.found
    assert hint in problem.hint
