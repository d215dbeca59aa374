"""Lists of households as institutions send them: messy workbooks and texts, members without numbers, files in any order."""

import io
from typing import Any

import httpx
import pytest
import xlsxwriter  # type: ignore[import-untyped, unused-ignore]
from sqlalchemy import select

import services.registry.reader as reader
from registry_cases import Family, Person, ahmed, aicha, mariem, sidi
from registry_cases import a_file as file_of
from running import Running, until
from services.registry.commands.changing import begin_change, lock_individuals, state_facts
from services.registry.models import Conflict, Individual
from services.registry.rules.clocks import Origin
from shared.outbox import OutboxRow
from shared.text import Text

TOTAL = ["TOTAL", None, None, None, None, None, None, None, None, None, None, None, 3]


def a_workbook(*rows: list[Any]) -> bytes:
    """A sheet with a title, a group row and a totals row around the list."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    sheet = book.add_worksheet("Liste")
    sheet.merge_range(0, 0, 0, 6, "Registre social: ménages de la moughataa d'Amourj")
    sheet.merge_range(2, 0, 2, 6, "Ménage")
    sheet.merge_range(2, 7, 2, 12, "Membres")
    for line, row in enumerate(rows, 3):
        for column, cell in enumerate(row):
            sheet.write(line, column, cell)
    book.close()
    return sink.getvalue()


HEADERS = [
    "N° Ménage", "Wilaya", "Moughataa", "Commune", "Catégorie", "Score PMT", "Date d'enquête", "Téléphone",
    "Lien de parenté", "Nom et prénom", "الاسم", "Sexe", "Année de naissance",
]  # fmt: skip
HOUSE = ["MR0110000001", "Hodh Charghi", "Amorj", "Bougadoum", "فقير جدا", 12.5, "04/03/2025", "22 33 44 55"]


async def send(client: httpx.AsyncClient, content: bytes, filename: str = "liste.xlsx") -> dict[str, Any]:
    sent = await client.post("/v1/imports", params={"kind": "households", "filename": filename}, content=content)
    assert sent.status_code == 202, sent.text

    async def ended() -> dict[str, Any] | None:
        state = (await client.get(f"/v1/imports/{sent.json()['id']}")).json()
        return state if state["status"] in ("completed", "failed") else None

    return await until(ended, what="the import to end")  # type: ignore[no-any-return]


async def issues(client: httpx.AsyncClient, state: dict[str, Any], language: str = "en") -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/imports/{state['id']}/issues", headers={"Accept-Language": language})
    return answer.json()["items"]  # type: ignore[no-any-return]


async def told(client: httpx.AsyncClient, state: dict[str, Any]) -> list[Text]:
    """The reasons of an import's issues in the three languages."""
    by_language = [await issues(client, state, language) for language in ("ar", "fr", "en")]
    return [Text(*(one["reason"] for one in same)) for same in zip(*by_language, strict=True)]


async def the_household(client: httpx.AsyncClient, number: str = "MR0110000001", **at: str) -> dict[str, Any]:
    [found] = (await client.get("/v1/households", params={"number": number} | at)).json()["items"]
    answer = await client.get(f"/v1/households/{found['id']}", params=at)
    return answer.json()  # type: ignore[no-any-return]


def members(household: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((one["individual_number"], one["relationship"]) for one in household["members"])


async def events(registry: Running, type_: str) -> list[dict[str, Any]]:
    async with registry.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).where(OutboxRow.type == type_).order_by(OutboxRow.position))
        return [row.data for row in rows]


async def test_a_messy_workbook_without_individual_numbers_is_read(client: httpx.AsyncClient) -> None:
    book = a_workbook(
        HEADERS,
        [*HOUSE, "Chef", "Sidi Ould Ahmed", "سيدي ولد أحمد", "H", 1980],
        [*HOUSE, "Épouse", "Mariem Mint Vall", "مريم بنت فال", "F", "١٩٨٦"],
        [*HOUSE, "ابن", "Ahmed Ould Sidi", "", "M", "31/02/2004"],
        TOTAL,
    )

    state = await send(client, book)

    assert (state["status"], state["accepted"], state["rejected"]) == ("completed", 2, 1), state
    found = await the_household(client)
    assert (found["commune_code"], found["vulnerability_category"], found["formula_version"]) == (
        "MR011-C02", "extreme_poor", "unstated",
    )  # fmt: skip
    assert [(one["relationship"], one["name_ar"], one["birth_date"]) for one in found["members"]] == [
        ("head", "سيدي ولد أحمد", "1980-12-31"),
        ("spouse", "مريم بنت فال", "1986-12-31"),
    ]
    [problem] = await issues(client, state)
    assert (problem["line"], problem["field"], problem["code"]) == (7, "birth_date", "date_impossible")


