"""Projections read anew from the real registry and a real programs service: what was lost or spoilt is as it was."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, text, update

from matching_cases import Projection, household, id_of, program
from registry_cases import apply, import_file
from running import ALL_PERMISSIONS, Running, Services, until
from services.matching import app, projection_rebuilding
from services.matching.decision_models import ClusterMember, MergedRecord
from services.matching.delivery_models import ProgramDelivery
from services.matching.models import (
    Beneficiary,
    Household,
    HouseholdFacts,
    HouseholdPhone,
    LinkRefusal,
    LinkStatus,
    Member,
    Place,
    Program,
    School,
)
from services.matching.projection_rebuilding import read_some
from services.matching.reprojecting import Span, renew_merges
from services.registry.rules.households import COLUMNS
from shared.database import Database
from shared.ids import new_id

NAMES = ("Salem Ould Bellal", "Mariem Mint Cheikh", "Demba Sow", "Khadi Mint Vall")
HOUSEHOLDS = (
    ",".join(COLUMNS)
    + "\n"
    + "".join(
        f"MR011000000{at},MR011-C01,Oum Essafya,extreme_poor,1{at}.50,PMT-2024.1,2025-03-04,2233445{at},100000001{at},head,"
        f"{name},,M,1980-03-0{at},day,,none\n"
        for at, name in enumerate(NAMES, 1)
    )
)
LIST = "N° registre social;Nom complet;NNI;Nbre personnes;Montant\n" + "".join(
    f"MR011000000{at};{name};;6;2700\n" for at, name in enumerate(NAMES, 1)
)
PROJECTIONS = {
    Place: set(), Household: set(), HouseholdFacts: set(), HouseholdPhone: set(), MergedRecord: set(), Program: set(),
    School: set(), LinkRefusal: set(), ProgramDelivery: set(), Member: {"id"},
    # What the linker decided is no projection.
    Beneficiary: {"link_status", "decided_as", "link_version", "individual_id", "household_id", "probability", "decided_at"},
}  # fmt: skip
Rows = dict[str, list[str]]


async def held(database: Database) -> Rows:
    """Every row of every projection, as text, in one order."""
    found = {}
    async with database.transaction() as tx:
        for table, left_out in PROJECTIONS.items():
            columns = [one for one in table.__table__.columns if one.name not in left_out]
            found[table.__tablename__] = sorted(str(tuple(row)) for row in await tx.execute(select(*columns)))
    return found


@pytest.fixture
async def matching(services: Services, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A registry and the CSA, and matching with all that they told. The test reads a rebuild's pages itself: of one row each."""

    async def rest(_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(app, "projections_worker", rest)
    monkeypatch.setattr(projection_rebuilding, "LARGEST_PAGE", 1)
    registry, csa = await services.start("registry"), await services.start("programs-csa")
    urls = {name: url for name, url in services.urls.items() if name in ("registry", "programs-csa")}
    running = await services.start("matching", service_urls=urls)
    async with registry.client("taazour") as client:
        await import_file(client, "households", HOUSEHOLDS)
    async with csa.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        await import_file(client, "EL_MAOUNA", LIST)
        paid = [
            {
                "household_number": f"MR011000000{at}",
                "delivered_on": "2026-07-15",
                "amount_mru": "2700.00",
                "reference": f"A-{at}",
            }
            for at in (1, 2, 3)
        ]
        await client.post("/v1/deliveries", json={"program": "EL_MAOUNA", "deliveries": paid})

        async def linked() -> bool:
            async with running.platform.database.transaction() as tx:
                told = list(await tx.scalars(select(Beneficiary.decided_as)))
                some = len(list(await tx.scalars(select(ProgramDelivery.id))))
            return told == [LinkStatus.LINKED] * 4 and some == 3

        await until(linked, what="everybody to be linked", seconds=120)

        async def told_so() -> dict[str, Any] | None:
            items = (await client.get("/v1/enrollments", params={"link_status": "linked"})).json()["items"]
            return next((one for one in items if one["source_line"] == 5), None)

        last = await until(told_so, what="the CSA to hear of its last link")
        refused = await client.post(
            f"/v1/enrollments/{last['id']}/refuse-link",
            json={"reason": "another_person"},
            headers={"If-Match": f'"{last["version"]}"'},
        )
        assert refused.status_code == 200, refused.text

        async def unlinked() -> bool:
            async with running.platform.database.transaction() as tx:
                return await tx.scalar(select(Beneficiary.decided_as).where(Beneficiary.id == last["id"])) != "linked"

        await until(unlinked, what="the refused link to end")
    return running


async def spoil(database: Database) -> None:
    """Of each projection rows are lost, are not as they were told, and are told of by nobody."""
    async with database.transaction() as tx:
        homes = list(await tx.scalars(select(Household.id).order_by(Household.number)))
        rows = list(await tx.scalars(select(Beneficiary.id).order_by(Beneficiary.source_line)))
        made = list(await tx.scalars(select(ProgramDelivery.id).order_by(ProgramDelivery.id)))
        for table in (Member, HouseholdPhone):
            await tx.execute(delete(table).where(table.household_id == homes[0]))
        await tx.execute(delete(Household).where(Household.id == homes[0]))
        await tx.execute(update(Household).where(Household.id == homes[1]).values(version=9, size=3))
        await tx.execute(update(HouseholdFacts).where(HouseholdFacts.household_id == homes[2]).values(score=99))
        await tx.execute(delete(HouseholdPhone).where(HouseholdPhone.household_id == homes[2]))
        await tx.execute(update(Member).where(Member.household_id == homes[3]).values(name_fr="Somebody Else"))
        spare = {"number": "MR0119999999", "version": 1, "commune_code": "MR011-C01", "vulnerability_category": "poor"}
        await tx.execute(insert(Household).values(id=new_id(), size=1, disability=False, school_age=False, **spare))
        await tx.execute(insert(MergedRecord).values(id=new_id(), version=1, into_id=homes[0]))
        spoilt = Program.document.concat(text("""'{"benefit": "meal"}'::jsonb"""))
        await tx.execute(update(Program).values(document=spoilt, names={}))
        await tx.execute(insert(Program).values(program("NOBODYS", "csa") | {"document": None}))
        await tx.execute(insert(School).values(institution="csa", key="x/", name="X"))
        await tx.execute(delete(ClusterMember))
        await tx.execute(delete(Beneficiary).where(Beneficiary.id == rows[0]))
        listed = Beneficiary.listed.concat(text("""'{"name": "Somebody Else"}'::jsonb"""))
        await tx.execute(update(Beneficiary).where(Beneficiary.id == rows[1]).values(listed=listed))
        await tx.execute(update(Beneficiary).where(Beneficiary.id == rows[2]).values(spans=[], monthly_value_mru=1))
        lost = await tx.get_one(Beneficiary, rows[1])
        columns = {one.key: getattr(lost, one.key) for one in Beneficiary.__table__.columns}
        # One about whom nobody is asked, because nobody could be meant.
        stranger = lost.listed | {"name": "Zzyzx", "household_number": None, "household_size": 1}
        await tx.execute(insert(Beneficiary).values(columns | {"id": new_id(), "listed": stranger}))
        await tx.execute(delete(LinkRefusal))
        await tx.execute(insert(LinkRefusal).values(id=new_id(), enrollment_id=rows[2], household_id=homes[2]))
        await tx.execute(delete(ProgramDelivery).where(ProgramDelivery.id == made[0]))
        await tx.execute(update(ProgramDelivery).where(ProgramDelivery.id == made[1]).values(amount_mru=1))
        spare = {"program": "EL_MAOUNA", "handed_over": True, "delivered_on": date(2026, 7, 1)}
        await tx.execute(insert(ProgramDelivery).values(id=new_id(), institution="csa", **spare))
        await tx.execute(update(Place).where(Place.code == "MR011").values(name_fr="Elsewhere"))
        await tx.execute(delete(Place).where(Place.code == "MR012-C01"))


async def read_all(matching: Running) -> int:
    """Read pages of the rebuild until it has ended; how many."""
    pages = 0
    while True:
        async with matching.platform.database.transaction() as tx:
            if not await read_some(tx, matching.platform):
                return pages
        pages += 1


async def test_what_was_lost_or_spoilt_is_as_a_fresh_start_has_it_and_news_meanwhile_are_kept(
    services: Services, matching: Running
) -> None:
    database = matching.platform.database
    before = await held(database)
    async with database.transaction() as tx:
        links = dict((await tx.execute(select(Beneficiary.id, Beneficiary.link_version))).all())
    await spoil(database)
    spoilt = await held(database)
    assert [name for name in before if before[name] == spoilt[name]] == []

    async with matching.client("taazour") as client:
        begun = await client.post("/v1/projection-rebuilds", json={})
        path = f"/v1/projection-rebuilds/{begun.json()['id']}"
        assert (begun.status_code, begun.json()["status"], begun.json()["steps"]) == (202, "running", 8)
        again = await client.post("/v1/projection-rebuilds", json={"what": ["deliveries"]})
        assert (again.status_code, again.json()["code"]) == (409, "projection_rebuild_running")
        status = await matching.platform.work_waiting()
        assert status["projections_to_read"] == 8
        pages = 0
        told = begun.json()
        while told["part"] != "households" or told["parts"][-1]["part"] != "households":
            async with database.transaction() as tx:
                assert await read_some(tx, matching.platform)
            pages, told = pages + 1, (await client.get(path)).json()

        # The first household was read; of it and of one that was not, something new is told now.
        for at, name in ((1, "Salem Ould Sidi"), (4, "Khadi Mint Sidi")):
            await correct(services.running["registry"], at, name)

        async def corrected() -> bool:
            async with database.transaction() as tx:
                names = set(await tx.scalars(select(Member.name_fr)))
            return {"Salem Ould Sidi", "Khadi Mint Sidi"} <= names

        await until(corrected, what="the news of both")
        pages += await read_all(matching)
        told = (await client.get(path)).json()
        assert (await client.post(f"{path}/cancel")).json()["code"] == "projection_rebuild_ended"

    # Whole: places, programs, schools. By one row: four households, no merge, four enrollments, one refusal, three deliveries.
    assert (told["status"], told["step"], told["part"], pages) == ("done", 8, None, 3 + 4 + 1 + 4 + 1 + 3)
    parts = {one["part"]: (one["read"], one["put"], one["dropped"]) for one in told["parts"]}
    assert parts["places"][1:] == (2, 0) and parts["programs"] == (1, 1, 1) and parts["schools"] == (0, 0, 1)
    # The last was put right by the news, before its page.
    assert (parts["households"], parts["merges"]) == ((4, 3, 1), (0, 0, 1))
    assert (parts["enrollments"], parts["refusals"], parts["deliveries"]) == ((4, 3, 1), (1, 1, 1), (3, 2, 1))

    after = await held(database)
    for name in before:
        if name not in ("households", "household_facts", "members"):
            assert after[name] == before[name], name
    assert len(after["households"]) == 4 and len(after["members"]) == 4
    assert sorted(one for one in after["members"] if "Sidi" not in one) == sorted(
        one for one in before["members"] if not any(name in one for name in (NAMES[0], NAMES[3]))
    )

    async def linked_again() -> bool:
        async with database.transaction() as tx:
            rows = list(await tx.scalars(select(Beneficiary).order_by(Beneficiary.source_line)))
        # Of the first the list says another name by now, of the last the institution refused the link.
        return (
            [one.decided_as for one in rows[1:3]] == ["linked"] * 2
            and all(one.link_status != LinkStatus.PENDING for one in rows)
            and all(one.link_version >= links[one.id] for one in rows)
            and rows[0].link_version > links[rows[0].id]
        )

    await until(linked_again, what="the links, that which was lost in a version after its last", seconds=60)


async def correct(registry: Running, at: int, name: str) -> None:
    async with registry.client("taazour") as client:
        [one] = (await client.get("/v1/households", params={"number": f"MR011000000{at}"})).json()["items"]
        members = (await client.get(f"/v1/households/{one['id']}")).json()["members"]
        who = {"kind": "correction", "individual_id": members[0]["individual_id"]}
        await apply(client, who | {"individual": {"name_fr": name}})


async def test_a_part_alone_is_read_and_a_cancelled_rebuild_reads_no_further(matching: Running) -> None:
    database = matching.platform.database
    before = await held(database)
    async with database.transaction() as tx:
        await tx.execute(delete(ProgramDelivery))
        await tx.execute(update(Member).values(name_fr="Somebody Else"))
        pending = await tx.scalar(select(Beneficiary.id).where(Beneficiary.link_status == LinkStatus.PENDING))
    assert pending is None
    async with matching.client("taazour") as client:
        first = (await client.post("/v1/projection-rebuilds", json={"what": ["deliveries"]})).json()
        async with database.transaction() as tx:
            assert await read_some(tx, matching.platform)
        cancelled = (await client.post(f"/v1/projection-rebuilds/{first['id']}/cancel")).json()
        assert (cancelled["status"], cancelled["parts"]) == (
            "cancelled", [{"part": "deliveries", "read": 1, "put": 1, "dropped": 0}],
        )  # fmt: skip
        assert await read_all(matching) == 0
        await client.post("/v1/projection-rebuilds", json={"what": ["deliveries"]})
        assert await read_all(matching) == 3
        wrong = await client.post("/v1/projection-rebuilds", json={"what": ["links"]})
        unknown = await client.get(f"/v1/projection-rebuilds/{UUID(int=1)}")
        nothing = await client.post(f"/v1/projection-rebuilds/{UUID(int=1)}/cancel")
        assert (wrong.status_code, unknown.status_code, nothing.status_code) == (422, 404, 404)
    async with matching.client("wfp", permissions=ALL_PERMISSIONS - {"links:rebuild"}) as without:
        assert (await without.post("/v1/projection-rebuilds", json={})).status_code == 403

    after = await held(database)
    assert after["deliveries"] == before["deliveries"] and after["members"] != before["members"]
    async with database.transaction() as tx:
        assert await tx.scalar(select(Beneficiary.id).where(Beneficiary.link_status == LinkStatus.PENDING)) is None


async def test_a_merge_that_was_lost_or_leads_elsewhere_is_put_right(projection: Projection) -> None:
    one, other, into = sorted((UUID(household(at)["id"]) for at in range(3)), key=str)
    told = [
        {"id": str(one), "version": 2, "into_id": str(into)},
        {"id": str(other), "version": 3, "into_id": str(into)},
    ]
    async with projection.database.transaction() as tx:
        await tx.execute(insert(MergedRecord).values(id=one, version=7, into_id=id_of("somebody")))

    for put in (2, 0):
        async with projection.database.transaction() as tx:
            found = await renew_merges(tx, told, Span("registry", None, None))
        assert (found.put, found.dropped) == (put, 0)

    async with projection.database.transaction() as tx:
        rows = await tx.scalars(select(MergedRecord).order_by(MergedRecord.version))
        assert [(row.id, row.version, row.into_id) for row in rows] == [(one, 2, into), (other, 3, into)]


async def test_a_merge_that_was_undone_is_overlooked_while_its_record_is_here(projection: Projection) -> None:
    """A household and a person of it are themselves again; a third is nowhere, and its merge is dropped."""
    again = household(1)
    ids = [UUID(again["id"]), UUID(again["members"][0]["individual_id"]), id_of("somebody who left")]
    await projection.households(again)
    async with projection.database.transaction() as tx:
        rows = [{"id": one, "version": 2, "into_id": id_of("somebody")} for one in ids]
        await tx.execute(insert(MergedRecord), rows)

    async with projection.database.transaction() as tx:
        found = await renew_merges(tx, [], Span("registry", None, None))

    assert (found.put, found.dropped) == (0, 1)
    async with projection.database.transaction() as tx:
        assert set(await tx.scalars(select(MergedRecord.id))) == set(ids[:2])
