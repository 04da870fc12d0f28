"""Sessions commit when their caller says so, and close once and for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from connmgr import Registry

Load = Callable[..., Registry]


class Base(DeclarativeBase):
    """What SQLAlchemy wants above the classes of tables."""


class Item(Base):
    __tablename__ = "item"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]


async def insert(session: AsyncSession, item: int) -> None:
    await session.execute(text("INSERT INTO item (id) VALUES (:item)"), {"item": item})


async def insert_and_fail(registry: Registry) -> None:
    async with registry.begin("orders") as session:
        await insert(session, 1)
        raise ValueError("of the application")


async def insert_what_cannot_be_committed(registry: Registry) -> None:
    async with registry.begin("orders") as session:
        await insert(session, 1)
        await session.execute(text("INSERT INTO part (item_id) VALUES (99)"))


async def items(registry: Registry) -> list[int]:
    async with registry.session("orders") as session:
        return list((await session.execute(text("SELECT id FROM item ORDER BY id"))).scalars())


async def test_what_the_caller_commits_stays(registry: Registry) -> None:
    async with registry.session("orders") as session:
        await insert(session, 1)
        await session.commit()

    assert await items(registry) == [1]


async def test_what_the_caller_does_not_commit_is_rolled_back(registry: Registry) -> None:
    async with registry.session("orders") as session:
        await insert(session, 1)
        await session.commit()
        await insert(session, 2)

    assert await items(registry) == [1]


async def test_begin_commits_at_the_end_of_its_block(registry: Registry) -> None:
    async with registry.begin("orders") as session:
        await insert(session, 1)

    assert await items(registry) == [1]


async def test_begin_rolls_back_on_an_error(registry: Registry) -> None:
    with pytest.raises(ValueError, match="of the application"):
        await insert_and_fail(registry)

    assert await items(registry) == []


async def test_begin_rolls_back_on_a_cancellation(registry: Registry) -> None:
    inserted = asyncio.Event()

    async def insert_and_wait() -> None:
        async with registry.begin("orders") as session:
            await insert(session, 1)
            inserted.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(insert_and_wait())
    await inserted.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await items(registry) == []


async def test_an_error_of_the_commit_passes_and_nothing_is_written(registry: Registry) -> None:
    with pytest.raises(IntegrityError) as failure:
        await insert_what_cannot_be_committed(registry)

    assert [note for note in failure.value.__notes__ if note.startswith("connmgr: profile 'orders'")]
    assert await items(registry) == []
    assert registry.stats("orders").in_use == 0


@pytest.mark.parametrize("error", [None, ValueError("of the application")])
async def test_after_its_block_a_session_is_closed_for_good(
    registry: Registry, error: Exception | None
) -> None:
    session = registry.session("orders")
    try:
        async with session:
            await insert(session, 1)
            if error is not None:
                raise error
    except ValueError:
        pass

    with pytest.raises(InvalidRequestError, match="closed"):
        await insert(session, 2)
    assert registry.stats("orders").in_use == 0


async def test_a_session_closed_by_hand_is_closed_for_good(registry: Registry) -> None:
    session = registry.session("orders")
    await insert(session, 1)

    await session.close()
    await session.close()

    with pytest.raises(InvalidRequestError, match="closed"):
        await insert(session, 2)
    assert registry.stats("orders").in_use == 0
    assert await items(registry) == []


async def test_a_session_may_be_closed_in_another_task_than_it_was_opened_in(registry: Registry) -> None:
    session = registry.session("orders")
    await insert(session, 1)

    await asyncio.create_task(session.close())

    assert registry.stats("orders").in_use == 0
    assert await registry.close(grace=60) == ()


async def test_a_session_that_did_nothing_took_no_connection(registry: Registry) -> None:
    before = registry.stats("orders").checkouts

    async with registry.begin("orders"):
        pass

    assert registry.stats("orders").checkouts == before


async def test_sessions_at_the_same_time_do_not_see_what_the_other_has_not_committed(
    registry: Registry,
) -> None:
    async with registry.session("orders") as writer:
        await insert(writer, 1)
        seen_before = await items(registry)
        await writer.commit()

    assert seen_before == []
    assert await items(registry) == [1]


async def test_objects_stay_readable_after_a_commit(registry: Registry) -> None:
    async with registry.session("orders") as session:
        item = Item(id=1, name="first")
        session.add(item)
        await session.commit()

    assert item.name == "first"


async def test_objects_expire_on_commit_where_the_profile_says_so(load: Load) -> None:
    registry = load(orders={"url": "sqlite://", "session": {"expire_on_commit": True}})

    async with registry, registry.session("orders") as session:
        await session.run_sync(lambda sync: Base.metadata.create_all(sync.connection()))
        item = Item(id=1, name="first")
        session.add(item)
        await session.commit()

        assert inspect(item).expired_attributes == {"id", "name"}