async def test_a_number_is_issued_once_however_often_a_list_comes(client: httpx.AsyncClient) -> None:
    rows = [
        [*HOUSE, "Chef", "Sidi Ould Ahmed", "سيدي ولد أحمد", "H", 1980],
        [*HOUSE, "Épouse", "Mariem Mint Vall", "مريم بنت فال", "F", 1986],
    ]
    await send(client, a_workbook(HEADERS, *rows))
    first = await the_household(client)

    state = await send(client, a_workbook(HEADERS, *rows, [*HOUSE, "Fils", "Ahmed Ould Sidi", "", "M", 2004]))

    assert (state["accepted"], state["rejected"]) == (3, 0)
    now = await the_household(client)
    assert set(members(first)) < set(members(now)) and len(now["members"]) == 3
    assert all(len(number) == 10 and number.startswith("9") for number, _ in members(now))


async def test_a_member_without_a_number_is_the_one_the_household_has(client: httpx.AsyncClient) -> None:
    await send(client, file_of(Family()), "menages.csv")

    await send(
        client,
        a_workbook(
            HEADERS,
            [*HOUSE[:6], "04/04/2025", HOUSE[7], "Chef", "SIDI OULD AHMED", "", "H", "06/05/1980"],
            [*HOUSE[:6], "04/04/2025", HOUSE[7], "Épouse", "", "مريم بنت فال", "F", 1986],
        ),
    )

    assert members(await the_household(client)) == [("1000000001", "head"), ("1000000002", "spouse")]


async def test_a_list_of_heads_leaves_the_other_members_where_they_are(client: httpx.AsyncClient) -> None:
    await send(client, file_of(Family()), "menages.csv")
    headers = [one for one in HEADERS if one != "Lien de parenté"]

    state = await send(
        client,
        a_workbook(headers, [*HOUSE[:6], "04/04/2025", HOUSE[7], "Sidi Ould Ahmed", "سيدي ولد أحمد", "M", 1980]),
    )

    assert (state["accepted"], state["rejected"]) == (1, 0)
    found = await the_household(client)
    assert len(found["members"]) == 4
    assert (found["surveyed_on"], found["commune_code"]) == ("2025-04-04", "MR011-C02")


async def test_a_commune_that_is_not_known_by_its_name_is_refused_in_three_languages(client: httpx.AsyncClient) -> None:
    row = [*HOUSE, "Chef", "Sidi Ould Ahmed", "", "H", 1980]
    row[3] = "Tombouctou"

    state = await send(client, a_workbook(HEADERS, row))

    assert (state["accepted"], state["rejected"]) == (0, 1)
    assert [(one["field"], one["code"], one["value"]) for one in await issues(client, state)] == [
        ("commune", "commune_not_found", "Tombouctou")
    ]
    assert await told(client, state) == [
        Text(
            ar="لا تُعرف بلدية بهذا الاسم في المقاطعة والولاية المذكورتين؛ المقبول: اسم من جدول الأماكن، أو رمز البلدية.",
            fr="Aucune commune de ce nom n'est connue dans la moughataa et la wilaya indiquées ; accepté : un nom de la table"
            " des lieux, ou le code de la commune.",
            en="No commune of this name is known in the moughataa and wilaya given; accepted: a name of the table of places, or"
            " the commune's code.",
        )
    ]


