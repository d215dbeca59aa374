"""What a platform holds after a history of faults, and what must be true of it (the invariants of events)."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from cli.processes import INSTITUTIONS, SERVICES

if TYPE_CHECKING:
    from whole_platform import WholePlatform

PROGRAMS = tuple(f"programs-{name}" for name in INSTITUTIONS)
Key = tuple[str, int]
"""A program and the line of its list: the same in every run, which ids are not."""

ENROLLMENTS = "SELECT id, program_code, source_line, status, version, beneficiary_key FROM enrollments"
LEARNED = "SELECT id, link_status, link_version, registry_individual_id, registry_household_id FROM enrollments"
LINKS = """
    SELECT b.id, b.program, b.source_line, b.link_status, b.link_version, b.active, h.number AS household_number,
           b.individual_id, b.household_id,
           (SELECT min(m.individual_number) FROM members m WHERE m.individual_id = b.individual_id) AS individual_number
    FROM beneficiaries b LEFT JOIN households h ON h.id = b.household_id
"""
OVERLAPS = """
    SELECT h.number, o.program_a, o.program_b FROM "overlaps" o JOIN households h ON h.id = o.household_id
    WHERE o.ceased_at IS NULL
"""
REGISTRY = """
    SELECT h.number, h.version, count(m.*) AS members FROM households h
    LEFT JOIN memberships m ON m.household_id = h.id GROUP BY h.number, h.version
"""
FEED = "SELECT sequence, program_sequence, enrollment_id, version, program, from_status, to_status FROM feed ORDER BY 1"
HISTORY = "SELECT aggregate_id, version, change FROM history"
IMPORTS = "SELECT kind, status, accepted, unchanged, rejected, warnings FROM imports"
ISSUES = "SELECT i.kind, s.line, s.field, s.value, s.severity, s.code FROM import_issues s JOIN imports i ON i.id = s.import_id"
EVENTS = "SELECT event_id, type, aggregate_id, version, published_at, data FROM outbox"


@dataclass(frozen=True)
class Record:
    """What a run led to, without what differs from run to run (ids, times). Equal runs have equal records."""

    registry: Counter[tuple[str, int, int]]
    enrollments: Counter[tuple[str, int, str]]
    links: Counter[tuple[str, int, str, str | None, str | None]]
    overlaps: Counter[tuple[str, str, str]]
    feed: Counter[tuple[str, str | None, str]]
    imports: Counter[tuple[Any, ...]]
    issues: Counter[tuple[Any, ...]]

    def lost(self, undisturbed: Record) -> int:
        """Things of the undisturbed run that are not here."""
        return sum((getattr(undisturbed, one.name) - getattr(self, one.name)).total() for one in fields(self))

    def doubled(self, undisturbed: Record) -> int:
        """Things here that the undisturbed run has not, or has less often."""
        return sum((getattr(self, one.name) - getattr(undisturbed, one.name)).total() for one in fields(self))

    def differences(self, undisturbed: Record) -> list[str]:
        """The first few, for whoever has to find out why."""
        found = []
        for one in fields(self):
            here, there = getattr(self, one.name), getattr(undisturbed, one.name)
            found += [f"{one.name}: lost {thing}" for thing in list(there - here)[:5]]
            found += [f"{one.name}: more {thing}" for thing in list(here - there)[:5]]
        return found


async def record(platform: WholePlatform) -> Record:
    per_program = [await _all(platform, query, PROGRAMS) for query in (ENROLLMENTS, IMPORTS, ISSUES)]
    enrollments, imports, issues = per_program
    imports += await platform.rows("registry", IMPORTS)
    issues += await platform.rows("registry", ISSUES)
    return Record(
        registry=Counter(tuple(row) for row in await platform.rows("registry", REGISTRY)),
        enrollments=Counter((row["program_code"], row["source_line"], row["status"]) for row in enrollments),
        links=Counter(
            (row["program"], row["source_line"], row["link_status"], row["individual_number"], row["household_number"])
            for row in await platform.rows("matching", LINKS)
        ),
        overlaps=Counter(tuple(row) for row in await platform.rows("matching", OVERLAPS)),
        feed=Counter(
            (row["program"], row["from_status"], row["to_status"]) for row in await platform.rows("gateway", FEED)
        ),
        imports=Counter(tuple(row) for row in imports),
        issues=Counter(tuple(row) for row in issues),
    )


async def _all(platform: WholePlatform, query: str, processes: Iterable[str]) -> list[Any]:
    return [row for process in processes for row in await platform.rows(process, query)]


async def broken_invariants(platform: WholePlatform) -> list[str]:
    """Every sentence of EVENTS.md's invariants that does not hold now; empty when all do."""
    checks = (_changes_arrived, _one_effect_each, _nothing_left_behind, _nobody_active_twice, _links_arrived)
    return [fault for found in await asyncio.gather(*(check(platform) for check in checks)) for fault in found]


