"""Search as a registry operator and a grievance agent use it, over HTTP."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from in_turn import in_turn
from registry_cases import apply
from running import Running, Services, copied, copy_for_others, status_of, until
from services.registry.commands.changing import begin_change, lock_individuals, state_facts
from services.registry.commands.indexing import store_keys
from services.registry.queries.name_words import NameWords
from services.registry.rules.clocks import Origin
from services.registry.rules.households import COLUMNS
from services.registry.rules.names import sex_key

# number, household, relationship, name_fr, name_ar, sex, birth date, nni
PEOPLE = [
    ("1000000001", "MR0110000001", "head", "Mohamed Ould Ahmed", "محمد ولد أحمد", "M", "1980-05-04", "9900000033"),
    ("1000000002", "MR0110000001", "child", "Fatimetou Mint Mohamed", "فاطمة بنت محمد", "F", "2015-06-07", ""),
    (
        "1000000003",
        "MR0110000002",
        "head",
        "El Mokhtar Ould Salem",
        "المختار ولد سالم",
        "M",
        "1971-02-03",
        "9900000130",
    ),
    (
        "1000000004",
        "MR0110000002",
        "child",
        "Mohamed Lemine Ould El Mokhtar",
        "محمد الأمين ولد المختار",
        "M",
        "1999-01-02",
        "",
    ),
    ("1000000005", "MR0110000003", "head", "Sid'Ahmed Ould Brahim", "سيد أحمد ولد إبراهيم", "M", "1965-12-31", ""),
    ("1000000006", "MR0110000004", "head", "Mamadou Diallo", "مامادو جالو", "M", "1988-03-03", ""),
    ("1000000007", "MR0110000005", "head", "Saleck Ould Ahmed", "السالك ولد أحمد", "M", "1979-03-03", ""),
    ("1000000008", "MR0110000006", "head", "Mahmoud Ould Ahmed", "محمود ولد أحمد", "M", "1981-03-03", ""),
    ("1000000009", "MR0110000007", "head", "Salem Ould Ahmed", "سالم ولد أحمد", "M", "1981-04-03", ""),
    (
        "1000000010",
        "MR0110000008",
        "head",
        "Khadijetou Mint Sidi Ould Cheikh",
        "خديجة بنت سيدي ولد الشيخ",
        "F",
        "1990-04-03",
        "",
    ),
    ("1000000011", "MR0110000009", "head", "Abdellahi Ould Isselmou", "عبد الله ولد إسلم", "M", "1955-04-03", ""),
    ("1000000012", "MR0110000010", "head", "Aminata Sow", "آمنتا سو", "F", "1993-04-03", ""),
    ("1000000013", "MR0110000011", "head", "Zeinebou Mint Ely", None, "F", "1993-04-03", ""),
    ("1000000014", "MR0110000012", "head", None, "مريم بنت عبد القادر", "F", "1962-04-03", ""),
    (
        "1000000015",
        "MR0110000013",
        "head",
        "Cheikh Ould Mohamed Mahmoud",
        "الشيخ ولد محمد محمود",
        "M",
        "1949-04-03",
        "",
    ),
    ("1000000016", "MR0110000014", "head", "Aïssata Ndiaye", "عيساتا انجاي", "F", "1983-04-03", ""),
    ("1000000017", "MR0110000015", "head", "Vatma Mint Taleb", "فاطمة بنت الطالب", "F", "1977-04-03", ""),
    (
        "1000000018",
        "MR0110000016",
        "head",
        "Brahim Ould Mohamed Ould Sidi",
        "إبراهيم ولد محمد ولد سيدي",
        "M",
        "1985-04-03",
        "",
    ),
]
PHONES = {"MR0110000001": "22334455", "MR0110000002": "33445566"}
COMMUNES = {"MR0110000007": "MR011-C02"}

# what is typed -> the individual found first
FOUND = [
    ("Mohamed Ould Ahmed", "1000000001"),
    ("Med Ould Ahmed", "1000000001"),
    ("Mohamed Ahmed", "1000000001"),
    ("MOHAMMED OULD AHMED", "1000000001"),
    ("Mouhamed O/ Ahmed", "1000000001"),
    ("محمد ولد احمد", "1000000001"),
    ("محمد أحمد", "1000000001"),
    ("Mohamde Ould Ahmed", "1000000001"),
    ("Ahmed Mohamed", "1000000001"),
    ("Fatimetou Mint Mohamed", "1000000002"),
    ("Fatma Mint Med", "1000000002"),
    ("فاطمة بنت محمد", "1000000002"),
    ("فاطمه منت محمد", "1000000002"),
    ("Fatimettou Mohamed", "1000000002"),
    ("Mokhtar Ould Salem", "1000000003"),
    ("Moctar Salem", "1000000003"),
    ("المختار سالم", "1000000003"),
    ("مختار ولد سالم", "1000000003"),
    ("Elmoctar O Salem", "1000000003"),
    ("Med Lemine Ould Moctar", "1000000004"),
    ("محمد الأمين ولد المختار", "1000000004"),
    ("Mohamed Lemine", "1000000004"),
    ("Mohamedlemine Ould El Mokhtar", "1000000004"),
    ("Sid Ahmed Ould Brahim", "1000000005"),
    ("Sidahmed Ould Ibrahim", "1000000005"),
    ("سيداحمد ولد ابراهيم", "1000000005"),
    ("Diallo Mamadou", "1000000006"),
    ("Mamadou Jallow", "1000000006"),
    ("جالو مامادو", "1000000006"),
    ("ديالو مامادو", "1000000006"),
    ("Saleck Ahmed", "1000000007"),
    ("السالك أحمد", "1000000007"),
    ("محمود أحمد", "1000000008"),
    ("Mahmoud Ahmed", "1000000008"),
    ("Salem Ould Ahmed", "1000000009"),
    ("Khadijetou Mint Sidi", "1000000010"),
    ("خديجة سيدي", "1000000010"),
    ("Khadija Sidi Cheikh", "1000000010"),
    ("Mamadou Abdoulaye Diallo", "1000000006"),
    ("محمد ولد أحمد ولد السالك", "1000000001"),
    ("Khabijetou Mint Sidi", "1000000010"),
    ("Abdallahi Ould Isselmou", "1000000011"),
    ("عبدالله ولد اسلم", "1000000011"),
    ("Aminata Sow", "1000000012"),
    ("Sow Aminata", "1000000012"),
    ("زينب بنت اعلي", "1000000013"),
    ("Zeinabou Ely", "1000000013"),
    ("Mariem Mint Abdel Kader", "1000000014"),
    ("Mariem Abdelkader", "1000000014"),
    ("Cheikh Mohamed Mahmoud", "1000000015"),
    ("الشيخ محمد محمود", "1000000015"),
    ("Aissata N'Diaye", "1000000016"),
    ("Ndiaye Aissata", "1000000016"),
    ("Vatma Taleb", "1000000017"),
    ("Brahim Ould Mohamed", "1000000018"),
    ("Ibrahim Mohamed Sidi", "1000000018"),
    ("إبراهيم محمد سيدي", "1000000018"),
    ("Brahin Ould Mohamed Sidi", "1000000018"),
    ("9900000130", "1000000003"),
    ("٩٩٠٠٠٠٠١٣٠", "1000000003"),
    ("9900000140", "1000000003"),
    ("9900001030", "1000000003"),
    ("1000000012", "1000000012"),
]  # fmt: skip


def a_country() -> bytes:
    lines = []
    for number, household, relationship, name_fr, name_ar, sex, born, nni in PEOPLE:
        commune, phone = COMMUNES.get(household, "MR011-C01"), PHONES.get(household, "")
        lines.append(
            f"{household},{commune},Oum Essafya,poor,40.00,PMT-2024.1,2025-03-04,{phone},{number},{relationship},"
            f"{name_fr or ''},{name_ar or ''},{sex},{born},day,{nni},none"
        )
    return "\n".join([",".join(COLUMNS), *lines, ""]).encode()


@pytest.fixture
async def registry(services: Services) -> Running:
    """With the names of the country indexed: once for all tests of this file, each of which has a copy."""
    if (copy := await copied(services.servers, __name__)) is not None:
        services.databases["registry"] = copy
        return await services.start("registry")
    running = await services.start("registry")
    async with running.client("taazour") as client:
        await client.post("/v1/imports", params={"kind": "households", "filename": "m.csv"}, content=a_country())

        async def indexed() -> bool:
            counts = (await client.get("/v1/counts")).json()
            answer = await client.post("/v1/search", json={"q": "Mohamed"})
            return counts["individuals"] == len(PEOPLE) and answer.json()["catching_up"] is False

        await until(indexed, what="the names to be searchable")
    await running.stop()
    await copy_for_others(services.servers, services.databases["registry"], __name__)
    return await services.start("registry")


@pytest.fixture
async def client(registry: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with registry.client("taazour") as made:
        yield made


async def found(client: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.post("/v1/search", json=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def numbers(items: list[dict[str, Any]]) -> list[str]:
    return [item["individual"]["number"] for item in items]


async def test_everybody_is_found_first_as_people_type_their_names_and_numbers(client: httpx.AsyncClient) -> None:
    missed = {}
    for typed, number in FOUND:
        answer = await found(client, q=typed)
        if numbers(answer[:1]) != [number]:
            missed[typed] = [(one["individual"]["name_fr"], one["score"]) for one in answer[:3]]

    assert missed == {}


async def test_names_that_differ_in_one_consonant_rank_below_and_say_so(client: httpx.AsyncClient) -> None:
    salem = await found(client, name="Salem Ould Ahmed")
    mohamed = await found(client, name="محمد ولد أحمد")

    assert numbers(salem[:1]) == ["1000000009"]
    assert all(one["score"] < 0.7 for one in salem[1:])
    assert numbers(mohamed[:1]) == ["1000000001"]
    assert all(one["score"] < 0.8 for one in mohamed[1:])


async def test_a_household_is_found_by_its_phone_in_any_writing_and_one_digit_off(client: httpx.AsyncClient) -> None:
    for typed, how in (
        ("22334455", "same_number"),
        ("+222 22 33 44 55", "same_number"),
        ("٢٢٣٣٤٤٥٥", "same_number"),
        ("22334456", "number_one_slip"),
        ("22334545", "number_one_slip"),
    ):
        (one,) = await found(client, q=typed)
        assert (one["individual"], one["households"][0]["number"]) == (None, "MR0110000001"), typed
        assert [(why["field"], why["how"]) for why in one["reasons"]] == [("phone", how)], typed


async def test_a_phone_with_a_name_finds_the_member_so_named(client: httpx.AsyncClient) -> None:
    (one,) = await found(client, phone="33445566", name="محمد الأمين")

    assert one["individual"]["number"] == "1000000004"
    assert {why["field"] for why in one["reasons"]} == {"phone", "name"}


async def test_a_household_is_found_by_its_number_in_any_writing(client: httpx.AsyncClient) -> None:
    for typed in ("MR0110000002", "mr 011-0000002", "MR٠١١٠٠٠٠٠٠٢", "0110000002", "110000002"):
        (one,) = await found(client, q=typed)
        assert one["households"][0]["number"] == "MR0110000002", typed
        assert one["households"][0]["head_name_fr"] == "El Mokhtar Ould Salem"


async def test_a_place_a_birth_year_and_a_sex_narrow_the_search(client: httpx.AsyncClient) -> None:
    assert numbers(await found(client, name="Ahmed", father_name="", place="MR011-C02")) == ["1000000009"]
    assert numbers(await found(client, name="Ould Ahmed Salem", place="MR011")) == ["1000000009"]
    assert "1000000001" not in numbers(await found(client, q="Mohamed Ahmed, 1990"))
    near = await found(client, name="Mohamed Ould Ahmed", birth_year=1979)
    assert numbers(near[:1]) == ["1000000001"]
    assert near[0]["score"] == 0.98
    assert numbers(await found(client, name="Mohamed", sex="F")) == ["1000000002"]  # her father's name


async def test_who_lives_elsewhere_than_told_is_found_and_shown_as_such(client: httpx.AsyncClient) -> None:
    (one, *_) = await found(client, q="Fatimetou Mint Mohamed, MR011-C02")

    assert one["individual"]["number"] == "1000000002"
    assert one["score"] == 0.85
    assert [why["how"] for why in one["reasons"]] == ["same_name", "elsewhere"]


async def test_the_reasons_and_the_advice_are_in_the_callers_language(client: httpx.AsyncClient) -> None:
    for language, reason, advice in (
        (
            "ar",
            "اسم قريب: حرف مختلف أو جزء غائب",
            "توجد نتائج أخرى. أضيفوا اسم الأب أو المكان أو سنة الميلاد لتضييق البحث.",
        ),
        (
            "fr",
            "nom proche : une lettre ou une partie diffère",
            "Il y en a d'autres. Ajoutez le nom du père, le lieu ou l'année de naissance pour préciser.",
        ),
        (
            "en",
            "a close name: a letter or a part differs",
            "There are others. Add the father's name, the place or the birth year to narrow the search.",
        ),
    ):
        answer = await client.post(
            "/v1/search", json={"q": "Mohamed", "limit": 1}, headers={"Accept-Language": language}
        )
        body = answer.json()
        assert (len(body["items"]), body["more"], body["advice"]) == (1, True, advice)
        assert body["items"][0]["reasons"][0]["text"] == reason


@in_turn(
    ("asked", "code", "said"),
    [
        ({}, "nothing_asked", "Nothing to search for."),
        ({"q": " -- "}, "nothing_asked", "Nothing to search for."),
        ({"name": "Mohamed", "place": "Atlantis"}, "place_not_recognized", "The place is not known."),
        ({"q": "Mohamed", "limit": 51}, "invalid_request", "The field /limit is not accepted"),
        ({"q": "x" * 201}, "invalid_request", "The field /q is not accepted"),
        ({"query": "Mohamed"}, "invalid_request", "The field /query is not accepted"),
    ],
)
async def test_what_cannot_be_searched_for_is_refused(
    client: httpx.AsyncClient, asked: dict[str, Any], code: str, said: str
) -> None:
    answer = await client.post("/v1/search", json=asked, headers={"Accept-Language": "en"})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["title"].startswith(said)


async def test_a_corrected_name_is_found_within_seconds_and_the_old_one_no_more(
    client: httpx.AsyncClient, registry: Running
) -> None:
    (before,) = await found(client, individual_number="1000000012")
    async with registry.platform.database.transaction() as tx:
        records = await lock_individuals(tx, [UUID(before["individual"]["id"])])
        changing = begin_change(
            tx, "correction", records.values(), by="taazour", origin=Origin("operator", date(2026, 3, 1))
        )
        for record in records.values():
            await state_facts(tx, changing, record, {"name_fr": "Coumba Sarr", "name_ar": None})

    async def renamed() -> bool:
        return numbers(await found(client, q="Coumba Sarr")) == ["1000000012"]

    await until(renamed, what="the new name to be found")
    assert "1000000012" not in numbers(await found(client, q="Aminata Sow"))


async def test_an_index_thrown_away_is_made_again(client: httpx.AsyncClient, registry: Running) -> None:
    async with registry.platform.database.transaction() as tx:
        await tx.execute(text("TRUNCATE name_keys, name_words"))
        await tx.execute(text("UPDATE changes SET searchable = false"))

    async def again() -> bool:
        return numbers(await found(client, q="Diallo Mamadou")) == ["1000000006"]

    await until(again, what="the names to be searchable again")
    status = await status_of(client)
    assert status["work"]["changes_to_index"] == 0


async def test_which_keys_are_common_is_known_from_the_databases_own_counts(registry: Running) -> None:
    words = NameWords()
    async with registry.platform.database.transaction() as tx:
        await tx.execute(text("ANALYZE name_keys"))
        await words.refresh(tx)

    assert words.crowds.people == len(PEOPLE)
    assert words.crowds.shares[sex_key("F")] == pytest.approx(7 / 18)
    assert words.crowds.shares[sex_key("M")] == pytest.approx(11 / 18)


async def test_a_search_leaves_who_and_how_in_the_log_and_never_what(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await found(client, q="Mokhtar Ould Salem, MR011")
    await found(client, q="9900000130")

    said = capsys.readouterr().out
    assert '"caller": "taazour", "fields": ["name", "place"], "found": 1' in said
    for typed in ("Mokhtar", "Salem", "9900000130", "المختار"):
        assert typed not in said


CHECKING = frozenset({"individuals:check"})


async def test_an_agent_with_a_caller_on_the_line_sees_status_only(registry: Running) -> None:
    async with registry.client("csa", CHECKING) as agent:
        by_name = (await agent.post("/v1/search/status", json={"q": "المختار سالم، MR011"})).json()
        by_number = (await agent.post("/v1/search/status", json={"nni": "9900000130"})).json()
        by_phone = (await agent.post("/v1/search/status", json={"phone": "33 44 55 66"})).json()

    held = {"household_number": "MR0110000002", "commune_fr": "Amourj", "commune_ar": None, "status": "active"}
    for answer in (by_name, by_number, by_phone):
        assert answer["items"][0].keys() == held.keys() | {"name_fr", "name_ar"}
        answer["items"][0] |= {"commune_fr": "Amourj", "commune_ar": None}
    assert by_name["items"] == [held | {"name_fr": "E… Mokhtar O… Salem", "name_ar": "المختار و… سالم"}]
    hidden = {"name_fr": "E… M… O… S…", "name_ar": "ا… و… س…"}
    assert by_number["items"] == [held | hidden]
    assert by_phone["items"] == [held | hidden]


@in_turn(
    "asked",
    [
        {"q": "Mohamed"},
        {"q": "Mohamed Ould Ahmed"},
        {"name": "Mohamed", "place": "MR011"},
        {"place": "MR011", "sex": "F", "name": "Fatimetou"},
    ],
)
async def test_a_check_too_broad_is_refused_with_what_would_be_accepted(
    registry: Running, asked: dict[str, Any]
) -> None:
    said = {}
    async with registry.client("csa", CHECKING) as agent:
        for language in ("ar", "fr", "en"):
            answer = await agent.post("/v1/search/status", json=asked, headers={"Accept-Language": language})
            assert (answer.status_code, answer.json()["code"]) == (422, "check_too_broad")
            said[language] = answer.json()["title"]

    assert said["ar"].startswith("البحث واسع أكثر مما تسمح به صلاحيتكم. المقبول:")
    assert said["fr"].startswith("Recherche trop large pour votre droit. Accepté :")
    assert said["en"].startswith("The search is broader than you may make. Accepted:")


async def test_a_check_forgives_no_slip_in_a_number_and_no_other_place(registry: Running) -> None:
    async with registry.client("csa", CHECKING) as agent:
        for asked in (
            {"nni": "9900000140"},
            {"phone": "33445567"},
            {"name": "Mohamed Ould Ahmed", "place": "MR011-C02"},
        ):
            assert (await agent.post("/v1/search/status", json=asked)).json()["items"] == []


async def test_who_may_only_check_may_not_search(registry: Running) -> None:
    async with registry.client("csa", CHECKING) as agent:
        answer = await agent.post("/v1/search", json={"nni": "9900000130"})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


async def test_the_dead_the_merged_and_those_who_left_are_found_with_their_status(client: httpx.AsyncClient) -> None:
    (child,) = await found(client, individual_number="1000000002")
    (kept,) = await found(client, individual_number="1000000005")
    (twice,) = await found(client, individual_number="1000000009")
    (leaving,) = await found(client, household_number="MR0110000010")
    ids = [one["individual"]["id"] for one in (child, kept, twice)]
    await apply(client, {"kind": "death", "individual_id": ids[0], "died_on": "2026-01-15"})
    await apply(client, {"kind": "merge", "record": "individual", "keep_id": ids[1], "drop_id": ids[2]})
    household = leaving["households"][0]["id"]
    removal = {"kind": "removal", "household_id": household, "on": "2026-06-01", "reason": "left_country"}
    await apply(client, removal)

    async def caught_up() -> bool:
        return (await client.post("/v1/search", json={"q": "Mohamed"})).json()["catching_up"] is False

    await until(caught_up, what="the changes to be searchable")
    dead = next(one for one in await found(client, q="Fatimetou Mint Mohamed") if numbers([one]) == ["1000000002"])
    assert (dead["individual"]["status"], dead["households"]) == ("deceased", [])
    merged = next(one for one in await found(client, q="Salem Ould Ahmed") if numbers([one]) == ["1000000009"])
    assert (merged["individual"]["status"], merged["individual"]["merged_into"]) == ("merged", ids[1])
    (left,) = await found(client, household_number="MR0110000010")
    assert left["households"][0]["status"] == "left"


async def test_a_statement_takes_the_keys_of_more_people_than_it_may_have_parameters(registry: Running) -> None:
    people = [UUID(int=number) for number in range(1, 32_769)]  # PostgreSQL's protocol ends at 32,767 parameters
    async with registry.platform.database.transaction() as tx:
        await store_keys(tx, dict.fromkeys(people, frozenset({1})), {"mohamed"})
        await store_keys(tx, dict.fromkeys(people[:3], frozenset({2, 3})), set())
        counted = "SELECT cardinality(keys) AS keys, count(*) FROM name_keys WHERE individual_id <= :last GROUP BY 1 ORDER BY 1"
        held = [tuple(row) for row in await tx.execute(text(counted), {"last": people[-1]})]

    assert held == [(1, 32_765), (2, 3)]