async def test_a_list_without_a_column_it_needs_is_refused_with_its_name(client: httpx.AsyncClient) -> None:
    headers = [one for one in HEADERS if one not in ("Nom et prénom", "الاسم")]

    state = await send(client, a_workbook(headers, [*HOUSE, "Chef", "H", 1980]))

    assert (state["status"], state["failure_code"]) == ("failed", "missing_columns")
    assert "Nom" in state["failure"]


async def test_a_large_file_is_read_in_a_process_of_its_own_to_the_same_end(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "APART_BYTES", 0)

    state = await send(client, file_of(Family()), "menages.csv")
    unreadable = await send(client, b"a;b\n1;2\n", "liste.csv")

    assert (state["status"], state["accepted"]) == ("completed", 4)
    assert (unreadable["status"], unreadable["failure_code"]) == ("failed", "header_not_found")


async def test_a_second_part_of_a_household_in_a_later_chunk_ends_no_membership(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "CHUNK_LINES", 2)
    other = Family("MR0110000002", members=[sidi("1000000011", ""), mariem("1000000012")])
    file = file_of(Family(members=[sidi(), mariem()]), other, Family(members=[ahmed(), aicha()]))

    state = await send(client, file, "menages.csv")
    again = await send(client, file + b"\n", "menages.csv")

    assert (state["accepted"], state["rejected"]) == (6, 0)
    assert (again["accepted"], again["unchanged"]) == (0, 6)
    found = await the_household(client)
    assert [number for number, _ in members(found)] == ["1000000001", "1000000002", "1000000003", "1000000004"]


async def test_an_older_survey_that_comes_late_tells_of_its_own_days_only(client: httpx.AsyncClient) -> None:
    await send(client, file_of(Family(members=[sidi(), mariem()])), "menages.csv")

    await send(
        client, file_of(Family(surveyed_on="2024-01-10", village="Bir", members=[sidi(), ahmed()])), "menages.csv"
    )

    today, then = await the_household(client), await the_household(client, as_of="2024-06-01")
    assert (today["village"], members(today)) == ("Oum Essafya", [("1000000001", "head"), ("1000000002", "spouse")])
    assert (then["village"], members(then)) == ("Bir", [("1000000001", "head"), ("1000000003", "child")])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_member_who_moved_is_in_either_household_on_its_days_whatever_file_comes_first(
    client: httpx.AsyncClient, order: tuple[int, int]
) -> None:
    other = "MR0110000002"
    before = file_of(
        Family(members=[sidi(), ahmed()]), Family(other, members=[sidi("1000000011", ""), mariem("1000000012")])
    )
    # The household that the son has come to stands before the one he has left.
    after = file_of(
        Family(other, surveyed_on="2026-02-01", members=[sidi("1000000011", ""), mariem("1000000012"), ahmed()]),
        Family(surveyed_on="2026-02-01", members=[sidi()]),
    )

    for place in order:
        state = await send(client, (before, after)[place], "menages.csv")
        assert state["rejected"] == 0, await issues(client, state)

    assert members(await the_household(client)) == [("1000000001", "head")]
    assert ("1000000003", "child") in members(await the_household(client, other))
    assert ("1000000003", "child") in members(await the_household(client, as_of="2025-06-01"))
    assert ("1000000003", "child") not in members(await the_household(client, other, as_of="2025-06-01"))


@pytest.mark.parametrize("apart", [False, True])
async def test_who_belongs_to_another_household_is_refused_in_one_file_and_across_files(
    client: httpx.AsyncClient, apart: bool
) -> None:
    first, second = Family(members=[sidi(), aicha()]), Family("MR0110000002", members=[sidi("1000000011", ""), aicha()])

    if apart:
        await send(client, file_of(first), "menages.csv")
    state = await send(client, file_of(*([second] if apart else [first, second])), "menages.csv")

    assert state["rejected"] == 1
    [problem] = await issues(client, state)
    assert (problem["field"], problem["value"], problem["code"]) == (
        "individual_number",
        "1000000004",
        "member_elsewhere",
    )
    assert await told(client, state) == [
        Text(
            ar="هذا الفرد عضو في الأسرة MR0110000001؛ المقبول: طلب نقل، أو ملف يخرجه منها أولا.",
            fr="Cet individu appartient au ménage MR0110000001 ; accepté : une demande de déplacement, ou un fichier qui l'en"
            " retire d'abord.",
            en="This individual belongs to household MR0110000001; accepted: a move, or a file that takes them out of it first.",
        )
    ]
    # What was refused is looked at again when the reason is gone.
    await send(client, file_of(Family(surveyed_on="2025-03-05", members=[sidi()])), "menages.csv")
    await send(client, file_of(second) + b"\n\n", "menages.csv")
    await send(client, file_of(Family("MR0110000002", surveyed_on="2025-03-06", members=second.members)), "menages.csv")
    assert ("1000000004", "child") in members(await the_household(client, "MR0110000002"))


