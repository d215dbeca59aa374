"""What the journeys ask the platform, as its partners may."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import combinations_with_replacement
from typing import Any

import httpx

from cli.credentials import fetch_token
from cli.report import read_feeds
from whole_platform import LoadedPlatform, WholePlatform

PROGRAMS = {
    "TEKAVOUL": ("taazour", "taazour"),
    "TEKAVOUL_SEASONAL": ("taazour", "taazour"),
    "TEMWINE": ("taazour", "taazour"),
    "EL_MAOUNA": ("csa", "csa"),
    "SCHOOL_FEEDING": ("men", "men"),
    "DISABILITY_CASH": ("masef", "masef"),
    "HEALTH_INSURANCE": ("taazour", "cnam"),
    "WFP_LEAN_SEASON": ("partners", "wfp"),
}
"""Program: the institution whose process keeps it, and the partner who sends its list."""


async def enrollments(platform: WholePlatform, program: str) -> list[dict[str, Any]]:
    institution, partner = PROGRAMS[program]
    async with platform.client(partner) as client:
        path = f"/programs/{institution}/v1/enrollments"
        return [one async for one in client.pages(path, program=program)]


async def links(platform: WholePlatform, program: str) -> list[dict[str, Any]]:
    async with platform.client(PROGRAMS[program][1]) as client:
        return [one async for one in client.pages("/matching/v1/links", program=program)]


async def known_to_the_csa(platform: WholePlatform, numbers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of households, by their registry number, those that the CSA may look up before a distribution, as it reads them: with its
    own names of them and of their members, the only ones by which it can speak of them."""
    headers = {"Tekamoul-Agreement": "TAAZOUR-CSA-2026-01", "Tekamoul-Purpose": "distribution_check"}
    asked = {"records": [{"kind": "household", "number": one} for one in numbers]}
    async with platform.client("csa") as csa:
        answer = (await csa.answer("POST", "/v1/records:resolve", body=asked, headers=headers)).json()
    assert not answer["partial"], answer["missing"]
    return {one["number"]: one["record"] for one in answer["items"] if one["state"] == "found"}


async def overlaps(platform: WholePlatform) -> dict[tuple[str, str], int | None]:
    async with platform.client("taazour") as client:
        cells = (await client.get("/matching/v1/overlaps"))["cells"]
    return {(one["program_a"], one["program_b"]): one["count"] for one in cells}


async def feed(platform: WholePlatform, partner: str) -> list[dict[str, Any]]:
    """All that a subscriber is told of, of its own programs first; of each source the last checkpoint must count what came."""
    async with platform.client(partner) as client:
        return [one async for one in read_feeds(client, partner)]


async def issues(loaded: LoadedPlatform, program: str) -> list[dict[str, Any]]:
    """What was found wrong with the rows of a program's list."""
    file = loaded.file_of(program)
    async with loaded.platform.client(file.partner) as client:
        return [one async for one in client.pages(f"{file.service}/v1/imports/{file.import_id}/issues")]


async def active_households(platform: WholePlatform) -> dict[str, set[str]]:
    """Per program the registry households that receive, by their number, counted by hand from enrollments and links.

    By their ids they could not be counted: each partner reads its own aliases.
    """
    found = {}
    for program in PROGRAMS:
        enrolled = {one["id"] for one in await enrollments(platform, program) if one["status"] == "enrolled"}
        found[program] = {
            one["household_number"]
            for one in await links(platform, program)
            if one["enrollment_id"] in enrolled and one["status"] == "linked"
        }
    return found


def counted(households: dict[str, set[str]]) -> dict[tuple[str, str], int | None]:
    """The overlap matrix by brute force; what one to four households have is not told."""
    return {
        (a, b): None if 0 < (both := len(households[a] & households[b])) < 5 else both
        for a, b in combinations_with_replacement(sorted(households), 2)
    }


def changes_by_program(events: Iterable[dict[str, Any]]) -> Counter[str]:
    return Counter(one["program"] for one in events)


@asynccontextmanager
async def at_the_registry(platform: WholePlatform, partner: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a partner's, at the registry behind the gateway."""
    token = await fetch_token(platform.gateway_url, platform.door.credentials_file, partner)
    async with httpx.AsyncClient(
        base_url=f"{platform.gateway_url}/registry",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
        trust_env=False,
    ) as client:
        yield client
