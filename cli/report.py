"""What the platform found, asked through the gateway as the partners may, and measured against the known truth."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.demo.truth import Manifest, TruthRow, read_truth
from cli.gateway_client import GatewayClient
from cli.main_job import Door

LARGEST_GAPS = 10
EXAMPLES = 3
HOUSEHOLD_UNITS = frozenset({"household", "household_card"})
SUBSCRIBERS = ("wfp", "cnam")
FEED_PAGE = 200
SUBSCRIBE = "subscribe"


class EventsMissed(Exception):
    """A feed brought another number of events than it says it holds: programs, how many came, how many there are."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Links of a program against the truth. `true_pairs` counts listed rows whose person the registry knows."""

    program: str
    linked: int
    correct: int
    true_pairs: int

    @property
    def precision(self) -> float | None:
        return self.correct / self.linked if self.linked else None

    @property
    def recall(self) -> float | None:
        return self.correct / self.true_pairs if self.true_pairs else None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a subscriber's feed brought it: enrollment changes by program."""

    partner: str
    changes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the main job prints. `linkage`, `overlaps`, `gaps`, `examples` are as the gateway answered."""

    linkage: list[dict[str, Any]]
    overlaps: dict[str, Any]
    gaps: list[dict[str, Any]]
    examples: list[dict[str, Any]]
    quality: list[Quality]
    heard: list[Heard]


async def gather_report(door: Door, folder: Path, manifest: Manifest) -> Report:
    """What was found of a country's lists, which lie in `folder` with the truth."""
    truth = read_truth(folder / manifest.truth)
    async with door.client("taazour") as client:
        linkage = await client.get("/matching/v1/linkage")
        enrolled = {one["program"] for one in linkage if one["enrolled"]}
        return Report(
            linkage=linkage,
            overlaps=await client.get("/matching/v1/overlaps"),
            gaps=await client.get("/matching/v1/gaps", limit=LARGEST_GAPS),
            examples=await client.get("/matching/v1/household-values", limit=EXAMPLES),
            quality=[
                measure(one.program, await _links(door, one.partner, one.program), truth)
                for one in sorted(manifest.lists, key=lambda one: one.program)
                if one.program in enrolled
            ],
            heard=[await hear(door, partner) for partner in SUBSCRIBERS],
        )


async def _links(door: Door, partner: str, program: str) -> list[dict[str, Any]]:
    """Asked by the program's keeper: nobody else sees them."""
    async with door.client(partner) as client:
        return [one async for one in client.pages("/matching/v1/links", program=program)]


def measure(program: str, links: list[dict[str, Any]], truth: dict[tuple[str, int], TruthRow]) -> Quality:
    """Links held against who really stands behind each line.

    A link is right when it names the person, or for a program that pays households the household, the generator put
    behind the line. Lines it broke on purpose are left out. A wrong link to a person costs precision, a missing one
    (also one left to a human) recall.
    """
    linked = correct = true_pairs = 0
    for link in links:
        row = truth.get((program, link["source_line"]))
        if row is None or row.is_broken:
            continue
        true_pairs += bool(row.individual_number)
        if link["status"] != "linked":
            continue
        linked += 1
        correct += bool(row.individual_number) and _right(link, row)
    return Quality(program, linked, correct, true_pairs)


def _right(link: dict[str, Any], row: TruthRow) -> bool:
    if link["unit"] in HOUSEHOLD_UNITS:
        return bool(link["household_number"] == row.household_number)
    return bool(link["individual_number"] == row.individual_number)


async def hear(door: Door, partner: str) -> Heard:
    """Count what a subscriber's feeds brought it."""
    async with door.client(partner) as client:
        return Heard(partner, dict(Counter([event["program"] async for event in read_feeds(client, partner)])))


async def read_feeds(client: GatewayClient, partner: str) -> AsyncIterator[dict[str, Any]]:
    """Every event for a subscriber, each program's once: of its own, then of others' under its agreements to subscribe."""
    told: set[str] = set()
    for headers in [{}, *await _subscriptions(client, partner)]:
        programs: set[str] = set()
        async for page in _pages(client, headers):
            programs = set(page["programs"])
            if programs <= told:  # two institutions may keep one program
                break
            for event in page["items"]:
                yield event
        told |= programs


async def _subscriptions(client: GatewayClient, partner: str) -> list[dict[str, str]]:
    """The headers that name each agreement in force by which the partner may subscribe, and a purpose of it."""
    return [
        {"Tekamoul-Agreement": one["id"], "Tekamoul-Purpose": one["terms"]["purposes"][0]}
        async for one in client.pages("/v1/agreements", state="active", kind="sharing")
        if one["recipient"] == partner and SUBSCRIBE in one["terms"]["operations"]
    ]


async def _pages(client: GatewayClient, headers: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
    """The feed of one source to its end; EventsMissed where it brought another number than it says there are."""
    asked: dict[str, Any] = {"limit": FEED_PAGE}
    count = 0
    while True:
        page = (await client.answer("GET", "/v1/events", headers=headers, **asked)).json()
        count += len(page["items"])
        if page["checkpoint"]["count"] != count:
            raise EventsMissed(page["programs"], count, page["checkpoint"]["count"])
        yield page
        if not page["items"]:
            return
        asked["after"] = page["next_cursor"]


def overall(quality: list[Quality]) -> Quality:
    """All programs together."""
    return Quality(
        "", sum(q.linked for q in quality), sum(q.correct for q in quality), sum(q.true_pairs for q in quality)
    )
