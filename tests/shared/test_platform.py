"""What every process stands on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.consuming import Consumers
from shared.ids import new_id
from shared.platform import Platform, nothing_first, nothing_waiting
from small_service import Note, Small


@pytest.fixture
async def platform(small: Small) -> AsyncIterator[Platform]:
    made = Platform(
        small.settings,
        migrations=Path("none"),
        consumers=Consumers(),
        workers=(),
        waiting=nothing_waiting,
        first=nothing_first,
    )
    yield made
    await made.stop()


async def test_workers_are_woken_when_what_they_are_to_find_is_there(platform: Platform) -> None:
    async with platform.database.transaction() as tx:
        platform.wake_after(tx)
        tx.add(Note(id=new_id(), text="work"))
        await tx.flush()
        assert not platform.wake_workers.is_set()

    assert platform.wake_workers.is_set()


async def test_what_was_rolled_back_wakes_nobody(platform: Platform) -> None:
    with pytest.raises(RuntimeError):
        async with platform.database.transaction() as tx:
            platform.wake_after(tx)
            raise RuntimeError

    assert not platform.wake_workers.is_set()
