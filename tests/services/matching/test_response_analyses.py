"""The table of the Cadre Harmonisé: sent as a file, versioned by round, its areas beside the registry, its triggers."""

import io
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter
from response_cases import AMOURJ, GUEROU, HEADER, decide, issues, items, sent, table
from sqlalchemy import select

import cli.demo
from matching_cases import PLACES, TODAY, Projection, enrollment, household, member, program
from running import ALL_PERMISSIONS, Running, Services
from services.matching import projecting
from services.matching.linking import Places, link_chunk
from services.matching.responses.importing import AnalysesKind
from services.matching.rules.phases import LAYOUT, read_area
from shared.history import History
from shared.ids import new_id
from shared.importing.models import Import
from shared.outbox import OutboxRow
from shared.tables import open_table

SURNAMES = (
    "Tourad",
    "Moctar",
    "Brahim",
    "Cheikh",
    "Demba",
    "Khattri",
    "Lekhlive",
    "Sidaty",
    "Bilal",
    "Yahya",
    "Vall",
    "Hamed",
)


@pytest.fixture
async def matching(services: Services) -> Running:
    """Twelve households in Amourj (six in each of two communes), six of them in a program."""
    running = await services.start("matching")
    homes = [
        household(
            at,
            member(at, f"Salem Ould Bellal Ould {surname}"),
            commune_code="MR011-C01" if at < 6 else "MR011-C02",
        )
        for at, surname in enumerate(SURNAMES)
    ]
    lists = [enrollment("TEKAVOUL", at, at, name=f"Salem Ould Bellal Ould {SURNAMES[at]}") for at in range(6)]
    async with running.platform.database.transaction() as tx:
        await projecting.replace_places(tx, PLACES)
        await projecting.put_program(tx, program("TEKAVOUL", "taazour"))
        await projecting.put_program(tx, program("EL_MAOUNA", "csa"))
        await projecting.put_households(tx, homes, TODAY)
        await projecting.put_beneficiaries(tx, "taazour", lists)
    return running


