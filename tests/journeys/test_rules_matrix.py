"""Story 12: a committee secretary fills the rules matrix, two institutions answer for what it forbids, she takes the decision
back, and excludes nobody by it."""

from typing import Any

import httpx
import pytest

from journeys.asking import PROGRAMS, active_households
from running import until
from shared.clock import now
from whole_platform import LoadedPlatform

CELL = "/matching/v1/rules-matrix/TEKAVOUL/EL_MAOUNA"
SECRETARY, CHAIR = {"official": "secretary-1"}, {"official": "chair-1"}
TEXT = {"legal_text": "محضر لجنة التنسيق رقم 7، النقطة 3", "language": "ar"}


async def decided(committee: Any, body: dict[str, Any], if_match: str) -> httpx.Response:
    """The secretary proposes, and the chair approves; herself she may not."""
    answer = await committee.answer("PUT", CELL, body=body | SECRETARY, if_match=if_match)
    approve = f"/matching/v1/matrix-proposals/{answer.json()['proposal']['id']}/approve"
    with pytest.raises(httpx.HTTPStatusError, match="403"):
        await committee.call("POST", approve, body=SECRETARY, if_match='"1"')
    await committee.call("POST", approve, body=CHAIR, if_match='"1"')
    found: httpx.Response = await committee.answer("GET", CELL)
    return found


async def cases_of(client: Any, **asked: Any) -> list[dict[str, Any]]:
    found = [one async for one in client.pages("/matching/v1/overlap-cases", **asked)]
    return [one for one in found if {side["program"] for side in one["sides"]} == {"EL_MAOUNA", "TEKAVOUL"}]


async def ceased_of(client: Any, wanted: int) -> list[dict[str, Any]] | None:
    found = await cases_of(client, status="ceased")
    return found if len(found) == wanted else None


async def both_institutions_answer(loaded: LoadedPlatform, both: int) -> None:
    """Each household that is in both is a case of two institutions; of one they agree, of one they do not."""
    async with loaded.platform.client("csa") as officer, loaded.platform.client("taazour") as keeper:

        async def opened() -> bool:
            return len(await cases_of(officer, status="open")) == both

        await until(opened, what="a case for each household that is in both")
        agreed, disputed, *_ = await cases_of(officer, status="open")
        food = next(one for one in agreed["sides"] if one["mine"])
        assert food["program"] == "EL_MAOUNA" and food["enrollment_ids"]
        for case, theirs, outcome in ((agreed, "end_here", "one_ends"), (disputed, "keep_here", None)):
            path = f"/matching/v1/overlap-cases/{case['id']}/answer"
            await officer.call("POST", path, body={"official": "officer-1", "answer": theirs}, if_match='"1"')
            body = {"official": "clerk-1", "answer": "keep_here", "program": "TEKAVOUL"}
            made = await keeper.call("POST", path, body=body, if_match='"2"')
            assert made["outcome"] == outcome
        settle = f"/matching/v1/overlap-cases/{disputed['id']}/settle"
        body = {"official": "director-1", "outcome": "exception", "legal_reference": "محضر رقم 8"}
        assert (await keeper.call("POST", settle, body=body, if_match='"3"'))["status"] == "resolved"
        [figures] = [
            one for one in await officer.get("/matching/v1/overlap-cases/summary") if one["program_b"] == "TEKAVOUL"
        ]
        assert (figures["opened"], figures["resolved"]) == (both, None), "two are few"


async def test_a_secretary_fills_the_matrix_and_nobody_is_excluded_by_it(loaded: LoadedPlatform) -> None:
    platform, today = loaded.platform, str(now().date())
    before = await active_households(platform)
    async with platform.client("taazour") as secretary:
        matrix = [one async for one in secretary.pages("/matching/v1/rules-matrix")]
        assert len(matrix) == 28  # pairs of 8 programs
        assert {one["overlap_class"] for one in matrix} == {"undecided"}

        empty = await secretary.answer("GET", CELL)
        tolerated = TEXT | {"overlap_class": "tolerated", "valid_from": "2026-01-01"}
        first = await decided(secretary, tolerated, empty.headers["ETag"])
        forbidden = TEXT | {"overlap_class": "forbidden", "valid_from": today}
        tried = await secretary.call("POST", f"{CELL}/simulate", body=forbidden)
        second = await decided(secretary, forbidden, first.headers["ETag"])
        assert second.json()["overlap_class"] == "forbidden"
        with pytest.raises(httpx.HTTPStatusError) as stale:
            await secretary.answer("PUT", CELL, body=tolerated | SECRETARY, if_match=first.headers["ETag"])
        assert stale.value.response.status_code == 412

        cells = (await secretary.get("/matching/v1/overlaps"))["cells"]
        pair = next(one for one in cells if (one["program_a"], one["program_b"]) == ("EL_MAOUNA", "TEKAVOUL"))
        both = len(before["EL_MAOUNA"] & before["TEKAVOUL"])
        assert both >= 5
        assert (pair["count"], pair["overlap_class"]) == (both, "forbidden")
        assert (tried["households"], tried["cases_opened"], tried["before"]["tolerated"]) == (both, both, both)
        page = await secretary.answer("GET", "/matching/v1/rules-matrix/pdf", language="ar")
        assert page.content.startswith(b"%PDF-")

        await both_institutions_answer(loaded, both)
        undone = await decided(secretary, tolerated | {"valid_from": today}, second.headers["ETag"])
        assert (undone.json()["overlap_class"], undone.headers["ETag"]) == ("tolerated", '"3"')
        turns = [(one["overlap_class"], one["before"]) async for one in secretary.pages(f"{CELL}/history")]
        assert turns == [("tolerated", "forbidden"), ("forbidden", "tolerated"), ("tolerated", "undecided")]
    async with platform.client("csa") as other:
        for ask in (other.get(CELL), other.call("PUT", CELL, body=tolerated | SECRETARY, if_match='"3"')):
            with pytest.raises(httpx.HTTPStatusError) as closed:
                await ask
            assert closed.value.response.status_code == 403
        ceased = await until(lambda: ceased_of(other, both - 2), what="the cases to cease with their rule")
        assert {one["ended_because"] for one in ceased} == {"no_longer_forbidden"}
    await platform.quiet()
    assert set(before) == set(PROGRAMS)
    assert await active_households(platform) == before
