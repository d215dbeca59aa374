"""Pupils by school: how many come from registry households, how many from poor ones, and where a canteen is missing."""

from datetime import date
from typing import Any

import pytest

from matching_cases import Projection, enrollment, household, program
from running import Services, until
from services.matching import projecting, queries
from services.programs.commands.schools import announce_schools
from services.programs.models import School

DAY = date(2026, 11, 24)
CODE = "SCHOOL_FEEDING"


def pupil(number: int, school: str, household_number: int | None, **listed: Any) -> dict[str, Any]:
    """A pupil, found by the household's number where one is given; a stranger's name otherwise."""
    told = {"school": school, "school_key": school.casefold(), "unit": "household"} | listed
    if household_number is None:
        told |= {"name": f"Penda Mint Samba {number}", "sex": "F"}
    return enrollment(CODE, number, household_number, **told)


def a_school(key: str, first: str | None, last: str | None = None) -> dict[str, Any]:
    return {"key": key, "name": key.title(), "commune": "Amourj", "canteen_from": first, "canteen_to": last}


@pytest.fixture
async def counted(projection: Projection) -> Projection:
    """Twelve poor households (0 to 11) and six that are not (12 to 17). By school, with pupils from:

    Kaédi 1, a canteen: five poor, two others, one stranger. Kaédi 2, none: six poor. Kaédi 3, none any more: one poor, five
    others. Kaédi 4, not listed: two strangers.
    """
    await projection.programs(program(CODE, "men"))
    poor = [household(n, vulnerability_category="poor" if n % 2 else "extreme_poor") for n in range(12)]
    others = [household(n, vulnerability_category="vulnerable" if n % 2 else "not_poor") for n in range(12, 18)]
    await projection.households(*poor, *others)
    rows = [("Kaédi 1", n) for n in (0, 1, 2, 3, 4, 12, 13, None)]
    rows += [("Kaédi 2", n) for n in (5, 6, 7, 8, 9, 10)]
    rows += [("Kaédi 3", n) for n in (11, 14, 15, 16, 17, 12)]
    rows += [("Kaédi 4", None)] * 2
    await projection.enrollments(*(pupil(n, school, of) for n, (school, of) in enumerate(rows)), institution="men")
    await projection.link()
    schools = [
        a_school("kaédi 1", "2024-10-06"),
        a_school("kaédi 2", None),
        a_school("kaédi 3", "2022-10-06", "2025-06-19"),
    ]
    async with projection.database.transaction() as tx:
        await projecting.replace_schools(tx, "men", schools)
    return projection


async def shown(projection: Projection, **asked: Any) -> list[tuple[Any, ...]]:
    async with projection.database.transaction() as tx:
        page = await queries.schools(tx, CODE, DAY, asked.get("limit", 50), asked.get("cursor"), asked.get("canteen"))
    return [(one.school, one.canteen, one.pupils, one.linked, one.share, one.poor) for one in page.items]


async def test_pupils_are_counted_by_school_and_small_counts_are_not_shown(counted: Projection) -> None:
    assert await shown(counted) == [
        ("Kaédi 2", False, 6, 6, 1.0, 6),
        ("Kaédi 1", True, 8, 7, 0.875, 5),
        ("Kaédi 3", False, 6, 6, 1.0, None),
        ("Kaédi 4", None, None, 0, None, 0),
    ]


async def test_schools_without_a_canteen_are_asked_for_alone(counted: Projection) -> None:
    assert [one[0] for one in await shown(counted, canteen=False)] == ["Kaédi 2", "Kaédi 3"]
    assert [one[0] for one in await shown(counted, canteen=True)] == ["Kaédi 1"]


async def test_schools_come_by_the_page_in_the_order_of_their_rank(counted: Projection) -> None:
    names, cursor = [], None
    while True:
        async with counted.database.transaction() as tx:
            page = await queries.schools(tx, CODE, DAY, 1, cursor, None)
        names += [one.school for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert names == ["Kaédi 2", "Kaédi 1", "Kaédi 3", "Kaédi 4"]


async def test_a_pupil_who_left_counts_no_more_and_the_list_of_schools_is_taken_over_whole(counted: Projection) -> None:
    await counted.enrollments(pupil(8, "Kaédi 2", 5, version=2, status="exited"), institution="men")
    async with counted.database.transaction() as tx:
        await projecting.replace_schools(tx, "men", [a_school("kaédi 2", "2026-11-24", "2026-11-24")])

    assert (await shown(counted))[:2] == [
        ("Kaédi 1", None, 8, 7, 0.875, 5),
        ("Kaédi 2", True, 5, 5, 1.0, 5),
    ]


async def test_schools_reach_matching_and_are_shown_to_the_programs_keeper(services: Services) -> None:
    men, matching = await services.start("programs-men"), await services.start("matching")
    async with men.client("men", programs=frozenset({CODE})) as officer:
        rows = "Nom complet;École;Commune\n" + "".join(f"Amadou {n};École Kaédi 1;Kaédi\n" for n in range(5))
        await officer.post("/v1/imports", params={"kind": CODE, "filename": "l.csv"}, content=rows.encode())
    async with men.platform.database.transaction() as tx:
        tx.add(School(key="ecole kaedi 1/kaedi", name="École Kaédi 1", commune="Kaédi", canteen_from=date(2024, 10, 6)))
        announce_schools(tx, "men", 1)
        announce_schools(tx, "men", 0)

    async with matching.client("men", programs=frozenset({CODE})) as officer:

        async def counted() -> Any:
            items = (await officer.get("/v1/schools", params={"program": CODE})).json()["items"]
            return items if items and items[0]["canteen"] is not None and items[0]["pupils"] == 5 else None

        [school] = await until(counted, what="the school with its canteen")
        assert (school["key"], school["school"], school["canteen"]) == ("ecole kaedi 1/kaedi", "École Kaédi 1", True)
        listed = await officer.get("/v1/schools", params={"program": "TEKAVOUL"})
        assert listed.status_code == 404
    async with men.client("men", frozenset({"programs:read"})) as reader:
        page = (await reader.get("/v1/schools")).json()
        assert [(one["key"], one["canteen_from"]) for one in page["items"]] == [("ecole kaedi 1/kaedi", "2024-10-06")]
