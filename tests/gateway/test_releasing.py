"""What leaves of an answer about people: nothing but what every step let pass, and of nobody outside the table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.partners.file import NotConfigured
from gateway.releasing import Answer, Releasing
from gateway.routing import Routes, Subject, subjects_of
from gateway.settings import SHIPPED_ROUTES
from shared.errors import MethodNotAllowed, NotFound, Unavailable
from tests.gateway.conftest import Door

FATIMETOU = {"individual_id": "i-1", "household_id": "h-1", "name": "Fatimetou", "phone": None}


async def refuse(answer: Answer) -> None:
    raise Unavailable


async def test_what_a_step_refuses_does_not_leave(door: Door) -> None:
    door.registry.answers["/v1/people"] = {"items": [FATIMETOU]}
    door.gateway._releasing = Releasing([refuse])

    answer = await door.get("/registry/v1/people")

    assert answer.status_code == 503
    assert "Fatimetou" not in answer.text


async def test_a_file_does_not_leave_where_a_step_refuses(door: Door) -> None:
    door.registry.answers["/v1/people/7/file"], door.registry.kind = b"size\n5\n", "text/csv"
    door.gateway._releasing = Releasing([refuse])

    assert (await door.get("/registry/v1/people/7/file")).status_code == 503


async def test_a_step_sees_who_is_told_of_and_may_change_what_leaves(door: Door) -> None:
    door.registry.answers["/v1/people"] = {"items": [FATIMETOU, FATIMETOU | {"individual_id": "i-2"}]}
    seen: list[Answer] = []

    async def alias(answer: Answer) -> None:
        seen.append(answer)
        for one in answer.content["items"]:
            one["household_id"] = "ours"
        answer.changed = True

    subjects: list[list[Subject]] = []

    async def note(answer: Answer) -> None:
        subjects.append(answer.subjects())

    door.gateway._releasing = Releasing([note, alias])
    headers = {
        "Tekamoul-Official": "a.mint.sidi",
        "Tekamoul-Case": "G-17",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    }
    answer = await door.get("/registry/v1/people", headers=headers)

    assert answer.headers["content-length"] == str(len(answer.content))
    assert [one["household_id"] for one in answer.json()["items"]] == ["ours", "ours"]
    told = ("household_id", "individual_id", "name")
    assert subjects == [
        [Subject("individual", "i-1", told), Subject("household", "h-1", told), Subject("individual", "i-2", told)]
    ]
    (one,) = seen
    assert (one.partner.id, one.official, one.case, one.request_id) == ("alpha", "a.mint.sidi", "G-17", "a" * 32)


async def test_an_answer_that_is_read_on_its_way_out_is_asked_for_uncompressed(door: Door) -> None:
    door.registry.answers["/v1/people"] = {"items": []}

    await door.get("/registry/v1/people", headers={"Accept-Encoding": "gzip"})
    await door.get("/registry/v1/echo", headers={"Accept-Encoding": "gzip"})

    people, echo = door.registry.seen[-2:]
    assert ["accept-encoding", "gzip"] not in people["headers"]
    assert ["accept-encoding", "gzip"] in echo["headers"]


async def test_an_answer_too_large_to_be_read_whole_is_refused(door: Door) -> None:
    door.registry.answers["/v1/large"] = {"items": ["x" * 1000] * 9000}

    answer = await door.get("/registry/v1/large")

    assert (answer.status_code, answer.json()["code"]) == (500, "answer_too_large")


async def test_an_address_outside_the_table_does_not_exist(door: Door) -> None:
    unknown: httpx.Response = await door.get("/registry/v1/not-of-the-table")
    wrong = await door.client.put("/registry/v1/places", headers=await door.as_("alpha"))

    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert [one["path"] for one in door.registry.seen if one["path"].startswith("/v1/")] == []


def test_a_name_wins_over_a_placeholder_and_a_placeholder_takes_any_one_segment(tmp_path: Path) -> None:
    file = tmp_path / "routes.json"
    paths = ("/v1/things", "/v1/things/{id}", "/v1/things/own", "/v1/things/{id}/file")
    file.write_text(
        json.dumps([{"service": "registry", "path": one, "method": "GET", "permission": ""} for one in paths])
    )
    routes = Routes(file)

    def path_of(asked: str) -> str:
        return routes.find("registry", "GET", asked).path

    assert [path_of("/v1/things"), path_of("/v1/things/7"), path_of("/v1/things/own")] == [*paths[:3]]
    assert path_of("/v1/things/own/file") == paths[3]
    for unknown in ("/v1", "/v1/things/7/8", "/v1/things//file", "/v1/things/7/file/more"):
        with pytest.raises(NotFound):
            routes.find("registry", "GET", unknown)
    with pytest.raises(MethodNotAllowed):
        routes.find("registry", "POST", "/v1/things/7")
    with pytest.raises(NotFound):
        routes.find("nobody", "GET", "/v1/things")


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"service": "registry"}]', '[{"path": "/v1/{a}b"}]'])
def test_a_table_that_cannot_be_read_stops_the_start(tmp_path: Path, content: str) -> None:
    file = tmp_path / "routes.json"
    file.write_text(content)

    with pytest.raises(NotConfigured):
        Routes(file)


HOUSEHOLD: dict[str, Any] = {
    "id": "h-1",
    "number": "MR05",
    "phones": [],
    "members": [{"individual_id": "i-1", "name_ar": "فاطمة", "nni": None}],
}


def test_a_household_is_told_of_and_each_of_its_members() -> None:
    route = Routes(SHIPPED_ROUTES).find("registry", "GET", "/v1/households/h-1")

    assert subjects_of(route, "/v1/households/h-1", HOUSEHOLD) == [
        Subject("household", "h-1", ("id", "members", "number"), "MR05"),
        Subject("individual", "i-1", ("individual_id", "name_ar")),
    ]


def test_who_is_named_by_id_and_number_in_one_object_is_one(tmp_path: Path) -> None:
    fields = {
        "household_id": "household", "household_number": "household", "individual_number": "individual",
        "registry_household_id": "household",
    }  # fmt: skip
    row = {"service": "registry", "path": "/v1/x", "method": "GET", "permission": "", "records": {"/*": fields}}
    (tmp_path / "routes.json").write_text(json.dumps([row]))
    route = Routes(tmp_path / "routes.json").find("registry", "GET", "/v1/x")

    def told(**one: Any) -> list[tuple[str, str, str]]:
        return [(subject.kind, subject.id, subject.number) for subject in subjects_of(route, "/v1/x", [one])]

    assert told(household_id="h-1", household_number="MR05") == [("household", "h-1", "MR05")]
    assert told(household_id=None, household_number="MR05") == [("household", "MR05", "")]
    assert told(household_id="h-1", household_number=None) == [("household", "h-1", "")]
    # The number on an institution's list may be another household's than the registry's id beside it.
    assert told(household_number="MR05", registry_household_id="h-2") == [
        ("household", "MR05", ""), ("household", "h-2", ""),
    ]  # fmt: skip
    assert told(individual_number="P-7") == [("individual", "P-7", "")]


async def test_the_headers_of_an_answer_about_people_are_given_once_the_log_has_them(door: Door) -> None:
    door.registry.answers["/v1/people"] = {"items": [FATIMETOU]}
    let_pass: list[Answer] = []

    async def note(answer: Answer) -> None:
        let_pass.append(answer)

    door.gateway._releasing = Releasing([note])
    answer = await door.client.head("/registry/v1/people", headers=await door.as_("alpha"))

    assert (answer.status_code, answer.content) == (200, b"")
    assert [one.content for one in let_pass] == [None]
    door.gateway._releasing = Releasing([refuse])
    assert (await door.client.head("/registry/v1/people", headers=await door.as_("alpha"))).status_code == 503


def test_each_institutions_programs_are_found_in_one_table() -> None:
    route = Routes(SHIPPED_ROUTES).find("programs-csa", "GET", "/v1/enrollments")

    assert [
        subject.kind
        for subject in subjects_of(route, "/v1/enrollments", {"items": [{"id": "e-1", "registry_household_id": None}]})
    ] == ["enrollment"]


def test_an_answer_below_someones_address_is_about_that_one() -> None:
    route = Routes(SHIPPED_ROUTES).find("registry", "GET", "/v1/households/h-9/history")
    history = {"items": [{"version": 2, "reason": None}, {"version": 1, "reason": "listed"}], "next_cursor": None}

    assert route.discloses
    assert subjects_of(route, "/v1/households/h-9/history", history) == [
        Subject("household", "h-9", ("reason", "version"))
    ]
