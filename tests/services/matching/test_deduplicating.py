"""A search for people whom the registry holds twice: proposed once, decided by the registry."""

from uuid import UUID

import pytest
from sqlalchemy import select

from matching_cases import TODAY, Projection, enrollment, household, id_of, member, program
from running import Services, until
from services.matching import deduplicating, projecting
from services.matching.clustering import cluster_some
from services.matching.decision_errors import DuplicateSearchEnded, DuplicateSearchRunning
from services.matching.decision_models import ProposedDuplicate
from services.matching.deduplicating import listed_twice, look_on
from services.matching.errors import ProgramUnknown
from services.matching.linking import Places
from shared.contracts.matching import DuplicateProposed
from shared.errors import NotFound
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import OutboxRow

TAAZOUR = Caller("taazour", frozenset({"duplicates:search"}))
PHONE = "+22222334455"
YAHYA = {"birth_date": "1981-04-09", "nni": "9900000033"}
PEOPLE = (
    # One man, registered again when he moved: his number was not asked the second time.
    household(1, member(1, "Yahya Ould Cheikhna Ould Demba Ould Khattri", **YAHYA), phones=[PHONE]),
    household(2, member(2, "Yahya Cheikhna Demba Khattri", birth_date="1981-04-09"), phones=[PHONE]),
    # Twins.
    household(
        3,
        member(3, "El Hassan Ould Sidaty Ould Tourad", birth_date="2012-05-06", relationship="child"),
        member(4, "El Houssein Ould Sidaty Ould Tourad", birth_date="2012-05-06", relationship="child"),
    ),
    # Namesakes of one day, each with the own national id.
    household(5, member(5, "Mohamed Ould Salem Ould Bilal", birth_date="1990-02-03", nni="9900000130")),
    household(6, member(6, "Mohamed Ould Salem Ould Bilal", birth_date="1990-02-03", nni="9900000227")),
    # A child entered twice in one household.
    household(
        7,
        member(7, "Vatimetou Mint Moctar Ould Brahim", birth_date="2015-08-09", sex="F", relationship="child"),
        member(8, "فاطمة منت المختار ولد إبراهيم", birth_date="2015-08-09", sex="F", relationship="child"),
        member(9, "Vatimetou Mint Moctar Ould Brahim", birth_date="2015-08-09", sex="F", relationship="child"),
        phones=["+22236111213"],
    ),
)


async def search(projection: Projection) -> list[tuple[UUID, UUID]]:
    """Begin a search and lead it to its end; the pairs (kept, dropped) that it announced."""
    async with projection.database.transaction() as tx:
        await deduplicating.start(tx, by=TAAZOUR)
    looked = 1
    while looked:
        async with projection.database.transaction() as tx:
            looked = await look_on(tx)
    async with projection.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        told = [DuplicateProposed.model_validate(one.data) for one in rows if one.type == DuplicateProposed.type]
    return [(one.keep_id, one.drop_id) for one in told]


def individual(number: int) -> UUID:
    return id_of(f"individual {number}")


async def test_who_is_registered_twice_is_proposed_once_and_twins_and_namesakes_are_not(projection: Projection) -> None:
    await projection.households(*PEOPLE)
    pairs = await search(projection)
    assert (individual(1), individual(2)) in pairs, "the record with the national id remains"
    assert (individual(7), individual(9)) in pairs
    for one, other in ((3, 4), (5, 6)):
        assert {individual(one), individual(other)} not in [set(pair) for pair in pairs]
    assert await search(projection) == pairs, "a pair is proposed once"


async def test_a_head_of_two_households_is_one_person_already(projection: Projection) -> None:
    head = member(1, "Yahya Ould Cheikhna Ould Demba Ould Khattri", **YAHYA)
    await projection.households(household(1, head, phones=[PHONE]), household(2, head, phones=[PHONE]))
    assert await search(projection) == []


async def test_a_search_proposes_so_many_and_the_next_goes_on(
    projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deduplicating, "MOST_PROPOSED", 1)
    monkeypatch.setattr(deduplicating, "CHUNK", 2)
    await projection.households(*PEOPLE)
    assert len(await search(projection)) == 1
    assert len(await search(projection)) == 2


