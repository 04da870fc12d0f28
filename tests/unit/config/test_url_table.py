"""URLs as libpq's documentation, providers and attackers write them, with the settings that each gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connmgr.config.loader import LoadResult
from connmgr.settings import Settings
from connmgr.target import PostgresTarget, Server

Settle = Callable[..., Settings]
Load = Callable[[str], LoadResult]

# A URL, its servers as HOST:PORT (HOST=ADDRESS where both are given), its user, database and password, and
# what else is not the default.
LOCAL = {"sslmode": "prefer"}
GIVEN: list[tuple[str, str, str | None, str, str | None, dict[str, Any]]] = [
    # libpq's documentation
    ("postgresql://user@localhost", "localhost:5432", "user", "user", None, LOCAL),
    ("postgresql://user:secret@localhost", "localhost:5432", "user", "user", "secret", LOCAL),
    ("postgresql://localhost/mydb", "localhost:5432", None, "mydb", None, LOCAL),
    ("postgresql:///mydb", "localhost:5432", None, "mydb", None, LOCAL),
    ("postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp",
     "localhost:5432", "other", "otherdb", None, {**LOCAL, "application_name": "myapp"}),
    ("postgresql://host1:123,host2:456/somedb?target_session_attrs=any&application_name=myapp",
     "host1:123,host2:456", None, "somedb", None, {"application_name": "myapp"}),
    ("postgresql:///mydb?host=localhost&port=5433", "localhost:5433", None, "mydb", None, LOCAL),
    ("postgresql://[2001:db8::1234]/database", "2001:db8::1234:5432", None, "database", None, {}),
    ("postgresql:///dbname?host=/var/lib/postgresql", "/var/lib/postgresql:5432", None, "dbname", None,
     LOCAL),
    ("postgresql://%2Fvar%2Flib%2Fpostgresql/dbname", "/var/lib/postgresql:5432", None, "dbname", None,
     LOCAL),
    ("postgresql://user@localhost:5433/mydb?options=-c%20synchronous_commit%3Doff",
     "localhost:5433", "user", "mydb", None, {**LOCAL, "options": "-c synchronous_commit=off"}),
    ("postgresql://?dbname=d&user=u&host=h", "h:5432", "u", "d", None, {}),
    ("postgresql://u@:5433/d", "localhost:5433", "u", "d", None, LOCAL),
    ("postgresql:///d?host=a,b&port=1,2", "a:1,b:2", None, "d", None, {}),
    ("postgresql:///d?host=a,b&port=7", "a:7,b:7", None, "d", None, {}),
    ("postgresql://a:1,b,[::1]:3/d", "a:1,b:5432,::1:3", None, "d", None, {}),
    ("postgresql://h/d?hostaddr=10.0.0.5", "h=10.0.0.5:5432", None, "d", None, {}),
    ("postgresql:///d?hostaddr=::1&user=u", "::1:5432", "u", "d", None, LOCAL),
    ("postgresql://u@localhost/d?keepalives=0&tcp_user_timeout=500&keepalives_idle=7",
     "localhost:5432", "u", "d", None,
     {**LOCAL, "keepalives": False, "tcp_user_timeout": 500, "keepalives_idle": 7}),
    ("postgresql://a,b/d?target_session_attrs=read-write&load_balance_hosts=random",
     "a:5432,b:5432", None, "d", None, {"target_session_attrs": "read-write",
     "load_balance_hosts": "random"}),
    ("postgresql://h/d?sslnegotiation=direct&sslmode=require", "h:5432", None, "d", None,
     {"sslmode": "require", "sslnegotiation": "direct"}),
    ("postgresql://localhost/d?sslrootcert=system", "localhost:5432", None, "d", None,
     {"sslmode": "verify-full"}),
    ("postgresql://h/d?sslrootcert=/ca&sslcert=/c&sslkey=/k&sslcrl=/r", "h:5432", None, "d", None,
     {"sslrootcert": "/ca", "sslcert": "/c", "sslkey": "/k", "sslcrl": "/r"}),
    ("postgresql://h/d?sslcert=/c&sslkey=/k&sslcertmode=disable", "h:5432", None, "d", None, {}),
    ("postgresql://h/d?ssl_min_protocol_version=TLSv1.3", "h:5432", None, "d", None,
     {"ssl_min_protocol_version": "TLSv1.3"}),
    ("postgresql://h/d?fallback_application_name=psql", "h:5432", None, "d", None,
     {"application_name": "psql"}),
    ("postgresql://h/d?client_encoding=auto&gssencmode=disable&channel_binding=prefer&sslsni=1",
     "h:5432", None, "d", None, {}),
    # what other programs write
    ("postgres://user:pw@host:5432/db", "host:5432", "user", "db", "pw", {}),
    ("postgresql+asyncpg://user:pw@host/db", "host:5432", "user", "db", "pw", {}),
    ("POSTGRESQL://user@Host/db", "Host:5432", "user", "db", None, {}),
    # managed providers: Heroku, Neon, Supabase (direct, pooler), RDS, Azure, Google Cloud SQL, Render,
    # Railway, Fly, DigitalOcean, Aiven, CockroachDB, Timescale, Crunchy Bridge, Vercel, ElephantSQL
    ("postgres://uabc:p123@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d4bc",
     "ec2-1-2-3-4.compute-1.amazonaws.com:5432", "uabc", "d4bc", "p123", {}),
    ("postgresql://alex:AbC123dEf@ep-cool-darkness-123456.us-east-2.aws.neon.tech/dbname?sslmode=require",
     "ep-cool-darkness-123456.us-east-2.aws.neon.tech:5432", "alex", "dbname", "AbC123dEf",
     {"sslmode": "require"}),
    ("postgresql://postgres:pw@db.apbkobhfnmcqqzqeeqss.supabase.co:5432/postgres",
     "db.apbkobhfnmcqqzqeeqss.supabase.co:5432", "postgres", "postgres", "pw", {}),
    ("postgres://postgres.apbkobhfnmcqqzqeeqss:pw@aws-0-eu-west-1.pooler.supabase.com:6543/postgres",
     "aws-0-eu-west-1.pooler.supabase.com:6543", "postgres.apbkobhfnmcqqzqeeqss", "postgres", "pw", {}),
    ("postgresql://master:pw@mydb.c9akciq32.eu-west-1.rds.amazonaws.com/app?sslmode=verify-full"
     "&sslrootcert=/certs/global-bundle.pem",
     "mydb.c9akciq32.eu-west-1.rds.amazonaws.com:5432", "master", "app", "pw",
     {"sslrootcert": "/certs/global-bundle.pem"}),
    ("postgres://me%40srv:pw@srv.postgres.database.azure.com/postgres?sslmode=require",
     "srv.postgres.database.azure.com:5432", "me@srv", "postgres", "pw", {"sslmode": "require"}),
    ("postgresql://user:pw@/db?host=/cloudsql/project:europe-west1:instance",
     "/cloudsql/project:europe-west1:instance:5432", "user", "db", "pw", LOCAL),
    ("postgresql://u:pw@dpg-abc123-a.frankfurt-postgres.render.com/db_x1y2",
     "dpg-abc123-a.frankfurt-postgres.render.com:5432", "u", "db_x1y2", "pw", {}),
    ("postgresql://postgres:pw@containers-us-west-1.railway.app:7432/railway",
     "containers-us-west-1.railway.app:7432", "postgres", "railway", "pw", {}),
    ("postgres://app:pw@my-app-db.flycast:5432/app?sslmode=disable",
     "my-app-db.flycast:5432", "app", "app", "pw", {"sslmode": "disable"}),
    ("postgres://app:pw@[fdaa:0:1::3]:5432/app", "fdaa:0:1::3:5432", "app", "app", "pw", {}),
    ("postgresql://doadmin:pw@db-postgresql-fra1-1.b.db.ondigitalocean.com:25060/defaultdb?sslmode=require",
     "db-postgresql-fra1-1.b.db.ondigitalocean.com:25060", "doadmin", "defaultdb", "pw",
     {"sslmode": "require"}),
    ("postgres://avnadmin:pw@pg-1-proj.a.aivencloud.com:12691/defaultdb?sslmode=require",
     "pg-1-proj.a.aivencloud.com:12691", "avnadmin", "defaultdb", "pw", {"sslmode": "require"}),
    ("postgresql://roach:pw@free-tier.gcp-us-central1.cockroachlabs.cloud:26257/defaultdb"
     "?sslmode=verify-full&options=--cluster%3Dfunky-skunk-123",
     "free-tier.gcp-us-central1.cockroachlabs.cloud:26257", "roach", "defaultdb", "pw",
     {"options": "--cluster=funky-skunk-123"}),
    ("postgres://tsdbadmin:pw@abc.xyz.tsdb.cloud.timescale.com:33333/tsdb?sslmode=require",
     "abc.xyz.tsdb.cloud.timescale.com:33333", "tsdbadmin", "tsdb", "pw", {"sslmode": "require"}),
    ("postgres://application:pw@p.vbjrfujv5beutaoelw725gvi3i.db.postgresbridge.com:5432/postgres",
     "p.vbjrfujv5beutaoelw725gvi3i.db.postgresbridge.com:5432", "application", "postgres", "pw", {}),
    ("postgres://default:pw@ep-1-pooler.us-east-1.postgres.vercel-storage.com:5432/verceldb?sslmode=require",
     "ep-1-pooler.us-east-1.postgres.vercel-storage.com:5432", "default", "verceldb", "pw",
     {"sslmode": "require"}),
    ("postgresql://u:pw@lb.patroni/db?target_session_attrs=prefer-standby", "lb.patroni:5432", "u", "db",
     "pw",     {"target_session_attrs": "prefer-standby"}),
    # passwords that nobody should have
    ("postgresql://u:a%40b%3Ac%2Fd%25e%23f%3Fg@h/d", "h:5432", "u", "d", "a@b:c/d%e#f?g", {}),
    ("postgresql://u:p@ss@h/d", "h:5432", "u", "d", "p@ss", {}),
    ("postgresql://u:a:b@h/d", "h:5432", "u", "d", "a:b", {}),
    ("postgresql://u@h/d?password=a%26b%3Dc", "h:5432", "u", "d", "a&b=c", {}),
    ("postgresql://u:caf%C3%A9+1@h/d", "h:5432", "u", "d", "café+1", {}),
    ("postgresql://u:$$%7BX%7D@h/d", "h:5432", "u", "d", "${X}", {}),
    # what only looks like more than one component
    ("postgresql://u@h/d%2F..%2Fx", "h:5432", "u", "d/../x", None, {}),
    ("postgresql://u%3Fhost%3Devil@h/d", "h:5432", "u?host=evil", "d", None, {}),
    ("postgresql://u@h/d?application_name=a%26sslmode%3Ddisable", "h:5432", "u", "d", None,
     {"application_name": "a&sslmode=disable"}),
]  # fmt: skip


def server(server: Server) -> str:
    address = f"={server.hostaddr}" if server.hostaddr else ""
    return f"{server.host}{address}:{server.port}"


@pytest.mark.parametrize(("url", "servers", "user", "dbname", "password", "more"), GIVEN)
async def test_a_url_gives_exactly_these_settings(
    settled: Settle,
    url: str,
    servers: str,
    user: str | None,
    dbname: str,
    password: str | None,
    more: dict[str, Any],
) -> None:
    target = settled(json.dumps({"url": url})).target

    assert isinstance(target, PostgresTarget)
    defaults = {"sslmode": "verify-full", "application_name": "connmgr/orders"}
    assert target == PostgresTarget(target.servers, dbname, user, target.password, **{**defaults, **more})
    assert ",".join(map(server, target.servers)) == servers
    assert (await target.password.get()).reveal() == password if target.password else password is None


def test_a_connect_timeout_in_the_url_is_that_of_the_profile(settled: Settle) -> None:
    assert settled("url: postgresql://u@h/d?connect_timeout=10\n").timeouts.connect == 10.0


def test_libpqs_example_of_a_service_is_one(load: Load) -> None:
    assert load("url: postgresql://?service=orders\n").problems == ()
