"""Rows that wait for the commit of their transaction."""

from typing import Any
from uuid import UUID

import pytest
from asyncpg import UniqueViolationError
from sqlalchemy import select

from shared.copying import FEW_ROWS, Rows, add_rows, flush_rows
from shared.errors import PreconditionFailed
from shared.ids import new_id
from shared.outbox import rows_of
from small_service import Note, NoteWritten, Small


def notes(*texts: str) -> tuple[Rows, Rows]:
    """Notes that say so, and their announcements."""
    rows = [(new_id(), text, 1) for text in texts]
    return Rows(Note, ("id", "text", "version"), rows), rows_of([NoteWritten(note_id=row[0]) for row in rows])


async def held(small: Small) -> tuple[list[str], int]:
    """The texts of all notes, and how many announcements there are."""
    texts = [row[0] for row in await small.rows("SELECT text FROM notes ORDER BY text")]
    return texts, len(await small.rows("SELECT 1 FROM outbox"))


async def test_rows_of_several_tables_go_in_with_the_commit(small: Small) -> None:
    async with small.database.transaction() as tx:
        add_rows(tx, *notes("one"))
        add_rows(tx, *notes("two", "three"))
        assert await held(small) == ([], 0)

    assert await held(small) == (["one", "three", "two"], 3)


async def test_a_refusal_leaves_nothing_of_rows_that_wait(small: Small) -> None:
    with pytest.raises(LookupError):
        async with small.database.transaction() as tx:
            add_rows(tx, *notes("one"))
            raise LookupError

    assert await held(small) == ([], 0)


async def test_rows_and_what_waits_in_the_session_go_in_together_or_not_at_all(small: Small) -> None:
    async with small.database.transaction() as tx:
        tx.add(Note(id=new_id(), text="of the session"))
        add_rows(tx, *notes("one"))
    twice = new_id()
    with pytest.raises(UniqueViolationError):
        async with small.database.transaction() as tx:
            tx.add(Note(id=new_id(), text="lost"))
            add_rows(tx, Rows(Note, ("id", "text", "version"), [(twice, "lost too", 1), (twice, "and this", 1)]))

    assert await held(small) == (["of the session", "one"], 1)


async def test_rows_put_in_early_can_be_read_and_are_still_taken_back(small: Small) -> None:
    with pytest.raises(LookupError):
        async with small.database.transaction() as tx:
            add_rows(tx, *notes("one"))
            await flush_rows(tx)
            assert await tx.scalar(select(Note.text)) == "one"
            raise LookupError

    assert await held(small) == ([], 0)


async def test_more_rows_than_one_statement_is_good_for_go_in_whole_or_not_at_all(small: Small) -> None:
    texts = sorted(f"note {place:03}" for place in range(FEW_ROWS + 1))
    async with small.database.transaction() as tx:
        add_rows(tx, *notes(*texts))
    again: UUID = (await small.rows("SELECT id FROM notes LIMIT 1"))[0][0]
    with pytest.raises(UniqueViolationError):
        async with small.database.transaction() as tx:
            more, announced = notes(*(f"more {text}" for text in texts))
            add_rows(tx, more, Rows(Note, ("id", "text", "version"), [(again, "again", 1)]), announced)

    assert await held(small) == (texts, FEW_ROWS + 1)


@pytest.mark.parametrize("beside", [None, "with the session"])
async def test_whoever_comes_second_is_told_so(small: Small, beside: str | None) -> None:
    row: tuple[Any, ...] = (new_id(), "one", 1)
    async with small.database.transaction() as tx:
        add_rows(tx, Rows(Note, ("id", "text", "version"), [row]))

    with pytest.raises(PreconditionFailed):
        async with small.database.transaction() as tx:
            if beside:
                tx.add(Note(id=new_id(), text=beside))
            add_rows(tx, Rows(Note, ("id", "text", "version"), [row]), taken=PreconditionFailed())

    assert await held(small) == (["one"], 0)
