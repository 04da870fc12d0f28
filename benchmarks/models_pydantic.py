"""The settings of the benchmark's profiles as pydantic's models."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Duration = Annotated[float, Field(gt=0, le=2147483)] | Annotated[str, Field(pattern="^[0-9.]+(?:ms|s|m|h)$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class Strict(BaseModel):
    """Takes no key that it does not know, and no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Connection(Strict):
    """`connection:`."""

    host: str | None = None
    port: Port | None = None
    dbname: str | None = None
    user: str | None = None


class Pool(Strict):
    """`pool:`."""

    size: Count | None = None
    max_overflow: Count | None = None
    timeout: Duration | None = None
    max_lifetime: Duration | None = None
    use_lifo: bool | None = None


class Timeouts(Strict):
    """`timeouts:`."""

    connect: Duration | None = None
    close: Duration | None = None
    statement: Duration | None = None


class Session(Strict):
    """`session:`."""

    expire_on_commit: bool | None = None


class Health(Strict):
    """`health:`."""

    critical: bool | None = None
    timeout: Duration | None = None


class Profile(Strict):
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
