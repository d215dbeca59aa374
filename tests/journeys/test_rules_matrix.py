"""Story 12: a committee secretary fills the rules matrix, takes a decision back, and excludes nobody by it."""

from typing import Any

import httpx
import pytest

from journeys.asking import PROGRAMS, active_households
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

        undone = await decided(secretary, tolerated | {"valid_from": today}, second.headers["ETag"])
        assert (undone.json()["overlap_class"], undone.headers["ETag"]) == ("tolerated", '"3"')
        turns = [(one["overlap_class"], one["before"]) async for one in secretary.pages(f"{CELL}/history")]
        assert turns == [("tolerated", "forbidden"), ("forbidden", "tolerated"), ("tolerated", "undecided")]
    async with platform.client("csa") as other:
        for ask in (other.get(CELL), other.call("PUT", CELL, body=tolerated | SECRETARY, if_match='"3"')):
            with pytest.raises(httpx.HTTPStatusError) as closed:
                await ask
            assert closed.value.response.status_code == 403
    await platform.quiet()
    assert set(before) == set(PROGRAMS)
    assert await active_households(platform) == before
