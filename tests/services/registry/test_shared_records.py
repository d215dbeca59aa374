"""What an institution that is not the registry's keeper reads of it: those its agreement reaches, in the form it allows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest

from matching_cases import enrollment, program
from registry_cases import BOUGADOUM, Family, Person, apply, send, the_household
from running import Running, Services, until
from services.matching.projecting import put_beneficiaries, put_program
from services.registry.commands.enrolled import take_over_enrolled
from shared.agreements import Agreement

AGREEMENT = Agreement(
    id="A-1", version=1, provider="taazour", purposes=frozenset({"planning"}), programs=frozenset(),
    places=frozenset({"MR011-C01"}), attributes=frozenset({"household_number"}), volume_per_query=2,
    not_before=date(2026, 1, 1), not_after=date(2099, 12, 31), legal_basis="Protocol 12/2026",
)  # fmt: skip
SHARED = frozenset({"households:shared"})


class Reading:
    """The registry as another institution reads it, under one agreement after another."""

    def __init__(self, registry: Running) -> None:
        self.registry = registry

    async def get(self, path: str, agreement: Agreement | None = AGREEMENT, **params: str) -> httpx.Response:
        async with self.registry.client("csa", SHARED, agreement=agreement, purpose="planning") as client:
            return await client.get(path, params=params)


def allowing(*attributes: str, **changed: Any) -> Agreement:
    """The agreement with these attributes, each with its form after a colon where that is not `full`."""
    forms = [one.partition(":")[::2] for one in attributes]
    return replace(
        AGREEMENT,
        attributes=frozenset(name for name, form in forms if not form),
        transformed=frozenset((name, form) for name, form in forms if form),
        **changed,
    )


@pytest.fixture
async def reading(registry: Running, client: httpx.AsyncClient) -> Reading:
    """Sidi's family in Amourj; a poor one in Bougadoum; a third in another wilaya."""
    alone = [Person("2000000001", "head", "Oumar Ba", "عمر با", "M", "1950-01-01", "", "year")]
    far = [Person("3000000001", "head", "Zeinebou Mint Ely", "زينب", "F", "1990-02-03", "")]
    await send(
        client,
        Family(),
        Family("MR0110000002", BOUGADOUM, "Edebaye", "poor", "33.00", phone="", members=alone),
        Family("MR0320000001", "MR032-C01", "Boumdeid", "not_poor", "91.00", members=far),
    )
    return Reading(registry)


async def test_only_what_the_agreement_allows_is_told_each_in_its_form(
    reading: Reading, client: httpx.AsyncClient
) -> None:
    sidis = await the_household(client)
    path = f"/v1/households/{sidis['id']}"
    row = {"place": "MR011-C01", "category": "extreme_poor"}

    everything = allowing(
        "household_number:masked", "head_name:masked", "commune", "village", "size:band", "category", "score:band", "status",
        "surveyed_on:year_only", "phones:boolean", "relationship", "name", "sex", "birth_date:year_only", "nni:masked",
        "individual_number:masked", "person_status", "disability",
    )  # fmt: skip
    told = (await reading.get(path, everything)).json()

    members = told.pop("members")
    assert told == {
        "id": sidis["id"], "row": row, "number": "**********01", "head_name_fr": "S. O. A.", "head_name_ar": "س. و. أ.",
        "commune_code": "MR011-C01", "village": "Oum Essafya", "size": "3-5", "vulnerability_category": "extreme_poor",
        "score": "0-19", "status": "active", "surveyed_on": "2025", "phones": True,
    }  # fmt: skip
    assert len(members) == 4
    (sidi,) = [one for one in members if one["relationship"] == "head"]
    assert sidi.pop("individual_id") in {one["individual_id"] for one in sidis["members"]}
    assert sidi == {
        "individual_number": "********01", "relationship": "head", "name_fr": "Sidi Ould Ahmed",
        "name_ar": "سيدي ولد أحمد", "sex": "M", "birth_date": "1980", "nni": "********33", "disability": False,
        "status": "active",
    }  # fmt: skip

    plain = (await reading.get(path, allowing("score", "phones:masked", "birth_date", "nni:boolean"))).json()
    assert {name: plain[name] for name in ("score", "phones")} == {"score": "12.50", "phones": ["**********55"]}
    assert sorted((one["birth_date"], one["nni"]) for one in plain["members"]) == [
        ("1980-05-06", True), ("1986-02-03", False), ("2004-07-08", False), ("2015-09-10", False),
    ]  # fmt: skip
    assert (await reading.get(path)).json() == {"id": sidis["id"], "row": row, "number": "MR0110000001"}


