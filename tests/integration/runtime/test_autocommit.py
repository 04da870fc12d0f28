"""With autocommit each statement stays as it is, and the connection's next user has nothing of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from connmgr import ConnmgrError, Registry

Load = Callable[..., Registry]


class Base(DeclarativeBase):
    """What SQLAlchemy wants above the classes of tables."""


class Item(Base):
    __tablename__ = "item"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]


@pytest.fixture
async def one(load: Load, database_url: str) -> AsyncIterator[Registry]:
    """An open registry; `orders` has one connection, so that each session gets what the last one had."""
    orders = {"url": database_url, "pool": {"mode": "pooled", "size": 1, "max_overflow": 0}}
    reads = {"url": database_url, "session": {"autocommit": True}}
    async with load(orders=orders, reads=reads) as registry:
        async with registry.begin("orders") as session:
            await session.execute(text("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)"))
        yield registry


async def insert(session: AsyncSession, item: int) -> None:
    await session.execute(text("INSERT INTO item (id) VALUES (:item)"), {"item": item})


async def items(registry: Registry) -> list[int]:
    async with registry.session("orders") as session:
        return list((await session.execute(text("SELECT id FROM item ORDER BY id"))).scalars())


async def insert_and_fail(registry: Registry) -> None:
    async with registry.session("orders", autocommit=True) as session:
        await insert(session, 1)
        raise ValueError("of the application")


async def test_a_statement_stays_without_a_commit(one: Registry) -> None:
    async with one.session("orders", autocommit=True) as session:
        await insert(session, 1)

    assert await items(one) == [1]


async def test_what_ran_before_an_error_is_not_rolled_back(one: Registry) -> None:
    with pytest.raises(ValueError, match="of the application") as failure:
        await insert_and_fail(one)

    assert any(note.startswith("connmgr: profile 'orders'") for note in failure.value.__notes__)
    assert await items(one) == [1]


async def test_commit_and_rollback_do_nothing(one: Registry) -> None:
    async with one.session("orders", autocommit=True) as session:
        await insert(session, 1)
        await session.rollback()
        await insert(session, 2)
        await session.commit()
        await session.commit()

    assert await items(one) == [1, 2]


async def test_a_statement_that_failed_leaves_session_and_connection_in_order(one: Registry) -> None:
    async with one.session("orders", autocommit=True) as session:
        await insert(session, 1)
        with pytest.raises(IntegrityError):
            await insert(session, 1)
        await session.rollback()
        await insert(session, 2)

    assert await items(one) == [1, 2]
    assert one.stats("orders").open == 1


async def test_objects_are_flushed_and_stay(one: Registry) -> None:
    async with one.session("orders", autocommit=True) as session:
        session.add(Item(id=1, name="first"))
        await session.flush()
        session.add(Item(id=2, name="second"))
        await session.commit()
        found = await session.scalars(select(Item.name).order_by(Item.id))

        assert list(found) == ["first", "second"]


async def test_the_next_session_on_the_connection_has_a_transaction(one: Registry) -> None:
    async with one.session("orders", autocommit=True) as session:
        await insert(session, 1)

    async with one.session("orders") as session:
        await insert(session, 2)
    async with one.connect("orders") as connection:
        await connection.execute(text("INSERT INTO item (id) VALUES (3)"))
    async with one.begin("orders") as session:
        await insert(session, 4)

    assert await items(one) == [1, 4]
    assert one.stats("orders").created == 1


async def test_a_core_connection_takes_it_too(one: Registry) -> None:
    async with one.connect("orders", autocommit=True) as connection:
        await connection.execute(text("INSERT INTO item (id) VALUES (1)"))

    assert await items(one) == [1]


async def test_session_makers_and_dependencies_pass_it_on(one: Registry) -> None:
    async with one.sessionmaker("orders", autocommit=True)() as session:
        await insert(session, 1)
    async for session in one.dependency("orders", autocommit=True)():
        await insert(session, 2)

    assert await items(one) == [1, 2]


async def test_a_profile_may_say_it_for_all_its_sessions(one: Registry) -> None:
    async with one.session("reads") as session:
        await insert(session, 1)
    async with one.connect("reads") as connection:
        await connection.execute(text("INSERT INTO item (id) VALUES (2)"))

    assert await items(one) == [1, 2]


async def test_the_caller_overrides_the_profile(one: Registry) -> None:
    async with one.session("reads", autocommit=False) as session:
        await insert(session, 1)
    async with one.begin("reads", autocommit=False) as session:
        await insert(session, 2)

    assert await items(one) == [2]


@pytest.mark.parametrize(("name", "autocommit"), [("orders", True), ("reads", None), ("reads", True)])
async def test_begin_refuses_it_at_once(one: Registry, name: str, *, autocommit: bool | None) -> None:
    with pytest.raises(ConnmgrError, match=rf"profile '{name}': begin promises a transaction"):
        one.begin(name, autocommit=autocommit)

    assert one.holders(name) == ()
    assert await one.close(grace=60) == ()
