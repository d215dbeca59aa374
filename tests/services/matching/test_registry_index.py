"""The index in memory follows the table of members: whatever came and went, it is what reading the table anew would give."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from threading import Event
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from decision_cases import official
from sqlalchemy import func, select, update

from matching_cases import SURNAMES, Projection, enrollment, household, id_of, member
from services.matching import adjudicating, indexing, registry_index
from services.matching.engine.snapshots import SnapshotDamaged, View, load, write
from services.matching.errors import IndexBuilding
from services.matching.linking import decide_people
from services.matching.modeling import newest_shipped
from services.matching.models import Beneficiary, LinkStatus, Member, MemberRemoval
from services.matching.registry_index import RegistryIndex
from services.matching.rules.facts import BeneficiaryFacts
from services.matching.rules.persons import Said
from services.matching.settings import MatchingSettings
from services.matching.stepping import Saying
from shared.copying import driver_of
from shared.database import Database

ASKED = [
    BeneficiaryFacts(
        enrollment_id=UUID(int=n),
        unit="household",
        name=f"Salem Ould Bellal Ould {SURNAMES[n % 7]}",
        phones=(f"2200000{n % 3}",),
        wilaya_code="MR01",
        moughataa_code="MR011",
        commune_code="MR011-C01",
    )
    for n in range(7)
] + [BeneficiaryFacts(enrollment_id=UUID(int=9), unit="individual", household_number="MR0110000003")]


async def take_in(projection: Projection, index: RegistryIndex, most: int = 1_000) -> None:
    async with projection.database.transaction() as tx:
        await index.take_in(await driver_of(tx, begun=True), most)


def found(index: RegistryIndex) -> list[list[tuple[int, float]]]:
    return [
        sorted((id_, round(one.score, 4)) for id_, one in its.candidates) for its in index.find(ASKED, newest_shipped())
    ]


async def anew(projection: Projection) -> list[list[tuple[int, float]]]:
    """What an index gives that has read the table from its beginning."""
    fresh = RegistryIndex()
    await take_in(projection, fresh)
    return found(fresh)


def a_household(number: int, version: int, order: Random) -> dict[str, Any]:
    phones = [f"+2222200000{order.randint(0, 2)}" for _ in range(order.randint(0, 2))]
    wife = member(1_000 + number, "Mariem Mint Vall", sex="F", relationship="spouse")
    head = member(number, f"Salem Ould Bellal Ould {SURNAMES[order.randint(0, 6)]}")
    people = [head, wife][: order.randint(1, 2)]
    status = "active" if order.random() < 0.8 else "removed"
    return household(number, *people, version=version, phones=sorted(set(phones)), status=status)


@pytest.mark.parametrize("seed", range(3))
async def test_an_index_that_followed_gives_what_one_read_anew_gives(
    projection: Projection, tmp_path: Path, seed: int
) -> None:
    order, index = Random(seed), RegistryIndex()
    for version in range(1, 9):
        some = order.sample(range(1, 30), 10)
        await projection.households(*(a_household(n, version, order) for n in some))
        if order.random() < 0.7:
            await take_in(projection, index, order.choice([7, 1_000]))
        if version == 4:  # it dies, and begins with what it wrote
            index.save(tmp_path / "index")
            index = RegistryIndex()
            await index.begin_with(tmp_path / "index", projection.database)
    await take_in(projection, index)

    assert any(found(index))
    assert found(index) == await anew(projection)
    async with projection.database.transaction() as tx:
        assert len(index) == await tx.scalar(select(func.count()).select_from(Member))
        assert await index.behind(tx) == 0


async def test_removals_that_were_trimmed_are_found_by_comparing_ids(projection: Projection, tmp_path: Path) -> None:
    await projection.households(household(1), household(2), household(3))
    index = RegistryIndex()
    await take_in(projection, index)
    index.save(tmp_path / "index")
    await projection.households(household(2, version=2), household(3, version=2, status="removed"))
    async with projection.database.transaction() as tx:
        await tx.execute(MemberRemoval.__table__.delete())

    index = RegistryIndex()
    await index.begin_with(tmp_path / "index", projection.database)
    await take_in(projection, index)

    assert len(index) == 2
    assert found(index) == await anew(projection)


async def test_a_snapshot_of_another_table_is_not_believed(
    projection: Projection, another: Any, tmp_path: Path
) -> None:
    await projection.households(*(household(n) for n in range(1, 5)))
    index = RegistryIndex()
    await take_in(projection, index)
    index.save(tmp_path / "index")
    other: Projection = await another()
    # Its first four members have come and gone; the rest have ids that the snapshot never knew.
    await other.households(household(1))
    async with other.database.transaction() as tx:
        await tx.execute(update(Member).values(id=1_000))
        await tx.execute(update(Member).values(id=0))

    index = RegistryIndex()
    await index.begin_with(tmp_path / "index", other.database)
    await other.database.close()

    assert len(index) == 0


async def test_who_asks_is_answered_while_a_snapshot_is_written_and_it_is_of_its_moment(
    projection: Projection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await projection.households(*(household(n) for n in range(1, 9)))
    index, began, answered = RegistryIndex(), Event(), Event()
    await take_in(projection, index)

    def written_slowly(view: View, folder: Path) -> None:
        began.set()
        assert answered.wait(60), "nobody was answered before it was written"
        write(view, folder)

    monkeypatch.setattr(registry_index, "write", written_slowly)
    saving = asyncio.create_task(asyncio.to_thread(index.save, tmp_path / "index"))
    await asyncio.to_thread(began.wait, 60)
    before = await asyncio.to_thread(found, index)
    await projection.households(household(2, version=2), household(3, version=2, status="removed"), household(11))
    await take_in(projection, index)
    after = await asyncio.to_thread(found, index)
    answered.set()
    await saving

    again = RegistryIndex()
    again.load(tmp_path / "index")
    assert found(again) == before
    await take_in(projection, again)
    assert found(again) == after == await anew(projection)


async def test_while_a_snapshot_is_read_nobody_is_taken_in_so_that_nobody_is_there_twice(
    projection: Projection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await projection.households(*(household(n) for n in range(1, 5)))
    index, began, asked = RegistryIndex(), Event(), Event()
    await take_in(projection, index)
    index.save(tmp_path / "index")

    def loaded_slowly(*told: Any) -> Any:
        began.set()
        assert asked.wait(60), "nobody asked"
        return load(*told)

    monkeypatch.setattr(registry_index, "load", loaded_slowly)
    index = RegistryIndex()
    beginning = asyncio.create_task(index.begin_with(tmp_path / "index", projection.database))
    await asyncio.to_thread(began.wait, 60)
    async with projection.database.transaction() as tx:
        with pytest.raises(IndexBuilding):
            await index.follow(tx)
    following = asyncio.create_task(take_in(projection, index))  # the worker, for it waits
    asked.set()
    await asyncio.gather(beginning, following)

    assert len(index) == 4
    async with projection.database.transaction() as tx:
        await index.follow(tx)
    assert found(index) == await anew(projection)


async def test_a_stop_amid_a_snapshot_waits_until_it_is_whole(
    projection: Projection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "SAVE_FROM", 1)
    await projection.households(*(household(n) for n in range(1, 5)))
    index, began, stopped = RegistryIndex(), Event(), Event()
    await take_in(projection, index)

    def written_slowly(view: View, folder: Path) -> None:
        began.set()
        assert stopped.wait(60), "nobody stopped it"
        write(view, folder)

    monkeypatch.setattr(registry_index, "write", written_slowly)
    saving = asyncio.create_task(indexing._save(index, tmp_path / "index"))
    await asyncio.to_thread(began.wait, 60)
    for _ in range(3):
        saving.cancel()
        await asyncio.sleep(0)
    assert not saving.done()
    stopped.set()

    with pytest.raises(asyncio.CancelledError):
        await saving
    again = RegistryIndex()
    again.load(tmp_path / "index")
    assert found(again) == await anew(projection)


async def test_of_a_damaged_snapshot_nothing_is_believed(projection: Projection, tmp_path: Path) -> None:
    await projection.households(*(household(n) for n in range(1, 5)))
    index = RegistryIndex()
    await take_in(projection, index)
    index.save(tmp_path / "index")
    (tmp_path / "index" / "records.bin").write_bytes(b"another's")

    index = RegistryIndex()
    with pytest.raises(SnapshotDamaged):
        await index.begin_with(tmp_path / "index", projection.database)
    await take_in(projection, index)

    assert found(index) == await anew(projection)


async def test_removals_are_kept_for_a_while(projection: Projection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.matching.projecting.REMOVALS_KEPT", 3)
    await projection.households(*(household(n) for n in range(1, 11)))

    await projection.households(*(household(n, version=2) for n in range(1, 11)))

    async with projection.database.transaction() as tx:
        assert await tx.scalar(select(func.count()).select_from(MemberRemoval)) == 3


async def test_while_much_of_the_registry_is_not_read_nobody_is_linked_and_nothing_is_lost(
    projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_index, "AT_ONCE", 3)
    await projection.households(*(household(n) for n in range(1, 9)))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1))
    wfp = official()

    for _ in range(2):  # each try takes four of eight members in
        with pytest.raises(IndexBuilding):
            await projection.link()
    async with projection.database.transaction() as tx:
        assert await tx.scalar(select(Beneficiary.link_status)) == LinkStatus.PENDING
    assert await projection.link() == 1
    assert (IndexBuilding().code, IndexBuilding().status, IndexBuilding().headers) == (
        "index_building", 503, {"Retry-After": "30"},
    )  # fmt: skip

    await projection.households(*(household(n) for n in range(11, 19)))
    async with projection.database.transaction() as tx:
        with pytest.raises(IndexBuilding):
            await decide_people(tx, ASKED[:1])
    await projection.enrollments(enrollment("WFP_LEAN_SEASON", 1, None), institution="partners")
    await projection.households(*(household(n) for n in range(21, 29)))
    with pytest.raises(IndexBuilding):
        async with projection.database.transaction() as tx:
            saying = Saying(Said.LINKED, id_of("individual 21"))
            await adjudicating.link(tx, id_of("WFP_LEAN_SEASON 1"), saying, person=wfp, if_match="*")


@asynccontextmanager
async def working(database: Database, folder: Path) -> AsyncIterator[Any]:
    """The platform of a worker that runs as in a process of its own, and is stopped wherever it is."""
    settings = MatchingSettings(
        DATABASE_URL=database.engine.url.render_as_string(hide_password=False).replace("+asyncpg", ""),
        NATS_URL="nats://unused",
        internal_key_file=folder / "unused.key",
        data_folder=folder,
    )
    own = Database(settings)
    platform: Any = SimpleNamespace(settings=settings, database=own, stopping=asyncio.Event())
    worker = asyncio.create_task(indexing.keep_index(platform))
    try:
        yield platform
    finally:
        while not worker.done():  # `wait_for` swallows a cancellation that comes with what it waits for
            worker.cancel()
            await asyncio.wait([worker], timeout=0.1)
        await own.close()


async def test_the_worker_keeps_it_level_and_has_left_a_snapshot_before_it_is_stopped(
    projection: Projection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "SAVE_FROM", 1)
    monkeypatch.setattr(indexing, "LOOK_SECONDS", 0.01)
    await projection.households(*(household(n) for n in range(1, 5)))

    async def until_level(database: Database) -> RegistryIndex:
        """Run the worker as a process would, until it is level with the table; then stop it, wherever it is."""
        async with working(database, tmp_path) as platform:
            while (await indexing.members_to_index(platform))["members_to_index"]:
                await asyncio.sleep(0.01)
            # It is there before any stop, which leaves no time to write millions of members.
            while not (tmp_path / "registry-index" / "index.json").exists():
                await asyncio.sleep(0.01)
            return registry_index.registry_index(platform.database.engine)

    first = await until_level(projection.database)
    await projection.households(household(2, version=2), household(5))
    second = await until_level(projection.database)
    at_its_end = RegistryIndex()
    at_its_end.load(tmp_path / "registry-index")
    assert found(at_its_end) == await anew(projection)
    (tmp_path / "registry-index" / "segment0.tags.bin").write_bytes(b"another's")
    third = await until_level(projection.database)

    assert (len(first), len(second), len(third)) == (4, 5, 5)
    assert found(third) == await anew(projection)
    assert found(second) == await anew(projection)


async def test_a_tenth_more_members_are_worth_another_snapshot(
    projection: Projection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "SAVE_FROM", 1)
    monkeypatch.setattr(indexing, "LOOK_SECONDS", 0.01)
    snapshots: list[View] = []
    monkeypatch.setattr(registry_index, "write", lambda view, folder: snapshots.append(view))

    async with working(projection.database, tmp_path) as platform:

        async def add(first: int, many: int) -> None:
            await projection.households(*(household(n) for n in range(first, first + many)))
            while (await indexing.members_to_index(platform))["members_to_index"]:
                await asyncio.sleep(0.01)

        async with asyncio.timeout(60):
            await add(1, 40)
            while len(snapshots) < 1:
                await asyncio.sleep(0.01)
            await add(41, 2)
            await asyncio.sleep(0.2)  # looks enough to write one
            before = len(snapshots)
            await add(43, 4)
            while len(snapshots) < 2:
                await asyncio.sleep(0.01)

    assert before == 1