async def _changes_arrived(platform: WholePlatform) -> list[str]:
    """V1, V2, V5: the versions of each enrollment, its history and the feed are the same 1, 2, 3 without a gap."""
    faults = []
    enrollments = {row["id"]: row["version"] for row in await _all(platform, ENROLLMENTS, PROGRAMS)}
    written: dict[Any, set[int]] = defaultdict(set)
    for row in await _all(platform, HISTORY, PROGRAMS):
        written[row["aggregate_id"]].add(row["version"])
    feed = await platform.rows("gateway", FEED)
    told: dict[Any, list[int]] = defaultdict(list)
    counted: Counter[str] = Counter()
    for place, row in enumerate(feed, start=1):
        counted[row["program"]] += 1
        if row["sequence"] != place or row["program_sequence"] != counted[row["program"]]:
            faults.append(f"V5 the feed's place {place} is numbered {row['sequence']}, {row['program_sequence']}")
        told[row["enrollment_id"]].append(row["version"])
    for id_, version in enrollments.items():
        expected = list(range(1, version + 1))
        if sorted(written[id_]) != expected:
            faults.append(f"V1 enrollment {id_} is at {version}, its history has {sorted(written[id_])}")
        if told[id_] != expected:
            faults.append(f"V5 enrollment {id_} is at {version}, the feed told {told[id_]}")
    faults += [f"V2 the feed tells of {id_}, which nobody enrolled" for id_ in told.keys() - enrollments.keys()]
    return faults


async def _one_effect_each(platform: WholePlatform) -> list[str]:
    """V6: every event had its effect in each process that listens to it, once; versions of an aggregate have no gap."""
    faults = []
    recorded: dict[str, set[Any]] = defaultdict(set)
    for service in SERVICES:
        versions: dict[Any, list[int]] = defaultdict(list)
        for row in await platform.rows(service.name, EVENTS):
            recorded[row["type"]].add(row["event_id"])
            versions[row["aggregate_id"]].append(row["version"])
        for id_, found in versions.items():
            if len(set(found)) != len(found):
                faults.append(f"V6 {service.name} announced a version of {id_} twice: {sorted(found)}")
    listens = {
        "gateway": ("programs.enrollments.changed.v1",),
        "matching": ("programs.enrollments.changed.v1", "registry.households.registered.v1"),
        **dict.fromkeys(PROGRAMS, ("matching.links.changed.v1",)),
    }
    for process, types in listens.items():
        received = Counter(row["event_id"] for row in await platform.rows(process, "SELECT event_id FROM inbox"))
        for type_ in types:
            if not recorded[type_]:
                faults.append(f"V6 nobody announced {type_}")
            if missed := recorded[type_] - received.keys():
                faults.append(f"V1 {process} never received {len(missed)} of {len(recorded[type_])} {type_}")
        if twice := [id_ for id_, count in received.items() if count > 1]:
            faults.append(f"V6 {process} received {twice} more than once")
    return faults


async def _nothing_left_behind(platform: WholePlatform) -> list[str]:
    """Nothing waits to be published, nothing is given up, nothing is held back."""
    faults = []
    for service in SERVICES:
        waiting = await platform.rows(service.name, "SELECT 1 FROM outbox WHERE published_at IS NULL")
        dead = await platform.rows(service.name, "SELECT type, reason FROM dead_letters")
        if waiting:
            faults.append(f"{service.name} has {len(waiting)} events unpublished")
        faults += [f"{service.name} gave up {row['type']}: {row['reason']}" for row in dead]
    early = await platform.rows("gateway", "SELECT 1 FROM early_changes")
    return faults + ([f"the feed holds back {len(early)} changes"] if early else [])


async def _nobody_active_twice(platform: WholePlatform) -> list[str]:
    """V9."""
    active = Counter(
        (row["program_code"], row["beneficiary_key"])
        for row in await _all(platform, ENROLLMENTS, PROGRAMS)
        if row["status"] != "exited"
    )
    lines = Counter((row["program_code"], row["source_line"]) for row in await _all(platform, ENROLLMENTS, PROGRAMS))
    return [f"V9 {key} is active {count} times" for key, count in active.items() if count > 1] + [
        f"V9 line {key} is enrolled {count} times" for key, count in lines.items() if count > 1
    ]


async def _links_arrived(platform: WholePlatform) -> list[str]:
    """Every decision of matching stands in the program it is about, and every enrollment in matching."""
    decided = {
        row["id"]: (row["link_status"], row["link_version"], row["individual_id"], row["household_id"])
        for row in await platform.rows("matching", LINKS)
    }
    learned = {row["id"]: tuple(row)[1:] for row in await _all(platform, LEARNED, PROGRAMS)}
    different = [id_ for id_ in decided.keys() | learned.keys() if decided.get(id_) != learned.get(id_)]
    return [f"{len(different)} links are not what the programs know: {different[:3]}"] if different else []
