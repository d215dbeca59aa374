"""A citizen is told of the files she stood in: the log knows which left, the services who was in them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from gateway.disclosures.steps import address_of
from shared.file_members import FILES_PATH, NAMES_PATH
from shared.ids import new_id
from tests.gateway.conftest import Door
from tests.gateway.disclosures.conftest import disclosure

HOME, NUMBER, BEFORE = str(uuid4()), "MR05-0000017", str(uuid4())
LIST, OTHER_LIST, NEVER = (f"/v1/targeting-lists/{new_id()}" for _ in range(3))
DELTA = "/v1/deltas/3/file"
DIGEST = "#sha256=" + "a" * 64
FIRST, SECOND = {"Tekamoul-Official": "dpo.1"}, {"Tekamoul-Official": "dpo.2"}


def file(path: str, **changed: Any) -> dict[str, Any]:
    """A row of a file that left: 20 households, and three columns."""
    return {
        "subject_kind": "file", "subject": f"{path}{DIGEST}", "subjects": 20, "official": "", "route": "GET /file",
        "attributes": ("head_name", "household_number", "size"), "request": uuid4().hex,
    } | changed  # fmt: skip


def written(path: str, partner: str = "csa", **part: str) -> dict[str, Any]:
    return {"path": path, "partner": partner, "part": part}


async def told(door: Door, *rows: dict[str, Any]) -> None:
    await door.gateway.state.recorder.record([disclosure(**row) for row in rows])


async def report(door: Door, subject: str = HOME, language: str = "en") -> dict[str, Any]:
    answer = await door.get(f"/v1/citizen-reports/{subject}", "guard", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    made["entries"] = [one for one in made["entries"] if one["attributes"] != ["disclosures"]]  # who read such a report
    return made


def stands_in(door: Door, *files: dict[str, Any], names: tuple[str, ...] = (), complete: bool = True) -> None:
    door.registry.answers[NAMES_PATH] = {"names": [*names]}
    door.csa.answers[FILES_PATH] = {"files": list(files), "complete": complete}


async def test_a_report_has_the_files_that_left_with_her_in_them_and_no_others(door: Door) -> None:
    await told(
        door,
        file(f"{LIST}/file"),
        file(
            f"{LIST}/file", subject=f"{LIST}/file#sha256={'b' * 64}", partner="alpha"
        ),  # of her list, but not its recipient
        file(f"{OTHER_LIST}/file"),
        file(f"{LIST}/printed?commune=MR011-C01", attributes=("household_number",)),
        file(f"{LIST}/printed?commune=MR011-C02"),  # the page of another commune
        file(f"{DELTA}?program=FIRST"),
        file(f"{DELTA}?program=SECOND"),
        file(f"{LIST}/file", decision="refused", subject="", subjects=0, code="answer_held_back"),
        {"subject": HOME, "attributes": ("score",)},
    )
    stands_in(
        door,
        written(f"{LIST}/file"),
        written(f"{LIST}/printed", commune="MR011-C01"),
        written(f"{NEVER}/file"),
        written(DELTA, program="FIRST"),
    )

    made = await report(door)

    assert [(one["action"], one["attributes"]) for one in made["entries"]] == [
        ("Read: data of the household", ["score"]),
        ("Read: list or file that had you in it", ["head_name", "household_number", "size"]),
        ("Read: list or file that had you in it", ["household_number"]),
        ("Read: list or file that had you in it", ["head_name", "household_number", "size"]),
    ]
    assert {(one["receiverSystem"], one["purpose"], one["agreement"]) for one in made["entries"]} == {
        ("csa", "shock_response", "CSA-2026-01 v2")
    }
    assert (made["partial"], made["unanswered"], made["complete"]) == (False, [], True)
    stands_in(door)
    assert [one["attributes"] for one in (await report(door))["entries"]] == [["score"]]


async def test_whom_the_registry_merged_is_told_of_what_was_told_under_either_name(door: Door) -> None:
    await told(door, {"subject": BEFORE, "attributes": ("village",)}, file(f"{LIST}/file"))
    stands_in(door, written(f"{LIST}/file"), names=(HOME, NUMBER, BEFORE))

    made = await report(door, NUMBER)

    assert len(made["entries"]) == 2
    asked = [one["body"] for one in door.csa.seen if one["path"] == FILES_PATH]
    assert all(name in asked[-1] for name in (HOME, NUMBER, BEFORE))


@pytest.mark.parametrize("entries", [0, 1])
async def test_where_a_service_does_not_answer_the_report_says_so_in_three_languages(door: Door, entries: int) -> None:
    await told(door, *[{"subject": HOME}] * entries)
    for wrong in (None, {"files": "none"}):
        door.csa.answers.pop(FILES_PATH, None)
        if wrong is not None:
            door.csa.answers[FILES_PATH] = wrong
        made = await report(door)
        assert (made["partial"], made["unanswered"], len(made["entries"])) == (True, ["programs-csa"], entries)
    await door.csa.stop()
    for language, words in (
        ("ar", ("بيان ناقص", "لم تجب")),
        ("fr", ("Relevé partiel", "n&#39;a pas répondu")),
        ("en", ("Partial report", "did not answer")),
    ):
        asked = {"language": language, "format": "html"}
        page = await door.get(f"/v1/citizen-reports/{HOME}/printed", "guard", params=asked)
        assert all(word in page.text for word in (*words, "programs-csa"))
    assert "Nobody was told anything of you." not in page.text


async def test_where_a_service_has_more_files_than_it_tells_the_report_is_not_complete(door: Door) -> None:
    stands_in(door, complete=False)

    made = await report(door)

    assert (made["complete"], made["partial"]) == (False, False)


async def test_an_erasure_makes_the_services_forget_first(door: Door) -> None:
    await told(door, {"subject": HOME, "number": NUMBER}, file(f"{LIST}/file"))
    stands_in(door, written(f"{LIST}/file"), names=(HOME, NUMBER))
    guard = await door.as_("guard")
    asked = await door.client.post(
        "/v1/erasures", headers=guard | FIRST, json={"subject": NUMBER, "reason": "décision de l'autorité n° 4/2026"}
    )
    approve = f"/v1/erasures/{asked.json()['id']}/approve"
    forget = f"{FILES_PATH}/forget"

    assert (await door.client.post(approve, headers=guard | FIRST)).json()["code"] == "same_person"
    assert not [one for one in door.csa.seen if one["path"] == forget]
    kept = door.csa.answers.pop(forget)
    for language, word in (("ar", "لم تؤكد"), ("fr", "confirmé"), ("en", "confirm")):
        refused = await door.client.post(approve, headers=guard | SECOND | {"Accept-Language": language})
        assert (refused.status_code, refused.json()["code"]) == (503, "files_not_forgotten")
        assert word in refused.json()["title"] and "programs-csa" in refused.json()["title"]
        assert refused.headers["retry-after"]
    assert len((await report(door))["entries"]) == 2, "nothing was erased"
    door.csa.answers[forget] = kept
    done = await door.client.post(approve, headers=guard | SECOND)
    assert (done.status_code, done.json()["erased"]) == (200, 1)
    (*_, last) = [one["body"] for one in door.csa.seen if one["path"] == forget]
    assert HOME in last and NUMBER in last
    assert (await door.client.post(approve, headers=guard | SECOND)).json()["code"] == "already_decided"


async def test_whom_only_a_file_has_may_be_forgotten_too(door: Door) -> None:
    guard, body = await door.as_("guard"), {"subject": NUMBER, "reason": "décision de l'autorité n° 4/2026"}
    nobody = await door.client.post("/v1/erasures", headers=guard | FIRST, json=body)
    stands_in(door, written(f"{LIST}/file"), names=(HOME, NUMBER))
    asked = await door.client.post("/v1/erasures", headers=guard | FIRST, json=body)
    done = await door.client.post(f"/v1/erasures/{asked.json()['id']}/approve", headers=guard | SECOND)

    assert (nobody.status_code, nobody.json()["code"]) == (404, "nobody_logged")
    assert (asked.status_code, done.status_code, done.json()["erased"]) == (201, 200, 0)
    (forgotten,) = [one["body"] for one in door.csa.seen if one["path"] == f"{FILES_PATH}/forget"]
    assert HOME in forgotten and NUMBER in forgotten


def test_the_address_of_a_file_has_what_says_which_part_it_is_and_nothing_else() -> None:
    assert address_of("/v1/a/file", b"", ("commune",)) == "/v1/a/file"
    assert address_of("/v1/a/file", b"language=fr&name=Sidi", ("commune",)) == "/v1/a/file"
    query = b"commune=MR011-C01&language=fr&commune=MR011%23C02"
    assert address_of("/v1/a/file", query, ("commune",)) == "/v1/a/file?commune=MR011%23C02"
