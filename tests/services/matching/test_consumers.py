"""Events from the real registry and a real programs service: twice, late, and in the wrong order."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from registry_cases import apply, import_file, the_household
from running import Running, Services, until
from services.matching.consumers import consumers
from services.matching.delivery_models import ProgramDelivery
from services.matching.engine.models import REGISTRY
from services.matching.modeling import newest_shipped
from services.matching.models import Beneficiary, Household, HouseholdPhone, Member, Place, Program
from services.matching.registry_index import registry_index
from services.matching.rules.facts import BeneficiaryFacts
from services.registry.rules.households import COLUMNS
from shared.clock import now
from shared.consuming import Delivery
from shared.history import History
from shared.ids import new_id
from shared.outbox import OutboxRow

Outcome = list[tuple[int, str | None, str | None]]

HOUSEHOLDS = """
MR0110000001,MR011-C01,Oum Essafya,extreme_poor,12.50,PMT-2024.1,2025-03-04,22334455,1000000001,head,Salem Ould Bellal,سالم ولد بلال,M,1980-12-31,year,9900000033,none
MR0110000001,MR011-C01,Oum Essafya,extreme_poor,12.50,PMT-2024.1,2025-03-04,22334455,1000000002,child,Fatimetou Mint Salem,فاطمة بنت سالم,F,2015-06-07,day,,yes
"""
LIST = """N° registre social;Nom complet;NNI;Nbre personnes;Montant
MR0110000001;Salem Ould Bellal;;6;2700
MR0110000099;Penda Mint Samba;;4;1800
"""
PEOPLE: Outcome = [(1, "linked", "MR0110000001"), (1, "unmatched", None)]


async def register(registry: Running) -> None:
    async with registry.client("taazour") as client:
        await import_file(client, "households", ",".join(COLUMNS) + HOUSEHOLDS)


async def enroll(programs: Running) -> None:
    async with programs.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        await import_file(client, "EL_MAOUNA", LIST)


async def outcome(matching: Running) -> Outcome:
    """Version of the link, decision and household's number of every beneficiary, linked first."""
    async with matching.platform.database.transaction() as tx:
        rows = await tx.execute(
            select(Beneficiary.link_version, Beneficiary.decided_as, Household.number)
            .outerjoin(Household, Household.id == Beneficiary.household_id)
            .order_by(Beneficiary.decided_as, Beneficiary.link_version)
        )
        return [(version, decided, number) for version, decided, number in rows]


async def held(matching: Running) -> dict[str, int]:
    tables: tuple[Any, ...] = (Place, Household, Member, HouseholdPhone, Program, Beneficiary, History)
    async with matching.platform.database.transaction() as tx:
        return {one.__tablename__: await tx.scalar(select(func.count()).select_from(one)) or 0 for one in tables}


def becomes(matching: Running, expected: Outcome) -> Callable[[], Awaitable[bool]]:
    async def same() -> bool:
        return await outcome(matching) == expected

    return same


async def deliver_all(matching: Running, *owners: Running) -> int:
    """Hand every event of the owners to its consumer once more, newest first, past the inbox; how many."""
    delivered = 0
    for owner in owners:
        async with owner.platform.database.transaction() as tx:
            rows = list(await tx.scalars(select(OutboxRow).order_by(OutboxRow.position.desc())))
        for row in rows:
            if row.type not in consumers.handlers:
                continue
            event_type, handle = consumers.handlers[row.type]
            async with matching.platform.database.transaction() as tx:
                delivery = Delivery(owner.process, "matching", new_id(), now(), matching.platform.owners)
                await handle(tx, event_type.model_validate(row.data), delivery)
            delivered += 1
    return delivered