async def test_outside_of_the_population_is_as_if_there_were_nothing(
    reading: Reading, client: httpx.AsyncClient
) -> None:
    sidis, oumars = await the_household(client), await the_household(client, "MR0110000002")
    oumar = oumars["members"][0]["individual_id"]
    unknown = "01989a4e-5b00-7c3d-8e21-6f0a4d7b9c01"

    for kind, outside in (("households", oumars["id"]), ("individuals", oumar)):
        theirs, nobodys = await reading.get(f"/v1/{kind}/{outside}"), await reading.get(f"/v1/{kind}/{unknown}")
        assert theirs.status_code == nobodys.status_code == 404
        same = [{key: it for key, it in one.json().items() if key != "trace_id"} for one in (theirs, nobodys)]
        assert same[0] == same[1]

    async def numbers(**changed: Any) -> list[str]:
        page = (await reading.get("/v1/households", replace(AGREEMENT, volume_per_query=9, **changed))).json()
        return [one["number"] for one in page["items"]]

    assert await numbers() == ["MR0110000001"]
    assert await numbers(places=frozenset({"MR011"})) == ["MR0110000001", "MR0110000002"]
    assert await numbers(places=frozenset({"MR01"})) == ["MR0110000001", "MR0110000002"]
    assert await numbers(places=frozenset({"MR03"})) == ["MR0320000001"]
    assert await numbers(places=frozenset({"MR099"})) == []
    assert await numbers(places=frozenset(), categories=frozenset({"poor"})) == ["MR0110000002"]
    assert await numbers(places=frozenset({"MR032"}), categories=frozenset({"poor"})) == []
    assert await numbers(places=frozenset()) == ["MR0110000001", "MR0110000002", "MR0320000001"]
    assert sidis["number"] == "MR0110000001"


async def test_a_page_brings_no_more_than_one_question_may(reading: Reading) -> None:
    anywhere = replace(AGREEMENT, places=frozenset())

    first = (await reading.get("/v1/households", anywhere)).json()
    second = (await reading.get("/v1/households", anywhere, cursor=first["next_cursor"])).json()

    assert [len(first["items"]), len(second["items"])] == [2, 1]
    assert second["next_cursor"] is None


async def test_a_person_is_told_with_the_households_that_the_agreement_reaches(
    reading: Reading, client: httpx.AsyncClient
) -> None:
    sidis = await the_household(client)
    sidi = next(one["individual_id"] for one in sidis["members"] if one["relationship"] == "head")

    told = (
        await reading.get(f"/v1/individuals/{sidi}", allowing("household_number", "name", "birth_date:band"))
    ).json()

    assert told == {
        "id": sidi, "row": {"place": "MR011-C01", "category": "extreme_poor"}, "name_fr": "Sidi Ould Ahmed",
        "name_ar": "سيدي ولد أحمد", "birth_date": "18-59",
        "memberships": [{"household_id": sidis["id"], "household_number": "MR0110000001"}],
    }  # fmt: skip


