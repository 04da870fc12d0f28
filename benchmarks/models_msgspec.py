"""The settings of the benchmark's profiles as msgspec's structs."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0)]
Duration = Annotated[float, Meta(gt=0, le=2147483)] | Annotated[str, Meta(pattern="^[0-9.]+(?:ms|s|m|h)$")]
Port = Annotated[int, Meta(ge=1, le=65535)]


class Connection(Struct, forbid_unknown_fields=True):
    """`connection:`."""

    host: str | None = None
    port: Port | None = None
    dbname: str | None = None
    user: str | None = None


class Pool(Struct, forbid_unknown_fields=True):
    """`pool:`."""

    size: Count | None = None
    max_overflow: Count | None = None
    timeout: Duration | None = None
    max_lifetime: Duration | None = None
    use_lifo: bool | None = None


class Timeouts(Struct, forbid_unknown_fields=True):
    """`timeouts:`."""

    connect: Duration | None = None
    close: Duration | None = None
    statement: Duration | None = None


class Session(Struct, forbid_unknown_fields=True):
    """`session:`."""

    expire_on_commit: bool | None = None


class Health(Struct, forbid_unknown_fields=True):
    """`health:`."""

    critical: bool | None = None
    timeout: Duration | None = None


class Profile(Struct, forbid_unknown_fields=True):
    """A profile as written."""

    description: str | None = None
    extends: str | list[str] | None = None
    url: str | None = None
    connection: Connection | None = None
    password: str | None = None
    pool: Pool | None = None
    timeouts: Timeouts | None = None
    session: Session | None = None
    health: Health | None = None
