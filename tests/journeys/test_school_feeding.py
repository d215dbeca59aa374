"""Story 7: a school-feeding officer learns the share of pupils from registry households by school, and which schools
without a canteen have most poor children."""

from collections import Counter, defaultdict
from typing import Any

from journeys.asking import enrollments, links
from running import until
from shared.clock import now
from shared.text import fold
from whole_platform import LoadedPlatform, WholePlatform

PROGRAM = "SCHOOL_FEEDING"
POOR = ("extreme_poor", "poor")
NEW_SCHOOL = "École Neuve"
SCHOOL_AGE = range(6, 15)


async def test_an_officer_sees_where_pupils_are_poor_and_a_canteen_is_missing(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    await enroll_poor_children(platform)
    pupils = {one["id"]: one for one in await enrollments(platform, PROGRAM) if one["status"] == "enrolled"}
    by_school = await counted_by_hand(platform, pupils)
    assert max(poor for _, _, poor in by_school.values()) >= 5, "there is a school to tell about"
    names = sorted(by_school)
    without = [name for place, name in enumerate(names) if name.startswith(fold(NEW_SCHOOL)) or place % 2]

    await send_schools(platform, pupils, without)

    async with platform.client("men") as client:
        path = "/matching/v1/schools"

        async def known() -> list[Any]:
            shown = [one async for one in client.pages(path, program=PROGRAM)]
            return shown if all(one["canteen"] is not None for one in shown) else []

        shown = await until(known, what="the canteens to be known")
        missing = [one async for one in client.pages(path, program=PROGRAM, canteen="false")]
    assert {one["key"]: (one["pupils"], one["linked"], one["poor"]) for one in shown} == {
        name: tuple(None if 0 < count < 5 else count for count in counts) for name, counts in by_school.items()
    }
    for one in shown:
        if one["share"] is not None:
            assert abs(one["share"] - one["linked"] / one["pupils"]) < 0.0001
    assert {one["key"] for one in missing} == set(without)
    ranked = [one["poor"] or 0 for one in missing]
    assert missing[0]["key"].startswith(fold(NEW_SCHOOL)) and ranked[0] >= 5
    assert ranked == sorted(ranked, reverse=True)


async def enroll_poor_children(platform: WholePlatform) -> None:
    """The list of a school that has opened where most poor children live, as its ministry would send it."""
    async with platform.client("taazour") as client:
        places = {one["code"]: one async for one in client.pages("/registry/v1/places")}
        poor = [
            await client.get(f"/registry/v1/households/{one['id']}")
            async for one in client.pages("/registry/v1/households")
            if one["vulnerability_category"] in POOR and one["status"] == "active"
        ]
    children: dict[str, list[str]] = defaultdict(list)
    for household in poor:
        commune = places[household["commune_code"]]
        moughataa = places[commune["parent_code"]]
        where = [one["name_fr"] for one in (places[moughataa["parent_code"]], moughataa, commune)]
        father = next(
            (one for one in household["members"] if one["relationship"] == "head" and one["sex"] == "M"), None
        )
        for one in household["members"]:
            age = now().year - int(one["birth_date"][:4])
            if father and one["relationship"] == "child" and age in SCHOOL_AGE and one["name_fr"] and father["name_fr"]:
                told = [*where, NEW_SCHOOL, one["name_fr"], father["name_fr"], one["sex"], one["birth_date"][:4]]
                children[commune["code"]].append(";".join(told))
    header = "Wilaya;Moughataa;Commune;École;Nom de l'élève;Nom du père;Sexe;Année de naissance"
    file = "\n".join([header, *max(children.values(), key=len)]).encode()
    await send(platform, PROGRAM, file)
    await platform.quiet()


async def send(platform: WholePlatform, kind: str, file: bytes) -> dict[str, Any]:
    async with platform.client("men") as client:
        path = "/programs/men/v1/imports"
        sent = await client.call("POST", path, content=file, kind=kind, filename="ecoles.csv")

        async def ended() -> Any:
            state = await client.get(f"{path}/{sent['id']}")
            return state if state["status"] in ("completed", "failed") else None

        state: dict[str, Any] = await until(ended, what="the file to be read")
    assert state["status"] == "completed", state
    return state


async def counted_by_hand(
    platform: WholePlatform, pupils: dict[str, dict[str, Any]]
) -> dict[str, tuple[int, int, int]]:
    """Per school: pupils, those surely of a registry household, and those of a poor one, one by one."""
    async with platform.client("taazour") as client:
        homes = {one["number"]: one async for one in client.pages("/registry/v1/households")}
    home_of = {
        one["enrollment_id"]: one["household_number"]
        for one in await links(platform, PROGRAM)
        if one["status"] == "linked"
    }
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for id_, pupil in pupils.items():
        school = counts[key_of(pupil)]
        school["pupils"] += 1
        if id_ in home_of:
            school["linked"] += 1
            school["poor"] += homes[home_of[id_]]["vulnerability_category"] in POOR
    return {key: (one["pupils"], one["linked"], one["poor"]) for key, one in counts.items()}


def key_of(pupil: dict[str, Any]) -> str:
    return f"{fold(pupil['school'])}/{fold(pupil['commune'])}"


async def send_schools(platform: WholePlatform, pupils: dict[str, dict[str, Any]], without: list[str]) -> None:
    """The ministry's file of schools: where each is, and since when it has a canteen, if it has one."""
    schools = {key_of(one): one for one in pupils.values()}
    lines = ["École;Commune;Cantine depuis"]
    for key, one in schools.items():
        lines.append(f"{one['school']};{one['commune']};{'' if key in without else '06/10/2025'}")
    state = await send(platform, f"{PROGRAM}.schools", "\n".join(lines).encode())
    assert state["accepted"] == len(schools)
