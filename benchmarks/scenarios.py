"""`scenario`: changes laid over a frozen country and compared, by the matching service over HTTP, from the request to the result."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from benchmarks.columns import PROGRAMS, country_in_columns
from benchmarks.service_alone import ServiceAlone
from services.matching.figures.computing import indicator_cells
from services.matching.figures.country import Country
from services.matching.figures.freezing import freeze, hash_of
from services.matching.figures.full_year import full_year
from services.matching.figures.overlaying import overlay
from services.matching.scenarios.running import CHANGES
from services.matching.snapshots.filing import PART_BYTES
from shared.identity import Caller

DEFAULT_HOUSEHOLDS = 300_000
HOUSEHOLDS_VARIABLE = "TEKAMOUL_BENCH_SCENARIO"
OFFICER = Caller("taazour", frozenset({"scenarios:read", "scenarios:write"}))
LOOK_SECONDS, END_SECONDS = 0.05, 600.0
PER_HEAD = {"kind": "value", "program": "TEKAVOUL", "formula": {"person_mru": "900", "months_per_payment": 3}}
COVERAGE = {"kind": "coverage", "program": "EL_MAOUNA", "share": "0.6", "choose": "draw"}
SCENARIOS: dict[str, list[dict[str, Any]]] = {
    "per head": [PER_HEAD],
    "per head, wider": [PER_HEAD, COVERAGE],
    "seven changes": [
        PER_HEAD,
        COVERAGE,
        {"kind": "index", "program": "HEALTH_INSURANCE", "percent": "10"},
        {"kind": "quota", "program": "TEMWINE", "most_households": 60_000, "most_mru": "200000000"},
        {"kind": "merge", "program": "TEKAVOUL_SEASONAL", "into": "TEKAVOUL"},
        {"kind": "end", "program": "WFP_LEAN_SEASON"},
        {"kind": "criteria", "program": "DISABILITY_CASH",
         "rule": {"criteria": [{"attribute": "disabled", "operator": "ge", "value": 1}]}},
    ],
}  # fmt: skip
"""By name; the first is also the first over its snapshot, whose own figures it brings."""


def run_scenario() -> dict[str, Any]:
    """Figures: `seconds` of the slowest scenario, from the request to run it until its result is there; of each its own."""
    return asyncio.run(_run(int(os.environ.get(HOUSEHOLDS_VARIABLE, "") or DEFAULT_HOUSEHOLDS)))


async def _run(households: int) -> dict[str, Any]:
    load = round(os.getloadavg()[0], 1)
    country = country_in_columns(households)
    async with ServiceAlone("matching", OFFICER) as matching, matching.client() as client:
        snapshot_id = uuid4()
        await _keep(matching.database_url, snapshot_id, country)
        seconds = {}
        for name, changes in SCENARIOS.items():
            seconds[name] = await _seconds(client, matching, snapshot_id, name, changes)
        used = round(matching.cpu_seconds(), 1)
    slowest = max(seconds, key=lambda name: seconds[name])
    recomputed = _recomputed(country, SCENARIOS[slowest])
    return {
        "benchmark": "scenario",
        "households": households,
        "people": int(country.households["size"].sum()),
        "programs": len(PROGRAMS),
        "receipts": country.receipts.height,
        "seconds": round(max(seconds.values()), 2),
        **{f"{name.replace(',', '').replace(' ', '_')}_s": round(one, 2) for name, one in seconds.items()},
        "recomputed_s": round(recomputed, 2),
        "over_recomputed": round(seconds[slowest] / recomputed, 2),
        "service_cpu_s": used,
        "peak_mib": round(matching.peak_mib),
        "load_before": load,
    }


def _recomputed(country: Country, changes: list[dict[str, Any]]) -> float:
    """The peer: every figure of both sides computed anew, by every grouping, from the country in memory; nothing told or stored."""
    begun = time.monotonic()
    before = full_year(country)
    for one in (before, overlay(before, CHANGES.validate_python(changes))):
        indicator_cells(one)
    return time.monotonic() - begun


async def _keep(url: str, snapshot_id: UUID, country: Country) -> None:
    """A snapshot as the worker would have left it, but for its figures: how it is made is measured elsewhere."""
    parts = freeze(country)
    connection = await asyncpg.connect(url)
    try:
        for code, *_ in PROGRAMS:
            await connection.execute(
                "INSERT INTO programs (code, institution, version, unit, names, targeting)"
                " VALUES ($1, 'sample', 1, 'household', '{}', '{}')", code,
            )  # fmt: skip
        await connection.execute(
            "INSERT INTO snapshots (id, note, day, period_from, status, asked_by, asked_at, frames_hash, cells_hash)"
            " VALUES ($1, '', $2, $3, 'done', 'taazour', now(), $4, $4)",
            snapshot_id, country.day, country.months[0], hash_of(parts),
        )  # fmt: skip
        for name, content in parts.items():
            pieces = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
            rows = [(snapshot_id, name, place, piece) for place, piece in enumerate(pieces)]
            await connection.copy_records_to_table("snapshot_parts", records=rows)
    finally:
        await connection.close()


async def _seconds(
    client: httpx.AsyncClient, matching: ServiceAlone, snapshot_id: UUID, name: str, changes: list[dict[str, Any]]
) -> float:
    body = {"name": name, "snapshot_id": str(snapshot_id), "links": "certain_and_probable", "changes": changes}
    made = await client.post("/v1/scenarios", json=body)
    made.raise_for_status()
    path = f"/v1/scenarios/{made.json()['id']}"
    begun = time.monotonic()
    (await client.post(f"{path}/run")).raise_for_status()
    while time.monotonic() < begun + END_SECONDS:
        status = (await client.get(path)).json()["run"]["status"]
        matching.sample()
        if status == "done":
            return time.monotonic() - begun
        if status != "waiting":
            raise RuntimeError(f"{name}: {status}")
        await asyncio.sleep(LOOK_SECONDS)
    raise TimeoutError(name)
