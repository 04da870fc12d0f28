"""The URL that a provider of databases hands out gives its settings, or says what to change in it.

Names, numbers and passwords are made up; the shapes are the providers' own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connmgr.config.loader import LoadResult
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server

Settle = Callable[..., Settings]
Load = Callable[[str], LoadResult]

VERIFIED = "verify-full"
# Whose it is, the URL, and what it gives.
TAKEN: list[tuple[str, str, str, int, str, str, str, dict[str, Any]]] = [
    ("Heroku", "postgres://u7rk2m:p9f@ec2-54-83-1-2.compute-1.amazonaws.com:5432/d8r4kjf3",
     "ec2-54-83-1-2.compute-1.amazonaws.com", 5432, "u7rk2m", "d8r4kjf3", VERIFIED, {}),
    ("Neon", "postgresql://alex:AbC123@ep-cool-darkness-123456.us-east-2.aws.neon.tech/dbname?sslmode=require",
     "ep-cool-darkness-123456.us-east-2.aws.neon.tech", 5432, "alex", "dbname", "require", {}),
    ("Neon's endpoint", "postgresql://alex:x@ep-a-1.aws.neon.tech/db?options=endpoint%3Dep-a-1",
     "ep-a-1.aws.neon.tech", 5432, "alex", "db", VERIFIED, {"options": "endpoint=ep-a-1"}),
    ("Neon, direct TLS", "postgresql://alex:x@ep-a-1.aws.neon.tech/db?sslmode=verify-full&sslnegotiation=direct",
     "ep-a-1.aws.neon.tech", 5432, "alex", "db", VERIFIED, {"sslnegotiation": "direct"}),
    ("Supabase", "postgresql://postgres:x@db.apbkobhfnmcqqzqe.supabase.co:5432/postgres",
     "db.apbkobhfnmcqqzqe.supabase.co", 5432, "postgres", "postgres", VERIFIED, {}),
    ("Supabase's pooler", "postgres://postgres.apbkobh:x@aws-0-us-east-1.pooler.supabase.com:6543/postgres",
     "aws-0-us-east-1.pooler.supabase.com", 6543, "postgres.apbkobh", "postgres", VERIFIED, {}),
    ("Amazon RDS", "postgresql://admin:x@db.abc123.us-east-1.rds.amazonaws.com:5432/orders"
     "?sslmode=verify-full&sslrootcert=/certs/global-bundle.pem",
     "db.abc123.us-east-1.rds.amazonaws.com", 5432, "admin", "orders", VERIFIED,
     {"sslrootcert": "/certs/global-bundle.pem"}),
    ("Azure, single server", "postgresql://app%40shop:x@shop.postgres.database.azure.com:5432/postgres?sslmode=require",
     "shop.postgres.database.azure.com", 5432, "app@shop", "postgres", "require", {}),
    ("Azure, flexible server", "postgres://app:x@shop.postgres.database.azure.com/postgres?sslmode=require",
     "shop.postgres.database.azure.com", 5432, "app", "postgres", "require", {}),
    ("Google Cloud SQL", "postgresql://app:x@/orders?host=/cloudsql/my-project:europe-west1:orders",
     "/cloudsql/my-project:europe-west1:orders", 5432, "app", "orders", "prefer", {}),
    ("Render", "postgresql://orders_user:x@dpg-cabc123-a.oregon-postgres.render.com/orders_1abc",
     "dpg-cabc123-a.oregon-postgres.render.com", 5432, "orders_user", "orders_1abc", VERIFIED, {}),
    ("Railway", "postgresql://postgres:x@monorail.proxy.rlwy.net:12345/railway",
     "monorail.proxy.rlwy.net", 12345, "postgres", "railway", VERIFIED, {}),
    ("Fly", "postgres://postgres:x@top2.nearest.of.orders-db.internal:5432?sslmode=disable",
     "top2.nearest.of.orders-db.internal", 5432, "postgres", "postgres", "disable", {}),
    ("DigitalOcean", "postgresql://doadmin:x@db-postgresql-nyc1-1-do-user-1.db.ondigitalocean.com:25060/"
     "defaultdb?sslmode=require",
     "db-postgresql-nyc1-1-do-user-1.db.ondigitalocean.com", 25060, "doadmin", "defaultdb", "require", {}),
    ("Aiven", "postgres://avnadmin:AVNS_x@pg-1-shop.a.aivencloud.com:13039/defaultdb?sslmode=require",
     "pg-1-shop.a.aivencloud.com", 13039, "avnadmin", "defaultdb", "require", {}),
    ("CockroachDB", "postgresql://app:x@free-tier.gcp-us-central1.cockroachlabs.cloud:26257/defaultdb"
     "?sslmode=verify-full&options=--cluster%3Dfunny-skunk-123",
     "free-tier.gcp-us-central1.cockroachlabs.cloud", 26257, "app", "defaultdb", VERIFIED,
     {"options": "--cluster=funny-skunk-123"}),
    ("Timescale", "postgres://tsdbadmin:x@abc.xyz.tsdb.cloud.timescale.com:34567/tsdb?sslmode=require",
     "abc.xyz.tsdb.cloud.timescale.com", 34567, "tsdbadmin", "tsdb", "require", {}),
    ("Crunchy Bridge", "postgres://application:x@p.abcdefgh.db.postgresbridge.com:5432/postgres",
     "p.abcdefgh.db.postgresbridge.com", 5432, "application", "postgres", VERIFIED, {}),
    ("Vercel", "postgres://default:x@ep-a-1-pooler.us-east-1.aws.neon.tech:5432/verceldb?sslmode=require",
     "ep-a-1-pooler.us-east-1.aws.neon.tech", 5432, "default", "verceldb", "require", {}),
    ("Xata", "postgresql://shop:xau_x@us-east-1.sql.xata.sh/orders:main?sslmode=require",
     "us-east-1.sql.xata.sh", 5432, "shop", "orders:main", "require", {}),
    ("Scaleway", "postgresql://app:x@51.159.26.100:20184/rdb?sslmode=require",
     "51.159.26.100", 20184, "app", "rdb", "require", {}),
    ("Docker Compose", "postgresql+asyncpg://postgres:postgres@db:5432/app",
     "db", 5432, "postgres", "app", VERIFIED, {}),
]  # fmt: skip
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
    ("url", "host", "port", "user", "dbname", "sslmode", "more"),
    [row[1:] for row in TAKEN],
    ids=[row[0] for row in TAKEN],
)
def test_a_providers_url_gives_its_settings(
    settled: Settle,
    url: str,
    host: str,
    port: int,
    user: str,
    dbname: str,
    sslmode: Any,
    more: dict[str, Any],
) -> None:
    target = settled(f'url: "{url}"\n').target

    assert isinstance(target, PostgresTarget)
    assert target == PostgresTarget(
        (Server(host, port),), dbname, user, target.password, sslmode, "connmgr/orders", **more
    )


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
