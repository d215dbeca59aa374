"""At the door: who may read another institution's people, and what becomes of an answer that is wider than its agreement."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from gateway.agreements.errors import DayVolumeExceeded
from gateway.agreements.rules.deciding import Allowed, Held, Obligations
from gateway.agreements.rules.leaving import first_fault
from gateway.agreements.rules.lifecycle import State
from gateway.agreements.rules.shared_answers import SHARED
from gateway.agreements.terms import Terms
from gateway.agreements.volumes import Volumes, seconds_to_midnight
from gateway.aliases.queries import aliases
from running import status_of
from shared.clock import now
from shared.disclosing import FILE_HEADER, FileTold
from shared.identity import InternalKey
from tests.gateway.agreements.cases import PURPOSE, example, terms, write_examples
from tests.gateway.conftest import Door

ID = "01989a4e-5b00-7c3d-8e21-6f0a4d7b9c02"
ONE, MANY = f"/v1/households/{ID}", "/v1/households"
ROW = {"place": "MR011-C01", "category": "poor"}
HOUSEHOLD = {"id": ID, "row": ROW, "number": "MR0110000001", "size": "3-5"}
OTHER = "01989a4e-5b00-7c3d-8e21-6f0a4d7b9c03"
MATCH: dict[str, Any] = {"operations": ["match"], "population": {"programs": ["FIRST"]}}
LAW = {"type": "law", "reference": "Loi 2017-020"}


@pytest.fixture
def partners_file(partners_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """beta keeps the registry; alpha, which keeps FIRST, and mute read it."""
    folder = write_examples(
        tmp_path / "agreements",
        example("A-1", volume={"per_day": 5, "per_query": 2}),
        example("A-MATCH", operations=["match"]),
        example("A-SCHOOL", attributes=[{"name": "school"}]),
        example("A-OTHER", provider="mute"),
        example("A-POOR", population={"programs": ["FIRST"], "categories": ["poor"]}),
        example("A-ENROLLED", population={"programs": ["FIRST"], "enrolled_in": ["FIRST", "SECOND"]}),
        example("B-1", recipient="mute"),
        example("A-FOUND", **MATCH),
        example("A-FOUND-FEW", **MATCH | {"volume": {"per_day": 5, "per_query": 5}}),
        example("A-MATCH-MASKED", **MATCH | {"attributes": [{"name": "household_number", "transform": "masked"}]}),
        example("A-MATCH-OTHER", **MATCH, provider="mute"),
    )
    monkeypatch.setenv("TEKAMOUL_AGREEMENTS_FOLDER", str(folder))
    return partners_file


@pytest.fixture
def beside() -> tuple[str, ...]:
    return ("matching",)


async def ask(
    door: Door, path: str = ONE, agreement: str | None = "A-1", purpose: str | None = PURPOSE, **more: str
) -> httpx.Response:
    """Ask as alpha, which knows the household by its own name alone."""
    path = path.replace(ID, await name_of(door, ID))
    named = {"Tekamoul-Agreement": agreement, "Tekamoul-Purpose": purpose}
    headers = {name: value for name, value in named.items() if value is not None}
    return await door.get(f"/registry{path}", headers=headers | {f"Tekamoul-{k}": v for k, v in more.items()})


async def name_of(door: Door, household: str) -> str:
    """What alpha calls a household."""
    async with door.running.platform.database.transaction() as tx:
        return str((await aliases(tx, "alpha", [UUID(household)]))[UUID(household)])


def asked(door: Door) -> list[str]:
    return [one["path"] for one in door.registry.seen if one["path"].startswith("/v1/")]


async def test_what_the_agreement_allows_leaves_without_where_it_is_from(door: Door) -> None:
    door.registry.answers |= {ONE: HOUSEHOLD, MANY: {"items": [HOUSEHOLD], "next_cursor": None}}

    one, many = await ask(door), await ask(door, MANY)

    told = {"id": await name_of(door, ID), "number": "MR0110000001", "size": "3-5"}
    assert (one.status_code, one.json()) == (200, told)
    assert many.json() == {"items": [told], "next_cursor": None}
    key = InternalKey(door.running.platform.settings.internal_key_file)
    token = dict(door.registry.seen[-1]["headers"])["authorization"].removeprefix("Bearer ")
    caller = key.caller(token)
    assert (caller.agreement.id if caller.agreement else None, caller.purpose) == ("A-1", PURPOSE)


async def test_each_reason_why_not_is_told_and_nothing_is_asked_of_the_service(door: Door) -> None:
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"agreement": None, "purpose": None}, 403, "named_agreement_needed"),
        ({"agreement": "MANDATE-ALPHA", "purpose": "own_data"}, 403, "agreement_of_other_data"),
        ({"purpose": None}, 403, "purpose_needed"),
        ({"purpose": "research"}, 403, "purpose_not_agreed"),
        ({"agreement": "A-OTHER"}, 403, "agreement_of_other_data"),
        ({"agreement": "A-MATCH"}, 403, "operation_not_agreed"),
        ({"agreement": "A-SCHOOL"}, 403, "attributes_not_agreed"),
        ({"path": f"{ONE}/score"}, 403, "not_shared"),
        ({"path": f"{ONE}/history"}, 403, "not_shared"),
        ({"Official": "A-7"}, 422, "case_needed"),
        ({"agreement": "B-1"}, 404, "agreement_unknown"),
    ]
    for said, status, code in cases:
        answer = await ask(door, **said)
        assert (answer.status_code, answer.json()["code"]) == (status, code), said
    theirs, nobodys = await ask(door, agreement="B-1"), await ask(door, agreement="B-2")
    same = [{key: it for key, it in one.json().items() if key != "trace_id"} for one in (theirs, nobodys)]
    assert same[0] == same[1]
    for path in ("/v1/enrollments", f"/v1/enrollments/{ID}"):
        headers = {"Tekamoul-Agreement": "A-1", "Tekamoul-Purpose": PURPOSE}
        other = await door.get(f"/programs/csa{path}", headers=headers | {"Tekamoul-Agreement": "A-POOR"})
        assert other.json()["code"] == "agreement_of_other_data" or other.json()["code"] == "not_shared"
    for path in ("/v1/search", "/v1/search/status"):
        searching = await door.client.post(f"/registry{path}", json={}, headers=await door.as_("alpha"))
        assert (searching.status_code, searching.json()["code"]) == (403, "named_agreement_needed")
    assert asked(door) == []
    with_case = await ask(door, Official="A-7", Case="D-118")
    assert with_case.status_code == 404, "the service's own: it knows no such household"


async def test_households_limited_by_enrollment_leave_where_the_registry_says_in_which_program(door: Door) -> None:
    enrolled = HOUSEHOLD | {"row": ROW | {"enrolled_in": "SECOND"}}
    door.registry.answers |= {ONE: enrolled, MANY: {"items": [enrolled, enrolled], "next_cursor": None}}
    given = [await ask(door, path, "A-ENROLLED") for path in (ONE, MANY)]
    assert [one.status_code for one in given] == [200, 200]
    assert "enrolled_in" not in given[0].text + given[1].text
    key = InternalKey(door.running.platform.settings.internal_key_file)
    shown = key.caller(dict(door.registry.seen[-1]["headers"])["authorization"].removeprefix("Bearer "))
    assert shown.agreement is not None and shown.agreement.enrolled_in == {"FIRST", "SECOND"}

    for row in (ROW, ROW | {"enrolled_in": "THIRD"}, ROW | {"enrolled_in": None}, ROW | {"enrolled_in": ["FIRST"]}):
        door.registry.answers[ONE] = HOUSEHOLD | {"row": row}
        answer = await ask(door, ONE, "A-ENROLLED")
        assert (answer.status_code, answer.json()["code"]) == (500, "answer_held_back"), row
    door.registry.answers[ONE] = enrolled
    assert (await ask(door, ONE)).json()["code"] == "answer_held_back", "nobody asked in which program"

    # Nobody else knows in which program a household is.
    asked_before = len(asked(door))
    named = {"Tekamoul-Agreement": "A-ENROLLED", "Tekamoul-Purpose": PURPOSE}
    for path in ("/registry/v1/places", f"/matching/v1/targeting-lists/{ID}/households", "/v1/events"):
        answer = await door.get(path, headers=named)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_shared"), path
    assert len(asked(door)) == asked_before


async def test_the_keeper_reads_its_own_under_its_mandate(door: Door) -> None:
    whole = HOUSEHOLD | {"score": "12.50", "members": [{"individual_id": "i-1", "nni": "9900000033"}]}
    door.registry.answers[ONE] = whole

    answer = await door.get(f"/registry{ONE}", "beta")
    named = await door.get(
        f"/registry{ONE}", "beta", headers={"Tekamoul-Agreement": "MANDATE-BETA", "Tekamoul-Purpose": "own_data"}
    )

    assert answer.json() == named.json() == whole


def test_a_page_of_a_targeting_list_tells_what_its_agreement_allows_and_nothing_else() -> None:
    answer = SHARED["matching", "GET", "/v1/targeting-lists/{list_id}/households"]
    forms = {"household_number": "full", "size": "full", "head_name": "masked"}
    keep_to = Obligations(forms, frozenset(), frozenset({"MR01"}), frozenset(), per_query=9, per_day=9)
    listed = {"position": 1, "household_number": "MR0110000001", "size": 4}

    def fault(**changed: Any) -> str | None:
        return first_fault({"items": [listed | changed], "next_cursor": None}, answer, keep_to)

    assert fault() is None
    assert fault(head_name_fr="Sidi Ould Ahmed") == "/items/0/head_name_fr"
    assert fault(commune_code="MR011-C01") == "/items/0/commune_code"
    assert fault(amount_mru=None) == "/items/0/amount_mru"
    assert fault(nni="9900000033") == "/items/0/nni"
    assert fault(row={}) == "/items/0/row"
    assert first_fault({"items": [], "total": 3}, answer, keep_to) == "/total"


@pytest.mark.parametrize(
    "wrong",
    [
        HOUSEHOLD | {"score": "12.50"},
        HOUSEHOLD | {"nni": None},
        HOUSEHOLD | {"size": 4},
        HOUSEHOLD | {"members": []},
        HOUSEHOLD | {"row": ROW | {"place": "MR021-C01"}},
        HOUSEHOLD | {"row": {"category": "poor"}},
        {key: value for key, value in HOUSEHOLD.items() if key != "row"},
        [HOUSEHOLD],
        "a text",
    ],
)
async def test_an_answer_wider_than_the_agreement_is_held_back_whole(door: Door, wrong: Any) -> None:
    door.registry.answers |= {ONE: wrong, MANY: {"items": [HOUSEHOLD, wrong], "next_cursor": None}}

    for path in (ONE, MANY):
        answer = await ask(door, path)
        assert (answer.status_code, answer.json()["code"]) == (500, "answer_held_back")
        assert "MR0110000001" not in answer.text
    assert (await status_of(door.client))["to_decide"]["answers_held_back"] == 2


LIST = (
    "A copy for alpha\r\nRang,N° ménage,Marque,Remarque\r\n1,MR0110000001,0a1b2c3d4e,\r\n2,MR0110000002,1a1b2c3d4e,\r\n"
)


@pytest.mark.parametrize("kind", ["file", "printed"])
async def test_a_list_leaves_as_a_file_only_with_what_is_agreed_in_full_and_is_counted(door: Door, kind: str) -> None:
    path, registry = f"/v1/targeting-lists/{ID}/{kind}", door.registry
    good, media = (LIST.encode(), "text/csv") if kind == "file" else (b"%PDF-1.7\n%%EOF\n", "application/pdf")

    async def take(
        content: bytes = good, content_type: str = media, agreement: str = "A-1", **headers: str
    ) -> httpx.Response:
        registry.answers[path], registry.kind, registry.headers = content, content_type, headers
        named = {"Tekamoul-Agreement": agreement, "Tekamoul-Purpose": PURPOSE}
        return await door.get(f"/matching{path}", headers=named)

    def told(subjects: int, *attributes: str, of: bytes = good) -> dict[str, str]:
        return FileTold.of(of, subjects, attributes).header()

    given = await take(**told(2, "household_number"))
    assert (given.status_code, given.content) == (200, good)
    assert FILE_HEADER not in given.headers
    held_back = [
        await take(),  # nobody says what is in it
        await take(**{FILE_HEADER: "subjects=1;sha256=;attributes="}),
        await take(**told(2, "household_number", "village")),
        await take(**told(2, "household_number", "size")),  # agreed as a band
        await take(**told(2, "household_number", of=b"of another")),
        await take(b"{}", "application/json", **told(2, "household_number", of=b"{}")),  # no file
    ]
    if kind == "file":
        with_village = LIST.replace("Marque", "Village").encode()
        more = (  # what is told is agreed, and the file has more
            (with_village, 2, ("household_number",)),
            (with_village, 2, ("household_number", "village")),
            (LIST.replace("Marque", "Taille du ménage").encode(), 2, ("household_number",)),
            (LIST.replace("4e,", "4e,9900000033").encode(), 2, ("household_number",)),  # in a column to fill in
            (good, 1, ("household_number",)),
            (LIST.replace("0a1b2c3d4e", str(UUID(OTHER))).encode(), 2, ("household_number",)),
            (LIST.replace("0a1b2c3d4e", UUID(OTHER).hex.upper()).encode(), 2, ("household_number",)),
            (LIST.replace("for alpha", f"of {OTHER}").encode(), 2, ("household_number",)),
        )
        held_back += [await take(of, **told(count, *names, of=of)) for of, count, names in more]
    assert {(one.status_code, one.json()["code"]) for one in held_back} == {(500, "answer_held_back")}
    assert not [one for one in held_back if "MR0110000001" in one.text]
    three = good.replace(b"2,MR", b"2,MR0110000009,2a1b2c3d4e,\r\n3,MR")
    refused = [
        await take(three, **told(3, "household_number", of=three)),
        await take(agreement="A-MATCH", **told(2, "household_number")),
        await take(agreement="A-SCHOOL", **told(2, "household_number")),
        await take(agreement="B-1", **told(2, "household_number")),
    ]
    codes = ["query_volume_exceeded", "operation_not_agreed", "attributes_not_agreed", "agreement_unknown"]
    assert [one.json()["code"] for one in refused] == codes
    assert (await door.get("/v1/agreements/A-1")).json()["used_today"] == 2
    # The list's own id, which the request names, is no news to whoever asks.
    named = good.replace(b"for alpha", f"of {ID}".encode())
    assert (await take(named, **told(2, "household_number", of=named))).status_code == 200
    assert (await take(**told(2, "household_number"))).json()["code"] == "day_volume_exceeded"


async def test_who_of_the_registry_is_found_is_told_under_an_agreement_to_match_alone(door: Door) -> None:
    found = {
        "individual_id": OTHER,
        "household_id": ID,
        "candidates": [{"individual_id": OTHER, "household_id": ID, "household_number": "MR0110000001"}],
    }
    lines, file = f"/v1/imports/{OTHER}/matches", f"/v1/exports/{OTHER}/file"
    door.registry.answers |= {
        "/v1/match": found,
        lines: {"items": [found] * 2, "next_cursor": None},
        file: (content := "ligne,Nom,n° du ménage au registre\n".encode() + b"1,Sidi,MR0110000001\n" * 9),
    }

    async def match(agreement: str | None, **more: str) -> httpx.Response:
        named = {"Tekamoul-Agreement": agreement, "Tekamoul-Purpose": PURPOSE} if agreement else {}
        headers = await door.as_("alpha") | named | more
        return await door.client.post("/matching/v1/match", json={"name": "Sidi"}, headers=headers)

    refused = [await match(one) for one in (None, "A-1", "A-MATCH", "A-MATCH-MASKED", "A-MATCH-OTHER", "B-1")]
    without_case = await match("A-FOUND", **{"Tekamoul-Official": "a-7"})
    assert [one.json()["code"] for one in refused] == [
        "named_agreement_needed", "not_shared", "not_shared", "attributes_not_agreed", "agreement_of_other_data",
        "agreement_unknown",
    ]  # fmt: skip
    assert without_case.json()["code"] == "case_needed"
    assert asked(door) == []

    given = await match("A-FOUND")
    named = {"Tekamoul-Agreement": "A-FOUND", "Tekamoul-Purpose": PURPOSE}
    of_list = await door.get(f"/matching{lines}", headers=named)
    unnamed = [(await door.get(f"/matching{path}")).json()["code"] for path in (lines, file)]
    columns = ["line", "name", "registry_household_number"]
    door.registry.kind, door.registry.headers = "text/csv", FileTold.of(content, 9, columns).header()
    of_file = await door.get(f"/matching{file}", headers=named)
    too_many = await door.get(f"/matching{file}", headers=named | {"Tekamoul-Agreement": "A-FOUND-FEW"})

    assert (given.status_code, of_list.status_code, of_file.status_code) == (200, 200, 200)
    (candidate,) = given.json()["candidates"]
    assert candidate["household_number"] == "MR0110000001"
    assert not {ID, OTHER} & {candidate["household_id"], candidate["individual_id"]}
    assert unnamed == ["named_agreement_needed"] * 2
    assert too_many.json()["code"] == "query_volume_exceeded"
    assert (await door.get("/v1/agreements/A-FOUND")).json()["used_today"] >= 1 + 1 + 9
    door.registry.kind, door.registry.headers = "application/json", {}
    keeper = await door.client.post("/matching/v1/match", json={"name": "Sidi"}, headers=await door.as_("beta"))
    assert keeper.json() == found


async def test_an_answer_tells_of_no_more_than_one_question_may_bring(door: Door) -> None:
    door.registry.answers[MANY] = {"items": [HOUSEHOLD] * 3, "next_cursor": None}

    answer = await ask(door, MANY)

    assert (answer.status_code, answer.json()["code"]) == (403, "query_volume_exceeded")
    assert "MR0110000001" not in answer.text


async def test_a_days_volume_is_counted_over_all_processes_and_never_passed(door: Door) -> None:
    door.registry.answers |= {ONE: HOUSEHOLD, MANY: {"items": [HOUSEHOLD] * 2, "next_cursor": None}}
    other, day = Volumes(door.running.platform.database), now().date()
    terms_of = Terms.model_validate(terms(volume={"per_day": 5, "per_query": 2}))
    bounds = Obligations({}, frozenset(), frozenset(), frozenset(), per_query=2, per_day=5)
    allowed = Allowed(Held("A-1", 2, State.ACTIVE, terms_of), PURPOSE, bounds)

    assert [(await ask(door, MANY)).status_code, (await ask(door)).status_code] == [200, 200]
    await other.spend(allowed, 1, day)
    with pytest.raises(DayVolumeExceeded):
        await other.spend(allowed, 2, day)
    refused = await ask(door, MANY)
    last = await ask(door)
    after = await ask(door)

    assert (refused.status_code, refused.json()["code"]) == (429, "day_volume_exceeded")
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert (last.status_code, after.status_code) == (200, 429)
    shown = (await door.get("/v1/agreements/A-1")).json()
    assert shown["used_today"] == 5


async def test_many_answers_at_once_never_pass_the_days_volume(door: Door) -> None:
    held = Held("A-1", 2, State.ACTIVE, Terms.model_validate(terms(volume={"per_day": 1000, "per_query": 10})))
    bounds = Obligations({}, frozenset(), frozenset(), frozenset(), per_query=10, per_day=1000)
    processes = [Volumes(door.running.platform.database) for _ in range(3)]

    async def spend(number: int) -> int:
        try:
            await processes[number % 3].spend(Allowed(held, PURPOSE, bounds), 7, now().date())
        except DayVolumeExceeded:
            return 0
        return 7

    given = sum(await asyncio.gather(*(spend(number) for number in range(300))))

    # A process that ends may leave the hundredth it took: the day ends early by less than that of each.
    assert 1000 - 3 * 17 <= given <= 1000


def test_a_day_ends_at_midnight() -> None:
    assert seconds_to_midnight(now().replace(hour=23, minute=59, second=59)) == 1
    assert seconds_to_midnight(now().replace(hour=0, minute=0, second=0)) == 86_400