async def test_what_is_asked_beyond_the_agreement_is_refused(reading: Reading, client: httpx.AsyncClient) -> None:
    sidis = await the_household(client)
    one, many = f"/v1/households/{sidis['id']}", "/v1/households"
    masked = allowing("household_number:masked")

    for answer, code in (
        (await reading.get(one, fields="household_number,nni"), "fields_not_shared"),
        (await reading.get(many, fields="score"), "fields_not_shared"),
        (await reading.get(many, commune="MR011-C01"), "fields_not_shared"),
        (await reading.get(many, masked, number="MR0110000001"), "fields_not_shared"),
        (await reading.get(one, as_of="2025-01-01"), "today_alone_shared"),
        (await reading.get(one, None), "not_permitted"),
        (await reading.get(many, None), "not_permitted"),
        (await reading.get(f"{one}/history"), "not_permitted"),
        (await reading.get(f"{one}/score"), "not_permitted"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, code), answer.request.url
    assert (await reading.get(one, allowing("household_number", "size"), fields="size")).json() == {
        "id": sidis["id"], "row": {"place": "MR011-C01", "category": "extreme_poor"}, "size": 4,
    }  # fmt: skip
    assert len((await reading.get(many, number="MR0110000001")).json()["items"]) == 1


async def test_a_household_merged_into_another_is_told_no_more(reading: Reading, client: httpx.AsyncClient) -> None:
    sidis, oumars = await the_household(client), await the_household(client, "MR0110000002")
    await apply(client, {"kind": "merge", "record": "household", "keep_id": sidis["id"], "drop_id": oumars["id"]})

    answer = await reading.get(f"/v1/households/{oumars['id']}", replace(AGREEMENT, places=frozenset()))

    assert answer.status_code == 404


async def test_an_agreement_limited_to_programs_reaches_whom_matching_tells_enrolled(
    reading: Reading, client: httpx.AsyncClient
) -> None:
    """Told twice and out of order; an outsider, and one who was enrolled once, are as nobody."""
    sidis, oumars = await the_household(client), await the_household(client, "MR0110000002")
    far, nobody = await the_household(client, "MR0320000001"), "01989a4e-5b00-7c3d-8e21-6f0a4d7b9c01"
    limited = replace(AGREEMENT, places=frozenset(), volume_per_query=9, enrolled_in=frozenset({"TEKAVOUL", "TEMWINE"}))

    async def tell(household: str, program: str, enrolled: bool, version: int) -> None:
        one = {"household_id": household, "program": program, "enrolled": enrolled, "version": version}
        async with reading.registry.platform.database.transaction() as tx:
            await take_over_enrolled(tx, [one])

    async def reached() -> dict[str, str]:
        page = (await reading.get("/v1/households", limited)).json()
        return {one["number"]: one["row"]["enrolled_in"] for one in page["items"]}

    assert await reached() == {}
    await tell(sidis["id"], "TEMWINE", True, 3)
    await tell(sidis["id"], "TEMWINE", False, 2)
    await tell(sidis["id"], "TEMWINE", True, 3)
    await tell(oumars["id"], "TEKAVOUL", False, 2)
    await tell(oumars["id"], "TEKAVOUL", True, 1)
    await tell(far["id"], "EL_MAOUNA", True, 1)
    await tell(nobody, "TEKAVOUL", True, 1)
    assert await reached() == {"MR0110000001": "TEMWINE"}

    await tell(sidis["id"], "TEKAVOUL", True, 1)
    assert await reached() == {"MR0110000001": "TEKAVOUL"}, "one of them, and no list of what else it receives"
    individual = sidis["members"][0]["individual_id"]
    for kind, id_ in (("households", sidis["id"]), ("individuals", individual)):
        told = await reading.get(f"/v1/{kind}/{id_}", replace(limited, transformed=frozenset({("nni", "boolean")})))
        assert (told.status_code, told.json()["row"]["enrolled_in"]) == (200, "TEKAVOUL")
    outsiders = [("households", oumars["id"]), ("households", far["id"])]
    outsiders.append(("individuals", oumars["members"][0]["individual_id"]))
    for kind, id_ in outsiders:
        theirs, nobodys = (
            await reading.get(f"/v1/{kind}/{id_}", limited),
            await reading.get(f"/v1/{kind}/{nobody}", limited),
        )
        assert theirs.status_code == 404
        same = [{key: it for key, it in one.json().items() if key != "trace_id"} for one in (theirs, nobodys)]
        assert same[0] == same[1]

    await tell(sidis["id"], "TEKAVOUL", False, 2)
    await tell(sidis["id"], "TEMWINE", False, 4)
    assert await reached() == {}
    assert (await reading.get(f"/v1/households/{sidis['id']}", replace(limited, enrolled_in=frozenset()))).json()[
        "row"
    ] == {"place": "MR011-C01", "category": "extreme_poor"}


async def test_what_matching_links_reaches_the_registry_by_an_event(
    services: Services, reading: Reading, client: httpx.AsyncClient
) -> None:
    matching, household = await services.start("matching"), (await the_household(client))["id"]
    limited = replace(AGREEMENT, enrolled_in=frozenset({"TEKAVOUL"}))
    listed = {
        "name": "Sidi Ould Ahmed",
        "nni": "9900000033",
        "birth_date": "1980-05-06",
    }

    async def turn(version: int, status: str) -> None:
        change = enrollment("TEKAVOUL", 1, 1, version=version, status=status, birth_precision="day", **listed)
        async with matching.platform.database.transaction() as tx:
            await put_program(tx, program("TEKAVOUL", "taazour"))
            await put_beneficiaries(tx, "taazour", [change])

    for version, (turned, status) in enumerate([("enrolled", 200), ("suspended", 404), ("enrolled", 200)], 1):
        await turn(version, turned)

        async def follows(status: int = status) -> bool:
            return (await reading.get(f"/v1/households/{household}", limited)).status_code == status

        await until(follows, what=f"the registry to answer {status}")