async def test_every_event_again_in_the_wrong_order_changes_nothing(services: Services) -> None:
    registry, csa = await services.start("registry"), await services.start("programs-csa")
    matching = await services.start("matching")
    await register(registry)
    await enroll(csa)
    await until(becomes(matching, PEOPLE), what="both to be decided")
    before = await held(matching)

    # Places, households; the program, its enrollments.
    assert await deliver_all(matching, registry, csa) >= 4
    await until(becomes(matching, PEOPLE), what="both to be decided again")

    assert await held(matching) == before
    assert (before["households"], before["members"], before["household_phones"]) == (1, 2, 1)
    assert (before["programs"], before["beneficiaries"], before["history"]) == (1, 2, 2)


async def test_a_value_published_later_is_what_a_household_receives(services: Services) -> None:
    registry, csa = await services.start("registry"), await services.start("programs-csa")
    matching = await services.start("matching")
    await register(registry)
    async with csa.client("csa", programs=frozenset({"EL_MAOUNA"})) as client, matching.client("csa") as reader:
        await import_file(
            client, "EL_MAOUNA", "N° registre social;Nom complet;Nbre personnes\nMR0110000001;Salem Ould Bellal;6\n"
        )

        def receives(monthly: str) -> Callable[[], Awaitable[bool]]:
            async def same() -> bool:
                items = (await reader.get("/v1/household-values")).json()
                return [one["monthly_value_mru"] for one in items] == [monthly]

            return same

        await until(receives("2700.00"), what="6 times 450")
        terms = (await client.get("/v1/programs/EL_MAOUNA/versions/1")).json()["document"]
        more = terms["values"][-1] | {"from": now().date().isoformat(), "amount_mru": "500.00"}
        answer = await client.put(
            "/v1/programs/EL_MAOUNA",
            json=terms | {"values": [*terms["values"], more]},
            headers={"If-Match": '"1"'},
        )
        assert answer.status_code == 200, answer.text

        await until(receives("3000.00"), what="6 times 500")


async def test_enrollments_before_households_are_linked_when_the_households_come(services: Services) -> None:
    csa, matching = await services.start("programs-csa"), await services.start("matching")
    await enroll(csa)
    await until(becomes(matching, [(1, "unmatched", None)] * 2), what="both to be found nowhere")

    await register(await services.start("registry"))

    linked: Outcome = [(2, "linked", "MR0110000001"), (1, "unmatched", None)]
    await until(becomes(matching, linked), what="the link")


async def test_households_before_places_fetch_the_places_first(services: Services) -> None:
    registry, matching = await services.start("registry"), await services.start("matching")
    await register(registry)

    async def one_household() -> bool:
        return (await held(matching))["households"] == 1

    await until(one_household, what="the household")
    async with matching.platform.database.transaction() as tx:
        for table in (Member, HouseholdPhone, Household, Place):
            await tx.execute(delete(table))

    await deliver_all(matching, registry)

    async with matching.platform.database.transaction() as tx:
        found = await tx.scalar(select(Household))
    assert found is not None
    assert (found.wilaya_code, found.moughataa_code, found.size, found.disability) == ("MR01", "MR011", 2, True)


async def test_a_household_that_leaves_the_registry_is_linked_no_more_and_again_when_it_returns(
    services: Services,
) -> None:
    registry, csa = await services.start("registry"), await services.start("programs-csa")
    matching = await services.start("matching")
    await register(registry)
    await enroll(csa)
    await until(becomes(matching, PEOPLE), what="both to be decided")
    async with registry.client("taazour") as client:
        household = await the_household(client)
        on = {"household_id": household["id"], "on": "2026-05-01"}

        await apply(client, {"kind": "removal", **on, "reason": "left_country"})
        await until(becomes(matching, [(1, "unmatched", None), (2, "unmatched", None)]), what="the link to end")
        assert (await held(matching))["households"] == 0

        await apply(client, {"kind": "return", **on})
        await until(becomes(matching, [(3, "linked", "MR0110000001"), (1, "unmatched", None)]), what="the link")

    before = await held(matching)
    await deliver_all(matching, registry)
    again: Outcome = [(3, "linked", "MR0110000001"), (1, "unmatched", None)]
    await until(becomes(matching, again), what="the same link after every event once more, newest first")
    assert await held(matching) == before


