"""What another institution reads of an institution's enrollments: those its agreement reaches, in the form it allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from running import Running
from services.programs.models import Enrollment
from shared.agreements import Agreement

READING = frozenset({"enrollments:read", "enrollments:check"})
AGREEMENT = Agreement(
    id="A-1", version=1, provider="taazour", purposes=frozenset({"planning"}), programs=frozenset({"TEKAVOUL"}),
    places=frozenset(), attributes=frozenset({"program", "enrollment_status", "household_number"}), volume_per_query=2,
    not_before=date(2026, 1, 1), not_after=date(2099, 12, 31), legal_basis="Protocol 12/2026",
    transformed=frozenset({("name", "masked"), ("enrolled_on", "year_only"), ("size", "band"), ("nni", "boolean")}),
)  # fmt: skip


class Reading:
    """Taazour's programs as CNAM reads them, under one agreement after another."""

    def __init__(self, taazour: Running) -> None:
        self.taazour = taazour

    async def get(self, path: str, agreement: Agreement | None = AGREEMENT, **params: Any) -> httpx.Response:
        return await self._ask("GET", path, agreement, params=params)

    async def enrolled(self, agreement: Agreement | None = AGREEMENT, **body: str) -> httpx.Response:
        return await self._ask("POST", "/v1/enrolled", agreement, json=body)

    async def _ask(self, method: str, path: str, agreement: Agreement | None, **sent: Any) -> httpx.Response:
        own = frozenset({"HEALTH_INSURANCE"})
        async with self.taazour.client("cnam", READING, own, agreement=agreement, purpose="planning") as client:
            return await client.request(method, path, **sent)


@pytest.fixture
async def reading(
    start: Callable[[str], Awaitable[Running]],
    send: Callable[..., Awaitable[dict[str, Any]]],
    csv_file: Callable[..., bytes],
) -> Reading:
    """Three households of Tekavoul, the first two in Amourj, the third nowhere known; one of the insurance."""
    programs = await start("taazour")
    async with programs.client("taazour", programs=frozenset({"TEKAVOUL", "HEALTH_INSURANCE"})) as client:
        rows = [[f"MR051000000{number}", f"Sidi {number}", 4] for number in (1, 2, 3)]
        await send(client, "TEKAVOUL", csv_file(["N° Ménage", "Nom complet", "Taille ménage"], *rows))
        rows = [["MR0510000001", "Sidi 1", "add"]]
        await send(client, "HEALTH_INSURANCE", csv_file(["N° Ménage", "Nom complet", "Action"], *rows))
    async with programs.platform.database.transaction() as tx:
        await tx.execute(update(Enrollment).values(place_code="MR011-C01").where(Enrollment.name != "Sidi 3"))
    return Reading(programs)


async def test_only_what_the_agreement_allows_is_told_of_its_programs(reading: Reading) -> None:
    page = (await reading.get("/v1/enrollments")).json()
    rest = (await reading.get("/v1/enrollments", cursor=page["next_cursor"])).json()

    assert [len(page["items"]), len(rest["items"])] == [2, 1], "no more than one question may bring"
    one = page["items"][0]
    enrolled_on = one.pop("enrolled_on")
    assert enrolled_on == str(date.today().year)  # noqa: DTZ011 - a file's rows are enrolled on its day, in UTC
    assert one == {
        "id": one["id"], "row": {"program": "TEKAVOUL", "place": "MR011-C01"}, "program": "TEKAVOUL", "status": "enrolled",
        "household_number": "MR0510000001", "name": "S.", "household_size": "3-5", "nni": False,
    }  # fmt: skip
    assert rest["items"][0]["row"] == {"program": "TEKAVOUL", "place": None}
    assert (await reading.get(f"/v1/enrollments/{one['id']}", fields="program")).json() == {
        "id": one["id"], "row": {"program": "TEKAVOUL", "place": "MR011-C01"}, "program": "TEKAVOUL",
    }  # fmt: skip


async def test_outside_of_programs_and_places_is_as_if_there_were_nothing(reading: Reading) -> None:
    own = (await reading.get("/v1/enrollments", None)).json()["items"]
    everywhere = replace(AGREEMENT, volume_per_query=9)
    third = (await reading.get("/v1/enrollments", everywhere)).json()["items"][2]["id"]
    unknown = "0192d3a0-0000-7000-8000-000000000000"

    async def numbers(*places: str) -> list[str]:
        page = (await reading.get("/v1/enrollments", replace(everywhere, places=frozenset(places)))).json()
        return [one["household_number"][-1] for one in page["items"]]

    assert [one["program"] for one in own] == ["HEALTH_INSURANCE"], "without an agreement, its own"
    for places, found in (("MR01", "12"), ("MR011", "12"), ("MR011-C01", "12"), ("MR011-C02", ""), ("MR02", "")):
        assert "".join(await numbers(places)) == found
    theirs = await reading.get(f"/v1/enrollments/{own[0]['id']}")
    nowhere = await reading.get(f"/v1/enrollments/{third}", replace(AGREEMENT, places=frozenset({"MR01"})))
    nobodys = await reading.get(f"/v1/enrollments/{unknown}")
    same = [{k: v for k, v in one.json().items() if k != "trace_id"} for one in (theirs, nowhere, nobodys)]
    assert (same[0], same[1], nobodys.status_code) == (same[2], same[2], 404)
    assert await numbers() == ["1", "2", "3"]


async def test_whether_somebody_is_enrolled_is_told_of_the_agreements_programs_and_places(reading: Reading) -> None:
    asked = {"program": "TEKAVOUL", "household_number": "MR0510000001"}
    in_amourj = replace(AGREEMENT, places=frozenset({"MR01"}))

    yes = (await reading.enrolled(**asked)).json()
    third = (await reading.enrolled(in_amourj, **asked | {"household_number": "MR0510000003"})).json()
    nobody = (await reading.enrolled(in_amourj, **asked | {"household_number": "MR0510000099"})).json()
    status_alone = replace(AGREEMENT, attributes=frozenset({"enrollment_status"}), transformed=frozenset())
    short = (await reading.enrolled(status_alone, **asked)).json()
    not_agreed = await reading.enrolled(**asked | {"program": "HEALTH_INSURANCE"})
    own = (await reading.enrolled(None, **asked | {"program": "HEALTH_INSURANCE"})).json()

    assert (yes["enrolled"], yes["status"], len(yes["since"])) == (True, "enrolled", 4)
    assert third == nobody
    assert nobody == {
        "row": {"program": "TEKAVOUL", "place": "MR01"}, "program": "TEKAVOUL", "enrolled": False, "status": None, "since": None,
    }  # fmt: skip
    assert short.keys() == {"row", "enrollment_id", "enrolled", "status"}
    assert (not_agreed.status_code, not_agreed.json()["code"]) == (404, "not_found")
    assert own["enrolled"] is True


async def test_what_is_asked_beyond_the_agreement_is_refused(reading: Reading) -> None:
    for params in (
        {"fields": "program,phones"},
        {"import_id": "0192d3a0-0000-7000-8000-000000000000"},
        {"link_status": "linked"},
    ):
        answer = await reading.get("/v1/enrollments", **params)
        assert (answer.status_code, answer.json()["code"]) == (403, "fields_not_shared"), params
    masked = replace(AGREEMENT, attributes=frozenset({"program"}))
    for params in ({"status": "enrolled"}, {"household_id": "0192d3a0-0000-7000-8000-000000000000"}):
        assert (await reading.get("/v1/enrollments", masked, **params)).status_code == 403, params
    assert len((await reading.get("/v1/enrollments", status="enrolled")).json()["items"]) == 2