async def test_one_search_at_a_time_until_it_is_cancelled(projection: Projection) -> None:
    await projection.households(*PEOPLE)
    async with projection.database.transaction() as tx:
        begun = await deduplicating.start(tx, by=TAAZOUR)
        with pytest.raises(DuplicateSearchRunning):
            await deduplicating.start(tx, by=TAAZOUR)
        told = await deduplicating.progress(tx, begun.id)
        assert (told.status, told.total, told.done, told.asked_by) == ("running", 9, 0, "taazour")
        await deduplicating.cancel(tx, begun.id)
        assert await look_on(tx) == 0
        with pytest.raises(DuplicateSearchEnded):
            await deduplicating.cancel(tx, begun.id)
        for refused in (deduplicating.cancel, deduplicating.progress):
            with pytest.raises(NotFound):
                await refused(tx, new_id())
        assert (await tx.scalars(select(ProposedDuplicate))).all() == []


async def test_who_stands_twice_in_a_list_is_told_to_its_keeper(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"), program("TEMWINE", "taazour"))
    await projection.households(household(1), household(2))
    penda = {"name": "Penda Mint Samba Ould Diallo", "sex": "F", "nni": "9900000324", "birth_date": "1970-01-02"}
    lists = [
        enrollment("TEKAVOUL", 1, 1), enrollment("TEKAVOUL", 2, 1), enrollment("TEKAVOUL", 3, 2),
        enrollment("TEKAVOUL", 4, None, **penda), enrollment("TEKAVOUL", 5, None, **penda), enrollment("TEMWINE", 1, 2),
    ]  # fmt: skip
    await projection.enrollments(*lists)
    await projection.link()
    async with projection.database.transaction() as tx:
        await cluster_some(tx, Places())
    ids = [UUID(one["enrollment_id"]) for one in lists]
    keeper = Caller("taazour", frozenset({"clusters:read"}), frozenset({"TEKAVOUL", "UNKNOWN"}))
    async with projection.database.transaction() as tx:
        told = (await listed_twice(tx, "TEKAVOUL", keeper, 10, None)).items
        assert {(one.kind, frozenset(one.enrollment_ids)) for one in told} == {
            ("household", frozenset(ids[:2])), ("cluster", frozenset(ids[3:5])),
        }  # fmt: skip
        for one in told:  # where the gateway looks for the registry's ids, to put the partner's own in their place
            registry = one.id if one.kind == "household" else None
            assert (one.registry_household_id, one.registry_individual_id) == (registry, None)
        first = await listed_twice(tx, "TEKAVOUL", keeper, 1, None)
        rest = await listed_twice(tx, "TEKAVOUL", keeper, 1, first.next_cursor)
        assert [*first.items, *rest.items] == told
        assert rest.next_cursor is None
        with pytest.raises(NotFound):
            await listed_twice(tx, "TEMWINE", keeper, 10, None)
        with pytest.raises(ProgramUnknown):
            await listed_twice(tx, "UNKNOWN", keeper, 10, None)


async def test_a_search_is_asked_for_and_followed_over_http(services: Services) -> None:
    running = await services.start("matching")
    async with running.platform.database.transaction() as tx:
        await projecting.put_households(tx, PEOPLE[:2], TODAY)
    async with running.client("taazour") as client:
        asked = await client.post("/v1/duplicate-searches")
        assert asked.status_code == 202, asked.text
        where = f"/v1/duplicate-searches/{asked.json()['id']}"

        async def ended() -> bool:
            return bool((await client.get(where)).json()["status"] == "done")

        await until(ended, what="the search to end")
        told = (await client.get(where)).json()
        assert (told["total"], told["done"], told["proposed"]) == (2, 2, 1)
        late = await client.post(f"{where}/cancel")
        assert (late.status_code, late.json()["code"]) == (409, "duplicate_search_ended")
    async with running.client("csa", frozenset({"links:read"})) as other:
        assert (await other.post("/v1/duplicate-searches")).status_code == 403