async def test_a_corrected_person_is_compared_as_corrected(services: Services) -> None:
    registry, matching = await services.start("registry"), await services.start("matching")
    await register(registry)
    async with registry.client("taazour") as client:
        household = await the_household(client)
        head = household["members"][0]["individual_id"]
        await apply(
            client, {"kind": "correction", "individual_id": head, "individual": {"name_fr": "Penda Mint Samba"}}
        )

    async def corrected() -> bool:
        async with matching.platform.database.transaction() as tx:
            return "Penda Mint Samba" in set(await tx.scalars(select(Member.name_fr)))

    await until(corrected, what="the corrected name")


async def test_a_commune_that_moves_takes_its_households_along_however_the_events_come(services: Services) -> None:
    registry, matching = await services.start("registry"), await services.start("matching")
    await register(registry)
    async with registry.client("taazour") as client:
        village = {"kind": "village", "parent_code": "MR011-C01", "name_fr": "Oum Essafya"}
        assert (await client.post("/v1/places", json=village)).status_code == 201
        moved = await client.post(
            "/v1/places/MR011-C01/move",
            json={"parent_code": "MR012", "from_on": "2026-01-01"},
            headers={"If-Match": '"1"'},
        )
        assert moved.status_code == 200, moved.text

    async def there() -> bool:
        async with matching.platform.database.transaction() as tx:
            return list(await tx.scalars(select(Household.moughataa_code))) == ["MR012"]

    await until(there, what="the household to lie in the other moughataa")
    for _ in range(2):
        await deliver_all(matching, registry)

    assert await there()
    assert (await held(matching))["places"] == 316  # and no village
    async with matching.platform.database.transaction() as tx:
        assert set(await tx.scalars(select(Member.moughataa_code))) == {"MR012"}
        index = registry_index(tx)
        await index.follow(tx)
        listed = {"name": "Salem Ould Bellal", "birth_date": date(1980, 1, 1), "wilaya_code": "MR01"}
        row = BeneficiaryFacts(enrollment_id=UUID(int=1), unit="individual", moughataa_code="MR012", **listed)
        ((_, salem),) = index.find([row], newest_shipped())[0].candidates
    assert REGISTRY.fields[at := REGISTRY.position("place") or 0].levels[salem.levels[at]] == "same_2"


async def test_deliveries_come_with_their_events_and_again_change_nothing(services: Services) -> None:
    csa, matching = await services.start("programs-csa"), await services.start("matching")
    await enroll(csa)
    day = now().date().isoformat()
    one = {"household_number": "MR0110000001", "delivered_on": day, "amount_mru": "2700.00", "reference": "A-1"}
    absent = {"household_number": "MR0110000099", "delivered_on": day, "outcome": "absent", "reference": "A-2"}
    async with csa.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        pushed = await client.post("/v1/deliveries", json={"program": "EL_MAOUNA", "deliveries": [one, absent]})
        assert pushed.json()["recorded"] == 2, pushed.text
        path = f"/v1/deliveries/{pushed.json()['results'][0]['delivery_id']}/correct"
        more = {"outcome": "paid", "amount_mru": "2600.00", "reason": "one note short"}
        assert (await client.post(path, json=more)).status_code in (200, 201)

    async def rows() -> list[tuple[bool, str | None, bool]]:
        async with matching.platform.database.transaction() as tx:
            told = await tx.scalars(select(ProgramDelivery).order_by(ProgramDelivery.id))
            return [(one.handed_over, str(one.amount_mru), one.corrects is not None) for one in told]

    expected = sorted([(True, "2700.00", False), (False, "0.00", False), (True, "2600.00", True)])

    async def there() -> bool:
        return sorted(await rows()) == expected

    await until(there, what="the deliveries")
    async with matching.platform.database.transaction() as tx:
        await tx.execute(delete(ProgramDelivery))
    for _ in range(2):
        await deliver_all(matching, csa)
    assert sorted(await rows()) == expected
