"""Story 12: a committee secretary fills the rules matrix, takes a decision back, and excludes nobody by it."""

import httpx
import pytest

from journeys.asking import PROGRAMS, active_households
from shared.clock import now
from whole_platform import LoadedPlatform

CELL = "/matching/v1/rules-matrix/TEKAVOUL/EL_MAOUNA"
TEXT = {"legal_text": "محضر لجنة التنسيق رقم 7، النقطة 3", "language": "ar"}


async def test_a_secretary_fills_the_matrix_and_nobody_is_excluded_by_it(loaded: LoadedPlatform) -> None:
    platform, today = loaded.platform, str(now().date())
    before = await active_households(platform)
    async with platform.client("taazour") as secretary:
        matrix = [one async for one in secretary.pages("/matching/v1/rules-matrix")]
        assert len(matrix) == 28  # pairs of 8 programs
        assert {one["overlap_class"] for one in matrix} == {"undecided"}

        empty = await secretary.answer("GET", CELL)
        tolerated = TEXT | {"overlap_class": "tolerated", "valid_from": "2026-01-01"}
        first = await secretary.answer("PUT", CELL, body=tolerated, if_match=empty.headers["ETag"])
        forbidden = TEXT | {"overlap_class": "forbidden", "valid_from": today}
        second = await secretary.answer("PUT", CELL, body=forbidden, if_match=first.headers["ETag"])
        assert second.json()["overlap_class"] == "forbidden"
        with pytest.raises(httpx.HTTPStatusError) as stale:
            await secretary.answer("PUT", CELL, body=tolerated, if_match=first.headers["ETag"])
        assert stale.value.response.status_code == 412

        cells = (await secretary.get("/matching/v1/overlaps"))["cells"]
        pair = next(one for one in cells if (one["program_a"], one["program_b"]) == ("EL_MAOUNA", "TEKAVOUL"))
        both = len(before["EL_MAOUNA"] & before["TEKAVOUL"])
        assert both >= 5
        assert (pair["count"], pair["overlap_class"]) == (both, "forbidden")

        undone = await secretary.answer(
            "PUT", CELL, body=tolerated | {"valid_from": today}, if_match=second.headers["ETag"]
        )
        assert (undone.json()["overlap_class"], undone.headers["ETag"]) == ("tolerated", '"3"')
        turns = [(one["overlap_class"], one["before"]) async for one in secretary.pages(f"{CELL}/history")]
        assert turns == [("tolerated", "forbidden"), ("forbidden", "tolerated"), ("tolerated", "undecided")]
    async with platform.client("csa") as other:
        for ask in (other.get(CELL), other.call("PUT", CELL, body=tolerated, if_match='"3"')):
            with pytest.raises(httpx.HTTPStatusError) as closed:
                await ask
            assert closed.value.response.status_code == 403
    await platform.quiet()
    assert set(before) == set(PROGRAMS)
    assert await active_households(platform) == before