async def test_a_source_believed_less_overwrites_nothing_and_both_are_told(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, file_of(Family(members=[sidi(), mariem()])), "menages.csv")
    before = await the_household(client)
    poorer = Family(
        surveyed_on="2026-02-01",
        category="poor",
        members=[sidi(), Person("1000000009", "child", "X", "س", "F", "2020-01-01")],
    )

    async with registry.client("csa") as csa:
        state = await send(csa, file_of(poorer), "menages.csv")
        [reason] = await told(csa, state)

    after = await the_household(client)
    assert (after["vulnerability_category"], members(after)) == (before["vulnerability_category"], members(before))
    assert (after["version"], state["rejected"]) == (before["version"], 1)
    assert reason == Text(
        ar="أعضاء هذه الأسرة مأخوذون من مصدر أوثق؛ لم يُضف هذا الفرد. المقبول: طلب تعديل.",
        fr="Les membres de ce ménage viennent d'une source mieux classée ; l'individu n'est pas ajouté. Accepté : une demande"
        " de modification.",
        en="The members of this household come from a source that is believed more; not added. Accepted: a change request.",
    )
    async with registry.platform.database.transaction() as tx:
        found = {one.field: (one.held_value, one.offered_value) for one in await tx.scalars(select(Conflict))}
    assert found["vulnerability_category"] == ("extreme_poor", "poor")
    [event] = await events(registry, "registry.conflicts.found.v1")
    assert event["conflicts"] == len(found)


async def test_a_corrected_field_keeps_its_better_source_when_the_next_survey_says_otherwise(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, file_of(Family()), "menages.csv")
    origin = Origin("civil_registry", (await _surveyed(registry)))
    async with registry.platform.database.transaction() as tx:
        head = (await tx.scalars(select(Individual).where(Individual.number == "1000000001"))).one()
        await lock_individuals(tx, [head.id])
        changing = begin_change(tx, "correction", [head], by="anrpts", origin=origin)
        await state_facts(tx, changing, head, {"name_fr": "Sidi Ould Mohamed"})

    await send(client, file_of(Family(surveyed_on="2026-01-01", village="Bir")), "menages.csv")

    found = await the_household(client)
    assert found["village"] == "Bir"
    assert found["members"][0]["name_fr"] == "Sidi Ould Mohamed"


async def _surveyed(registry: Running) -> Any:
    async with registry.platform.database.transaction() as tx:
        return await tx.scalar(select(Individual.source_on).where(Individual.number == "1000000001"))


async def test_the_order_of_lines_makes_no_other_registry(client: httpx.AsyncClient) -> None:
    """A man heads two households surveyed on different days; in the file the later one stands first."""
    second = Family("MR0110000002", surveyed_on="2024-01-01", members=[sidi(), mariem("1000000012")])

    await send(client, file_of(Family(), second), "menages.csv")

    found = await the_household(client)
    head = (await client.get(f"/v1/individuals/{found['members'][0]['individual_id']}")).json()
    assert (head["origins"]["source_on"], head["version"]) == ("2025-03-04", 1)
    then = (await client.get(f"/v1/individuals/{head['id']}", params={"as_of": "2024-02-01"})).json()
    assert [one["household_number"] for one in then["memberships"]] == ["MR0110000002"]


async def test_the_end_of_a_file_is_announced_once(client: httpx.AsyncClient, registry: Running) -> None:
    await send(client, file_of(Family()), "menages.csv")

    [event] = await events(registry, "registry.imports.completed.v1")
    assert (event["accepted"], event["rejected"]) == (4, 0)