@pytest.fixture
async def csa(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    programs, covers = frozenset({"EL_MAOUNA"}), frozenset({"EL_MAOUNA", "TEKAVOUL"})
    async with matching.client(name="csa", programs=programs, covers=covers) as client:
        yield client


async def the_analysis(csa: httpx.AsyncClient) -> dict[str, Any]:
    [found] = [one for one in await items(csa, "/v1/analyses") if one["in_force"]]
    return found


async def test_a_table_becomes_an_analysis_and_the_rule_proposes_its_triggers(csa: httpx.AsyncClient) -> None:
    told = await sent(csa, table())
    assert (told["status"], told["accepted"], told["rejected"]) == ("completed", 2, 0)

    found = await the_analysis(csa)
    assert (found["round"], found["period"], found["version"], found["areas"], found["triggers"]) == (
        "Mars 2026", "projected", 1, 2, 1,
    )  # fmt: skip
    assert (found["from_on"], found["to_on"], found["source"], found["validated_by"]) == (
        "2026-06-01", "2026-09-30", "CH", "Comité",
    )  # fmt: skip
    assert (await csa.get(f"/v1/analyses/{found['id']}")).json() == found

    [trigger] = await items(csa, "/v1/triggers", status="proposed")
    assert (trigger["area"]["code"], trigger["phase"], trigger["threshold"], trigger["rule_version"]) == (
        "MR011", 3, "20.00", 0,
    )  # fmt: skip
    assert trigger["people"] == {
        "phase_1": 5000, "phase_2": 2500, "phase_3": 1900, "phase_4": 600, "phase_5": 0, "total": 10000,
    }  # fmt: skip


async def test_areas_stand_beside_what_the_registry_has_there(matching: Running, csa: httpx.AsyncClient) -> None:
    async with matching.platform.database.transaction() as tx:
        while await link_chunk(tx, Places()):
            pass
    await sent(csa, table())
    path = f"/v1/analyses/{(await the_analysis(csa))['id']}/areas"

    amourj, guerou = await items(csa, path)

    assert (amourj["area"], amourj["share"], amourj["phase"], amourj["stated_phase"]) == (
        {"code": "MR011", "name_fr": "Amourj", "name_ar": None}, "25.00", 3, 3,
    )  # fmt: skip
    assert amourj["registry"] == {"households": 12, "people": 12, "enrolled": 6, "not_enrolled": 6}
    assert [
        (one["code"], one["registry"]["households"], one["registry"]["enrolled"]) for one in amourj["communes"]
    ] == [
        ("MR011-C01", 6, 6),
        ("MR011-C02", 6, 0),
    ]
    assert (guerou["phase"], guerou["trigger_id"], guerou["registry"]["households"]) == (2, None, 0)
    [other, _] = await items(csa, path, program="EL_MAOUNA")
    assert other["registry"]["enrolled"] == 0
    [hidden, _] = await items(csa, path, program="SOMEBODY_ELSES")
    assert hidden["registry"]["enrolled"] == 0, "a program the agreement does not cover is not asked about"
    first = (await csa.get(path, params={"limit": 1})).json()
    rest = (await csa.get(path, params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [first["items"][0]["area"]["code"], rest["items"][0]["area"]["code"]] == ["MR011", "MR032"]
    assert rest["next_cursor"] is None


async def test_the_same_round_again_is_a_new_version_and_history_stays(
    matching: Running, csa: httpx.AsyncClient
) -> None:
    await sent(csa, table())
    [before] = await items(csa, "/v1/triggers")
    corrected = GUEROU.replace("6000;1000;800;200", "5000;1000;1500;500")
    await sent(csa, table((AMOURJ.replace("5000;2500;1900;600", "6000;2500;1000;500"), corrected)))

    second, first = await items(csa, "/v1/analyses")
    assert [(one["version"], one["in_force"]) for one in (first, second)] == [(1, False), (2, True)]
    triggers = await items(csa, "/v1/triggers")
    assert [(one["area"]["code"], one["status"]) for one in triggers] == [
        ("MR011", "superseded"),
        ("MR032", "proposed"),
    ]
    [_, old] = (await csa.get(f"/v1/analyses/{first['id']}/areas")).json()["items"]
    assert old["people"]["phase_3"] == 800, "what the first file said stays"
    async with matching.platform.database.transaction() as tx:
        turns = list(
            await tx.scalars(select(History).where(History.aggregate_id == before["id"]).order_by(History.version))
        )
    assert [one.change["to"] for one in turns] == ["proposed", "superseded"]
    assert await items(csa, "/v1/analyses", round="Mars 2026", period="current") == []


async def test_a_trigger_that_a_person_decided_stands_when_the_table_comes_again(csa: httpx.AsyncClient) -> None:
    await sent(csa, table())
    [trigger] = await items(csa, "/v1/triggers")
    await decide(csa, trigger, "validate", official="csa-1")
    await sent(csa, table((AMOURJ,)))
    assert [one["status"] for one in await items(csa, "/v1/triggers")] == ["validated", "proposed"]


BAD_LINES = (
    (AMOURJ.replace(";0;3;", ";0;6;"), ("phase", "phase_unknown")),
    (AMOURJ.replace(";1900;", ";-1900;"), ("phase_3", "people_negative")),
    (AMOURJ.replace(";10000;", ";9999;"), ("population", "phases_exceed_total")),
    (AMOURJ.replace("10000;5000;2500;1900;600;0", "0;0;0;0;0;0"), ("population", "area_without_people")),
    (AMOURJ.replace("Amourj;MR011", "Nulle part;"), ("moughataa", "area_unknown")),
    (AMOURJ.replace("MR011", "MR999"), ("place_code", "area_unknown")),
    (AMOURJ.replace("30/09/2026", "30/05/2026"), ("to_on", "period_ends_first")),
    (AMOURJ.replace("Projetée", "Un jour"), ("period", "choice_unreadable")),
    (AMOURJ.replace(";CH;", ";;"), ("source", "value_missing")),
    (AMOURJ.replace("01/06/2026", ""), ("from_on", "value_missing")),
    (AMOURJ.replace(";1900;", ";beaucoup;"), ("phase_3", "integer_unreadable")),
    (GUEROU, ("moughataa", "area_twice")),
    (AMOURJ.replace(";CH;", ";Autre;"), ("source", "analysis_differs")),
)


async def test_a_bad_line_is_told_and_stops_no_other(projection: Projection, tmp_path: Path) -> None:
    """Read as the worker reads it, each file in a transaction of its own."""
    kind, file = AnalysesKind(), tmp_path / "ch.csv"
    for line, fault in BAD_LINES:
        file.write_bytes(table((GUEROU, line)))
        import_ = Import(id=new_id(), filename="ch.csv", mapping=None, partner="csa", kind="cadre_harmonise")
        async with projection.database.transaction() as tx:
            [chunk] = kind.chunks(import_, file)
            outcome = await kind.apply(tx, import_, chunk)
        assert (outcome.accepted, outcome.rejected) == (1, 1), line
        assert [(one.line, one.field, one.code) for one in outcome.issues] == [(3, *fault)], line
        assert all(getattr(outcome.issues[0].reason, language) for language in ("ar", "fr", "en"))


async def test_headers_in_arabic_in_any_order_in_a_workbook(csa: httpx.AsyncClient) -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "الإطار المنسق - جدول")
        headers = (
            "المرحلة 5", "المرحلة 4", "المرحلة 3", "المرحلة 2", "المرحلة 1", "المقاطعة", "الولاية", "الفترة", "دورة التحليل",
            "بداية الفترة", "نهاية الفترة", "المصدر", "صادق عليه",
        )  # fmt: skip
        for column, text in enumerate(headers):
            sheet.write(2, column, text)
        cells = (
            0, "٢٠٠", 800, 1000, 2000, "Amourj", "Hodh Ech Chargui", "الحالية", "مارس 2026", "2026-03-01", "2026-05-31",
            "الإطار المنسق", "اللجنة الفنية",
        )  # fmt: skip
        for column, cell in enumerate(cells):
            sheet.write(3, column, cell)
    told = await sent(csa, content.getvalue(), "ch.xlsx")
    assert (told["status"], told["accepted"], told["rejected"]) == ("completed", 1, 0), await issues(csa, told["id"])
    found = await the_analysis(csa)
    assert (found["round"], found["period"], found["from_on"]) == ("مارس 2026", "current", "2026-03-01")
    [trigger] = await items(csa, "/v1/triggers")
    assert (trigger["phase"], trigger["people"]["total"]) == (3, 4000)


async def test_a_table_without_its_columns_is_refused_whole(csa: httpx.AsyncClient) -> None:
    told = await sent(csa, table(header=HEADER.replace("Phase 3", "Autre chose")))
    assert (told["status"], told["accepted"]) == ("failed", 0)
    assert "phase" in str(told["failure"]).lower(), told["failure"]


async def test_who_may_not_write_responses_sends_no_table(matching: Running) -> None:
    async with matching.client(permissions=ALL_PERMISSIONS - {"responses:write"}) as client:
        answer = await client.post(
            "/v1/imports", content=table(), params={"kind": "cadre_harmonise", "filename": "ch.csv"}
        )
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


# ---- what persons decide ---------------------------------------------------------------------------------


async def test_a_person_validates_a_trigger_and_it_is_announced(matching: Running, csa: httpx.AsyncClient) -> None:
    await sent(csa, table())
    [trigger] = await items(csa, "/v1/triggers")

    answer = await decide(csa, trigger, "validate", official="csa-1")

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["phase"], told["decided_by"], told["official"], told["version"]) == (
        "validated", 3, "csa", "csa-1", 2,
    )  # fmt: skip
    assert answer.headers["ETag"] == '"2"'
    assert (await csa.get(f"/v1/triggers/{trigger['id']}")).json() == told
    async with matching.platform.database.transaction() as tx:
        [event] = await tx.scalars(select(OutboxRow).where(OutboxRow.type == "matching.responses.changed.v1"))
    assert event.data == {
        "version": 2, "response_id": trigger["id"], "status": "triggered", "areas": 1, "households": 0,
    }  # fmt: skip
    again = await decide(csa, told, "reject", official="csa-1", reason="Trop tard")
    assert (again.status_code, again.json()["code"]) == (409, "trigger_decided")
    stale = await decide(csa, trigger, "reject", official="csa-1", reason="Trop tard")
    assert stale.status_code == 412


async def test_another_phase_needs_its_reason(csa: httpx.AsyncClient) -> None:
    await sent(csa, table())
    [trigger] = await items(csa, "/v1/triggers")
    bare = await decide(csa, trigger, "validate", official="csa-1", phase=4)
    assert (bare.status_code, bare.json()["code"]) == (422, "override_without_reason")
    told = (await decide(csa, trigger, "validate", official="csa-1", phase=4, reason="Pâturages perdus")).json()
    assert (told["phase"], told["rule_phase"], told["reason"]) == (4, 3, "Pâturages perdus")


async def test_a_trigger_is_rejected_with_its_reason(csa: httpx.AsyncClient) -> None:
    await sent(csa, table())
    [trigger] = await items(csa, "/v1/triggers")
    told = (await decide(csa, trigger, "reject", official="csa-1", reason="Déjà couvert")).json()
    assert (told["status"], told["reason"]) == ("rejected", "Déjà couvert")


async def test_a_person_raises_a_trigger_where_the_rule_saw_none(csa: httpx.AsyncClient) -> None:
    await sent(csa, table())
    said = {"analysis_id": (await the_analysis(csa))["id"], "area_code": "MR032", "phase": 3, "official": "csa-1"}
    said["reason"] = "Inondations après l'analyse"

    made = await csa.post("/v1/triggers", json=said)

    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["status"], told["phase"], told["rule_phase"]) == ("validated", 3, 2)
    there = await csa.post("/v1/triggers", json=said)
    assert (there.status_code, there.json()["code"]) == (409, "trigger_there")
    nowhere = await csa.post("/v1/triggers", json=said | {"area_code": "MR099"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "area_not_analyzed")
    await sent(csa, table((AMOURJ,)))
    old = await csa.post("/v1/triggers", json=said | {"area_code": "MR011"})
    assert (old.status_code, old.json()["code"]) == (409, "analysis_replaced")
    unknown = await csa.post("/v1/triggers", json=said | {"analysis_id": told["id"]})
    assert unknown.status_code == 404


async def test_the_rule_is_decided_in_versions_and_proposes_from_then_on(csa: httpx.AsyncClient) -> None:
    standard = await csa.get("/v1/trigger-rule")
    assert standard.json() == {
        "version": 0, "percent": "20", "by_wilaya": {}, "least_phase": 3, "reason": None, "decided_by": None,
        "official": None, "decided_at": None,
    }  # fmt: skip
    said = {"by_wilaya": {"MR03": "12.5"}, "reason": "Décision du comité", "official": "csa-9"}
    decided = await csa.put("/v1/trigger-rule", json=said, headers={"If-Match": standard.headers["ETag"]})
    assert decided.status_code == 200, decided.text
    assert (decided.json()["version"], decided.json()["decided_by"]) == (1, "csa")
    stale = await csa.put("/v1/trigger-rule", json=said, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    unknown = await csa.put("/v1/trigger-rule", json=said | {"by_wilaya": {"MR99": "10"}}, headers={"If-Match": '"1"'})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "wilaya_unknown")

    await sent(csa, table())

    found = await items(csa, "/v1/triggers")
    assert [(one["area"]["code"], one["phase"], one["rule_version"], Decimal(one["threshold"])) for one in found] == [
        ("MR011", 3, 1, 20),
        ("MR032", 3, 1, Decimal("12.5")),
    ]
    assert [one["version"] for one in await items(csa, "/v1/trigger-rules")] == [1]


def test_the_sample_table_is_read_to_its_last_line_and_says_that_it_is_invented() -> None:
    file = Path(cli.demo.__file__).parent / "data" / "cadre_harmonise.csv"
    assert "INVENTÉE" in file.read_text(encoding="utf-8").splitlines()[0]
    with file.open("rb") as source:
        read = [read_area(row.line, row.cells) for row in open_table(source, file.name, LAYOUT).rows()]
    assert len(read) > 10
    assert all(area is not None and not findings for area, findings in read)
