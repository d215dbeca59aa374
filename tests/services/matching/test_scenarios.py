"""Scenarios over HTTP: kept, changed, copied, run by the worker, read, compared; what is refused in which words."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update

from matching_cases import Projection, enrollment, household, id_of, member, program
from running import Running, Services, until
from services.matching.models import Beneficiary
from shared.text import LANGUAGES

PER_HEAD = {"kind": "value", "program": "TEKAVOUL", "formula": {"person_mru": "900", "months_per_payment": 3}}
BODY: dict[str, Any] = {"name": "Par tête", "note": "900 MRU par personne et trimestre", "changes": [PER_HEAD]}
HOUSEHOLDS = 40


def published(code: str, institution: str, amount: str, per: str, months: list[int] | None = None) -> dict[str, Any]:
    value = {
        "from_on": "2020-01-01",
        "amount_mru": amount,
        "per": per,
        "months_per_payment": 1,
        "months": months,
        "max_people": None,
        "meal_mru": None,
    }
    return program(code, institution) | {"benefit": "cash", "values": [value], "calendar": {"kind": "periods"}}


def family(number: int) -> dict[str, Any]:
    """Of one to ten people."""
    others = [member(number * 100 + n, f"Enfant {n}", relationship="child") for n in range(1, number % 10 + 1)]
    return household(number, member(number * 100, "Mariem Mint Bellal"), *others, score=f"{number}.00")


async def a_country(projection: Projection) -> None:
    """Forty households, four of each size from 1 to 10. The first twenty receive Tekavoul: two of each size."""
    await projection.places()
    await projection.programs(
        published("TEKAVOUL", "taazour", "1200.00", "household"),
        published("EL_MAOUNA", "csa", "450.00", "person", [6, 7, 8, 9]),
    )
    await projection.households(*(family(n) for n in range(HOUSEHOLDS)))
    told = [enrollment("TEKAVOUL", n, n, monthly_value_mru=None) for n in range(20)]
    await projection.enrollments(*told)
    async with projection.database.transaction() as tx:
        for number, one in enumerate(told):
            await tx.execute(
                update(Beneficiary)
                .where(Beneficiary.id == one["enrollment_id"])
                .values(link_status="linked", decided_as="linked", household_id=id_of(f"household {number}"))
            )


@pytest.fixture
async def matching(services: Services) -> Running:
    running = await services.start("matching")
    await a_country(Projection(running.platform.database))
    return running


@pytest.fixture
async def client(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with matching.client("taazour") as made:
        yield made


async def kept(client: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    answer = await client.post("/v1/scenarios", json=BODY | changed)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def result_of(client: httpx.AsyncClient, scenario: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/scenarios/{scenario['id']}"
    assert (await client.post(f"{path}/run")).status_code == 202

    async def over() -> bool:
        return bool((await client.get(path)).json()["run"]["status"] != "waiting")

    await until(over, what="the end of the run")
    answer = await client.get(f"{path}/result")
    assert answer.status_code == 200, (await client.get(path)).text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_scenario_is_run_over_the_country_and_changes_nothing(client: httpx.AsyncClient) -> None:
    before = (await client.get("/v1/household-values")).content
    made = await kept(client)

    found = await result_of(client, made)

    assert (found["scenario_version"], found["current"], found["name"]) == (1, True, "Par tête")
    assert found["basis"]["known_on"] == found["basis"]["day"]
    assert found["basis"] | {"day": "", "known_on": "", "first_month": "", "last_month": ""} == {
        "snapshot_id": None, "day": "", "known_on": "", "first_month": "", "last_month": "", "links": "certain", "threshold": 0.97,
        "households": 40, "people": 220,
    }  # fmt: skip
    # 20 households x 1,200 x 12; then 110 people x 300 x 12.
    assert found["budget"] == {"before_mru": "288000.00", "after_mru": "396000.00"}
    [tekavoul] = found["programs"]
    assert (tekavoul["program"], len(tekavoul["months"])) == ("TEKAVOUL", 12)
    assert {(one["before_mru"], one["after_mru"]) for one in tekavoul["months"]} == {("24000.00", "33000.00")}
    # Sizes 1, 2 and 3 lose (6 households), 4 is unchanged (2) beside the 20 unserved, 5 to 10 win (12).
    [all_] = [one for one in found["changes"] if one["by"] == "total"]
    assert all_ == {
        "by": "total", "group": "all", "households": 40, "people": 220,
        "winners": None, "losers": None, "unchanged": None, "unserved": None,
        "people_winning": None, "people_losing": None, "gained_mru": None, "lost_mru": None,
    }  # fmt: skip
    assert (await client.get("/v1/household-values")).content == before


async def test_winners_and_losers_are_told_where_no_group_is_small(client: httpx.AsyncClient) -> None:
    raised = {"kind": "index", "program": "TEKAVOUL", "percent": "10"}
    found = await result_of(client, await kept(client, changes=[raised]))

    cells = {(one["by"], one["group"]): one for one in found["changes"]}
    told = cells["total", "all"]
    assert [told[name] for name in ("winners", "losers", "unchanged", "unserved", "gained_mru", "lost_mru")] == [
        20, 0, 20, 20, "28800.00", "0.00",
    ]  # fmt: skip
    assert told["people_winning"] == 110
    assert (cells["size_band", "4-6"]["winners"], cells["size_band", "4-6"]["gained_mru"]) == (6, "8640.00")
    # The four households of ten are two and two: hidden, and with them a second band, or ten would be the rest.
    hidden = [group for (by, group), one in cells.items() if by == "size_band" and one["winners"] is None]
    assert "10+" in hidden and len(hidden) == 2


async def test_notes_and_reasons_come_in_the_callers_language(client: httpx.AsyncClient) -> None:
    made = await kept(client)
    told = set()
    for language in LANGUAGES:
        refused = await client.get(f"/v1/scenarios/{made['id']}/result", headers={"Accept-Language": language})
        assert (refused.status_code, refused.json()["code"]) == (409, "scenario_has_no_result")
        told.add(refused.json()["title"])
    assert len(told) == 3
    await result_of(client, made)
    notes = [
        (await client.get(f"/v1/scenarios/{made['id']}/result", headers={"Accept-Language": one})).json()["notes"]
        for one in LANGUAGES
    ]
    assert len({note[0]["text"] for note in notes}) == 3
    parts = ["country", "budget", "served", "changes", "choosing", "indicators", "suppression"]
    assert [one["part"] for one in notes[0]] == parts


def rule(*criteria: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "criteria", "program": "TEKAVOUL", "rule": {"criteria": list(criteria)}}


QUOTA = {"kind": "quota", "program": "TEKAVOUL", "most_households": 10}
ADDED = {
    "kind": "add_program",
    "program": "NEW_ONE",
    "names": {"ar": "جديد", "fr": "Nouveau", "en": "New"},
    "formula": {"household_mru": "100"},
    "rule": {"criteria": [{"attribute": "size", "operator": "ge", "value": 5}]},
}
END, MERGE = {"kind": "end", "program": "TEKAVOUL"}, {"kind": "merge", "program": "EL_MAOUNA", "into": "TEKAVOUL"}
REFUSED: list[tuple[list[dict[str, Any]], str, str]] = [
    ([PER_HEAD | {"program": "NOWHERE"}], "scenario_program_unknown", "/changes/0/program"),
    ([QUOTA, MERGE | {"into": "NOWHERE"}], "scenario_program_unknown", "/changes/1/into"),
    ([ADDED | {"program": "TEKAVOUL"}], "scenario_program_exists", "/changes/0/program"),
    ([PER_HEAD, PER_HEAD], "changes_contradict", "/changes/1"),
    ([PER_HEAD, {"kind": "index", "program": "TEKAVOUL", "percent": 5}], "changes_contradict", "/changes/1"),
    ([END, QUOTA], "changes_contradict", "/changes/1"),
    ([QUOTA, END], "changes_contradict", "/changes/1"),
    ([END, MERGE], "changes_contradict", "/changes/1"),
    ([MERGE, END], "changes_contradict", "/changes/1"),
    ([MERGE, MERGE], "changes_contradict", "/changes/1"),
    ([ADDED, ADDED], "changes_contradict", "/changes/1"),
    ([MERGE | {"into": "EL_MAOUNA"}], "merged_with_itself", "/changes/0/into"),
    ([rule({"attribute": "income", "operator": "ge", "value": 5})], "criterion_not_usable",
     "/changes/0/rule/criteria/0/attribute"),
    ([rule({"attribute": "wilaya", "operator": "ge", "value": "MR01"})], "criterion_not_usable",
     "/changes/0/rule/criteria/0/operator"),
    ([rule({"attribute": "size", "operator": "ge", "value": "many"})], "criterion_not_usable",
     "/changes/0/rule/criteria/0/value"),
]  # fmt: skip
UNREADABLE: list[tuple[dict[str, Any], str]] = [
    ({**QUOTA, "most_mru": "-1"}, "/changes/0/quota/most_mru"),
    ({"kind": "quota", "program": "TEKAVOUL"}, "/changes/0/quota"),
    ({"kind": "coverage", "program": "TEKAVOUL", "share": "1.01"}, "/changes/0/coverage/share"),
    ({"kind": "coverage", "program": "TEKAVOUL", "share": "-0.1"}, "/changes/0/coverage/share"),
    ({**PER_HEAD, "formula": {"person_mru": "-3"}}, "/changes/0/value/formula/person_mru"),
    ({**PER_HEAD, "formula": {"person_mru": "3", "months": [13]}}, "/changes/0/value/formula/months/0"),
    ({**PER_HEAD, "formula": {"least_mru": "5", "most_mru": "4"}}, "/changes/0/value/formula"),
    ({**PER_HEAD, "formula": {"min_people": 5, "max_people": 4}}, "/changes/0/value/formula"),
    ({"kind": "index", "program": "TEKAVOUL", "percent": "-101"}, "/changes/0/index/percent"),
    ({"kind": "criteria", "program": "TEKAVOUL", "rule": {"criteria": []}}, "/changes/0/criteria/rule"),
    ({"kind": "double", "program": "TEKAVOUL"}, "/changes/0"),
    ({**PER_HEAD, "colour": "red"}, "/changes/0/value/colour"),
]


async def test_what_makes_no_sense_is_refused_with_the_place_and_in_three_languages(client: httpx.AsyncClient) -> None:
    for changes, code, pointer in REFUSED:
        told = set()
        for language in LANGUAGES:
            answer = await client.post(
                "/v1/scenarios", json=BODY | {"changes": changes}, headers={"Accept-Language": language}
            )
            assert (answer.status_code, answer.json()["code"]) == (422, code), (changes, answer.text)
            assert answer.json()["pointer"] == pointer, changes
            told.add(answer.json()["title"])
        assert len(told) == 3, code
    for change, pointer in UNREADABLE:
        answer = await client.post("/v1/scenarios", json=BODY | {"changes": [change]})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), change
        assert answer.json()["pointer"] == pointer, answer.text
    assert (await client.get("/v1/scenarios")).json()["items"] == []


async def test_a_scenario_is_changed_copied_and_deleted_by_versions(client: httpx.AsyncClient) -> None:
    made = await kept(client)
    path = f"/v1/scenarios/{made['id']}"
    assert (await client.get(path)).headers["ETag"] == '"1"'

    assert (await client.put(path, json=BODY)).json()["code"] == "precondition_required"
    changed = await client.put(path, json=BODY | {"changes": [QUOTA]}, headers={"If-Match": '"1"'})
    stale = await client.put(path, json=BODY, headers={"If-Match": '"1"'})
    assert (changed.headers["ETag"], changed.json()["changes"][0]["kind"]) == ('"2"', "quota")
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")

    copied = await client.post(f"{path}/copy", json={"name": "Copie"})
    assert (copied.status_code, copied.json()["version"], copied.json()["name"]) == (201, 1, "Copie")
    assert copied.json()["changes"] == changed.json()["changes"]
    again = await client.post(f"{path}/copy", json={"name": "Copie"})
    assert (again.status_code, again.json()["code"]) == (409, "scenario_name_taken")
    assert (await client.post("/v1/scenarios", json=BODY)).json()["code"] == "scenario_name_taken"

    assert (await client.delete(path, headers={"If-Match": '"1"'})).status_code == 412
    assert (await client.delete(path, headers={"If-Match": '"2"'})).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert [one["name"] for one in (await client.get("/v1/scenarios")).json()["items"]] == ["Copie"]


async def test_a_result_says_when_the_scenario_is_another_by_now(client: httpx.AsyncClient) -> None:
    made = await kept(client)
    await result_of(client, made)
    path = f"/v1/scenarios/{made['id']}"

    await client.put(path, json=BODY | {"changes": [QUOTA]}, headers={"If-Match": '"1"'})

    shown = (await client.get(f"{path}/result")).json()
    assert (shown["scenario_version"], shown["current"]) == (1, False)


async def test_the_same_key_keeps_one_scenario(client: httpx.AsyncClient) -> None:
    answers = [
        await client.post("/v1/scenarios", json=BODY, headers={"Idempotency-Key": "one-scenario"}) for _ in range(2)
    ]

    assert answers[0].content == answers[1].content
    assert len((await client.get("/v1/scenarios")).json()["items"]) == 1


async def test_scenarios_are_their_owners_and_come_page_by_page(matching: Running, client: httpx.AsyncClient) -> None:
    ids = [(await kept(client, name=f"Scénario {n}"))["id"] for n in range(3)]
    first = (await client.get("/v1/scenarios", params={"limit": 2})).json()
    second = (await client.get("/v1/scenarios", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None

    async with matching.client("csa") as other:
        unknown = await other.get(f"/v1/scenarios/{id_of('nothing')}")
        answers = [await other.get(f"/v1/scenarios/{ids[0]}"), await other.get(f"/v1/scenarios/{ids[0]}/result")]
        assert {one.status_code for one in (unknown, *answers)} == {404}
        assert (await other.get("/v1/scenarios")).json()["items"] == []
    async with matching.client("taazour", frozenset({"scenarios:read"})) as reader:
        assert (await reader.post("/v1/scenarios", json=BODY)).json()["code"] == "not_permitted"


async def test_results_stand_side_by_side_where_they_are_of_one_country(client: httpx.AsyncClient) -> None:
    one, other = await kept(client), await kept(client, name="Dix ménages", changes=[QUOTA])
    await result_of(client, one)
    await result_of(client, other)

    found = await client.get("/v1/scenario-comparisons", params={"ids": [one["id"], other["id"]]})

    told = found.json()
    assert told["basis"]["households"] == 40
    assert [(each["name"], each["budget"]["after_mru"]) for each in told["scenarios"]] == [
        ("Par tête", "396000.00"),
        ("Dix ménages", "144000.00"),
    ]
    probable = await kept(client, name="Liens probables", links="certain_and_probable")
    await result_of(client, probable)
    refused = await client.get("/v1/scenario-comparisons", params={"ids": [one["id"], probable["id"]]})
    assert (refused.status_code, refused.json()["code"]) == (409, "scenarios_of_different_countries")
    assert (await client.get("/v1/scenario-comparisons", params={"ids": [one["id"]] * 6})).status_code == 422


async def test_results_are_printed_alone_and_side_by_side(client: httpx.AsyncClient) -> None:
    one, other = await kept(client), await kept(client, name="Dix ménages", changes=[QUOTA])
    await result_of(client, one)
    await result_of(client, other)

    pdf = await client.get(f"/v1/scenarios/{one['id']}/report", params={"language": "ar"})
    page = await client.get(f"/v1/scenarios/{one['id']}/report", params={"format": "html", "language": "fr"})
    both = await client.get(
        "/v1/scenario-comparisons/report", params={"ids": [one["id"], other["id"]], "format": "html", "language": "en"}
    )

    assert (pdf.status_code, pdf.headers["Content-Type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert pdf.headers["Content-Disposition"].endswith('-ar.pdf"')
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "Scénario : Par tête" in page.text
    assert "Hodh Ech Chargui" in page.text
    assert "masqué" in page.text  # every split of winners and losers: two are unchanged
    assert "Comparison of scenarios" in both.text and "Dix ménages" in both.text
    assert (await client.get(f"/v1/scenarios/{one['id']}/report", params={"format": "docx"})).status_code == 422


async def test_a_scenario_rests_on_a_snapshot_which_is_printed_too(client: httpx.AsyncClient) -> None:
    asked = await client.post("/v1/snapshots", json={"note": "Fin de mois"})
    path = f"/v1/snapshots/{asked.json()['id']}"

    async def made() -> bool:
        return bool((await client.get(path)).json()["status"] == "done")

    early = await client.post("/v1/scenarios", json=BODY | {"snapshot_id": asked.json()["id"]})
    assert (early.status_code, early.json()["code"]) in ((409, "snapshot_not_made"), (201, early.json().get("code")))
    await until(made, what="the snapshot")
    scenario = await kept(client, name="Sur instantané", snapshot_id=asked.json()["id"])
    for _ in range(2):  # the second time the snapshot's own figures are known
        found = await result_of(client, scenario)
        assert (found["basis"]["snapshot_id"], found["budget"]["after_mru"]) == (asked.json()["id"], "396000.00")
        assert found["basis"]["known_on"] == asked.json()["known_on"]
        [coverage] = [
            one
            for one in found["indicators"]
            if (one["indicator"], one["by"], one["program"]) == ("coverage", "total", None)
        ]
        assert coverage["before"] == coverage["after"] == {
            "numerator": "110", "denominator": "220", "value": 0.5, "reason": None,
        }  # fmt: skip
    assert (await client.delete(path)).json()["code"] == "snapshot_in_use"
    headers = {"If-Match": '"1"'}
    assert (await client.delete(f"/v1/scenarios/{scenario['id']}", headers=headers)).status_code == 204

    pdf = await client.get(f"{path}/report", params={"language": "ar"})
    page = await client.get(f"{path}/report", params={"format": "html", "language": "fr"})
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
    assert all(words in page.text for words in ("Fin de mois", asked.json()["id"], "50,0\u00a0%", "110 / 220"))
    if early.status_code == 201:
        await client.delete(f"/v1/scenarios/{early.json()['id']}", headers=headers)
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(f"{path}/report")).status_code == 404
    gone = await client.post("/v1/scenarios", json=BODY | {"snapshot_id": asked.json()["id"], "name": "Sans"})
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


async def test_a_run_waits_is_cancelled_and_begun_again(client: httpx.AsyncClient, matching: Running) -> None:
    made = await kept(client)
    path = f"/v1/scenarios/{made['id']}"
    async with matching.platform.database.transaction() as tx:
        # Somebody else computes: the worker waits for the lock.
        await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('scenario runs'))"))
        assert (await client.post(f"{path}/run")).json()["run"]["status"] == "waiting"
        assert (await client.post(f"{path}/run")).json()["code"] == "scenario_running"
        assert (await client.delete(path, headers={"If-Match": '"1"'})).json()["code"] == "scenario_running"
        assert (await client.post(f"{path}/cancel")).json()["run"]["status"] == "cancelled"
        assert (await client.post(f"{path}/cancel")).json()["code"] == "scenario_not_running"
    assert (await client.get(f"{path}/result")).json()["code"] == "scenario_has_no_result"
    assert (await result_of(client, made))["budget"]["after_mru"] == "396000.00"


async def test_a_program_that_is_gone_when_it_is_run_fails_the_run_in_words(
    client: httpx.AsyncClient, matching: Running
) -> None:
    made = await kept(client, changes=[PER_HEAD | {"program": "EL_MAOUNA"}])
    async with matching.platform.database.transaction() as tx:
        await tx.execute(text("DELETE FROM programs WHERE code = 'EL_MAOUNA'"))
    path = f"/v1/scenarios/{made['id']}"
    await client.post(f"{path}/run")

    async def failed() -> bool:
        return bool((await client.get(path)).json()["run"]["status"] == "failed")

    await until(failed, what="a failed run")
    run = (await client.get(path, headers={"Accept-Language": "en"})).json()["run"]
    assert (run["failure_code"], run["failure"][:29]) == ("scenario_program_unknown", "There is no program EL_MAOUNA")
