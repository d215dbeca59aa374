"""Who watches over the log: every use of an agreement, found by whatever names its subject; and what a citizen is told."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from gateway.disclosures.acts import Person
from gateway.disclosures.errors import OfficialNeeded
from gateway.disclosures.reporting import MOST_ENTRIES
from shared.identity import Caller
from shared.pagination import encode_cursor
from tests.gateway.conftest import Door
from tests.gateway.disclosures.conftest import disclosure

HOME = str(uuid4())
NUMBER = "MR05-0000017"
PEOPLE = "/registry/v1/people"
BOTH = {"household_id": HOME, "household_number": NUMBER, "nni": "9900000001", "phones": ["22000000"]}


async def told(door: Door, *rows: Any) -> None:
    await door.gateway.state.recorder.record([disclosure(**row) for row in rows])


async def listed(door: Door, **asked: Any) -> list[dict[str, Any]]:
    answer = await door.get("/v1/disclosures", "guard", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def report(door: Door, subject: str, **asked: Any) -> dict[str, Any]:
    answer = await door.get(f"/v1/citizen-reports/{subject}", "guard", params=asked)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_the_log_is_listed_newest_first_and_found_by_each_of_its_words(door: Door) -> None:
    await told(
        door,
        {"subject": HOME, "number": NUMBER, "official": "A-7"},
        {"partner": "alpha", "subject": "i-1", "subject_kind": "individual", "official": "A-7", "purpose": "audit"},
        {"partner": "alpha", "official": "", "decision": "refused", "code": "not_found", "subject": "", "subjects": 0},
    )

    rows = await listed(door)
    assert [(one["position"], one["partner"], one["subject"], one["official"], one["decision"]) for one in rows] == [
        (3, "alpha", None, None, "refused"), (2, "alpha", "i-1", "A-7", "allowed"), (1, "csa", HOME, "A-7", "allowed"),
    ]  # fmt: skip
    first = rows[-1]
    assert (first["agreement"], first["version"], first["purpose"], first["legal_basis"], first["attributes"]) == (
        "CSA-2026-01", 2, "shock_response", "Protocole n° 7/2026; loi 2017-020", ["commune", "head_name", "size"],
    )  # fmt: skip

    async def positions(**asked: Any) -> list[int]:
        return [one["position"] for one in await listed(door, **asked) if one["partner"] != "guard"]

    assert await positions(subject=HOME) == await positions(subject=NUMBER) == [1]
    assert await positions(official="A-7") == [2, 1]
    assert await positions(official="A-7", partner="alpha") == [2]
    assert await positions(decision="refused") == [3]
    assert await positions(purpose="audit") == [2]
    assert await positions(agreement="CSA-2026-01", partner="csa") == [1]
    assert await positions(since=rows[0]["at"], until="2999-01-01T00:00:00Z") == [3, 2, 1], "one commit, one time"
    assert await positions(until=rows[0]["at"]) == []
    assert await positions(subject="nobody") == []


async def test_pages_of_the_log_go_on_where_they_ended_though_it_grows(door: Door) -> None:
    await told(door, *({"subject": f"H-{one}"} for one in range(5)))
    seen, cursor = [], None
    while True:
        asked = {"partner": "csa", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await door.get("/v1/disclosures", "guard", params=asked)).json()
        seen += [one["subject"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await told(door, {"subject": "H-later"})
    assert seen == ["H-4", "H-3", "H-2", "H-1", "H-0"]


async def test_who_reads_the_log_stands_in_it(door: Door) -> None:
    await told(door, {"subject": HOME})
    answer = await door.get(
        "/v1/disclosures",
        "guard",
        params={"subject": HOME},
        headers={"Tekamoul-Official": "dpo.1", "Tekamoul-Case": "P-3"},
    )
    assert [one["partner"] for one in answer.json()["items"]] == ["csa"]

    (read,) = await listed(door, partner="guard", official="dpo.1")
    assert (read["subject_kind"], read["subject"], read["case"], read["route"], read["attributes"]) == (
        "disclosures", HOME, "P-3", "GET /v1/disclosures", ["disclosures"],
    )  # fmt: skip


REFUSED = [
    ("/v1/disclosures?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", "moments_reversed"),
    ("/v1/disclosures?since=2026-02-01T00:00:00", "invalid_request"),
    ("/v1/disclosures?subject=a'b", "invalid_request"),
    ("/v1/disclosures?cursor=x", "invalid_cursor"),
    (f"/v1/disclosures?cursor={encode_cursor(1 << 63)}", "invalid_cursor"),
    ("/v1/disclosures?partner=%00", "value_not_storable"),
    ("/v1/disclosures?decision=maybe", "invalid_request"),
    ("/v1/citizen-reports/H-1?since=2026-02-01T00:00:00Z&until=2026-02-01T00:00:00Z", "moments_reversed"),
    ("/v1/citizen-reports/H-1/printed?format=doc", "invalid_request"),
]


async def test_a_question_that_makes_no_sense_is_refused(door: Door) -> None:
    for path, code in REFUSED:
        answer = await door.get(path, "guard")
        assert answer.json()["code"] == code, path
        assert 400 <= answer.status_code < 500


async def test_a_household_read_by_id_and_number_is_told_once_and_found_by_both(door: Door) -> None:
    door.registry.answers["/v1/people"] = {"items": [BOTH]}
    for _ in range(2):
        assert (await door.get(PEOPLE, headers={"Tekamoul-Official": "a.mint"})).status_code == 200

    by_id, by_number = await report(door, HOME), await report(door, NUMBER)

    for made in (by_id, by_number):
        reads = [one for one in made["entries"] if one["receiverSystem"] == "alpha"]
        assert len(reads) == 2
        assert reads[0]["receiverName"] == "Alpha"
        assert reads[0]["attributes"] == ["household_id", "household_number", "nni", "phones"]
    assert "9900000001" not in str(by_id)
    assert "a.mint" not in str(by_id), "an institution answers for its officials"


async def test_a_report_joins_what_was_told_by_a_number_alone_and_folds_one_answer(door: Door) -> None:
    await told(door, {"subject": NUMBER, "request": "1" * 32, "attributes": ("village",)})
    await told(
        door,
        {"subject": HOME, "number": NUMBER, "request": "2" * 32},
        {"subject": NUMBER, "request": "2" * 32, "attributes": ("phones",)},
        {"subject": "e-1", "subject_kind": "enrollment", "request": "2" * 32, "attributes": ("status",)},
        {"subject": "H-other", "request": "2" * 32},
    )

    made = await report(door, HOME, also=["e-1"])

    assert [(one["action"], one["attributes"]) for one in made["entries"]] == [
        ("Consultation : inscription à un programme", ["status"]),
        ("Consultation : données du ménage", ["commune", "head_name", "phones", "size"]),
        ("Consultation : données du ménage", ["village"]),
    ]
    assert (made["subjects"], made["complete"], made["receivers"]) == ([HOME, "e-1"], True, ["csa"])
    assert {one["agreement"] for one in made["entries"]} == {"CSA-2026-01 v2"}


async def test_refusals_and_what_was_told_of_others_are_in_nobodys_report(door: Door) -> None:
    await told(door, {"decision": "refused", "code": "not_found", "subject": "", "subjects": 0}, {"subject": "H-2"})

    made = await report(door, "H-1")

    assert (made["entries"], made["receivers"], made["attributes"]) == ([], [], [])
    page = await door.get("/v1/citizen-reports/H-1/printed", "guard", params={"format": "html", "language": "en"})
    assert "Nobody was told anything of you." in page.text


async def test_a_report_ends_at_its_bound_and_says_so(door: Door) -> None:
    await told(door, *({"subject": HOME, "request": f"{one:032x}"} for one in range(MOST_ENTRIES + 1)))

    made = await report(door, HOME)

    assert (len(made["entries"]), made["complete"]) == (MOST_ENTRIES, False)


async def test_the_report_is_printed_in_three_languages(door: Door) -> None:
    await told(
        door,
        {"subject": HOME, "partner": "alpha", "attributes": ("nni", "head_name", "village", "id")},
        {"subject": HOME, "partner": "alpha", "legal_basis": "<script>alert(1)</script>"},
    )
    for language, direction, title, act, word in (
        ("ar", "rtl", "من اطّلع على بياناتكم", "اطلاع: بيانات الأسرة", "رقم التعريف الوطني"),
        (
            "fr",
            "ltr",
            "Qui a consulté vos données",
            "Consultation : données du ménage",
            "numéro national d&#39;identification",
        ),
        ("en", "ltr", "Who looked at your data", "Read: data of the household", "national id"),
    ):
        asked = {"language": language, "format": "html"}
        page = await door.get(f"/v1/citizen-reports/{HOME}/printed", "guard", params=asked)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["content-language"] == language
        assert page.headers["cache-control"] == "no-store"
        assert HOME not in page.headers["content-disposition"]
        assert f'<html lang="{language}" dir="{direction}">' in page.text
        assert title in page.text
        assert act in page.text
        assert word in page.text
        assert "<script" not in page.text
        assert not re.search(r"\b(nni|head_name)\b", page.text), "words, not names of fields"

        file = await door.get(f"/v1/citizen-reports/{HOME}/printed", "guard", params={"language": language})
        assert file.headers["content-type"] == "application/pdf"
        assert file.content.startswith(b"%PDF")


async def test_whoever_may_not_watch_is_refused_and_what_cannot_be_logged_is_not_shown(door: Door) -> None:
    for path in ("/v1/disclosures", "/v1/citizen-reports/H-1", "/v1/citizen-reports/H-1/printed"):
        answer = await door.get(path, "alpha")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    await told(door, {"subject": HOME})
    connection = await asyncpg.connect(str(door.running.platform.settings.database_url))
    await connection.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON disclosures FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
    )
    await connection.close()
    for path in ("/v1/disclosures", f"/v1/citizen-reports/{HOME}"):
        answer = await door.get(path, "guard")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert HOME not in answer.text


def test_who_signed_in_answers_herself_and_a_partner_names_its_official() -> None:
    headers = {"type": "http", "headers": [(b"tekamoul-official", b"a.mint")]}

    signed_in = Person.of(Caller("operator:zeinabou", frozenset()), headers)
    named = Person.of(Caller("guard", frozenset()), headers)
    system = Person.of(Caller("guard", frozenset()), {"type": "http", "headers": []})

    assert (str(signed_in), str(named)) == ("operator/zeinabou", "guard/a.mint"), "no name stands for a partner"
    with pytest.raises(OfficialNeeded):
        system.answering()
