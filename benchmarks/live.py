"""`interlinkage-live`: an enrollment is suspended and resumed through the gateway; how long until overlaps, gaps and what its
household receives say so, asked at the gateway."""

from __future__ import annotations

import asyncio
import math
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.main_job import SEED, sizes_asked
from benchmarks.platform import OUTSIDE, MeasuredPlatform
from cli.demo.generate import generate
from cli.gateway_client import GatewayClient
from cli.main_job import load_lists, load_registry, wait_until_quiet

PROGRAM, OTHER = "TEKAVOUL", "TEMWINE"
CHANGES = int(os.environ.get("TEKAMOUL_BENCH_CHANGES", "") or 100)
"""Half of them suspensions, half resumptions of the same enrollments, one after the other."""
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 30.0
DEFAULT_HOUSEHOLDS = (2_000,)


def run_live() -> dict[str, Any]:
    """Figures at the first size that `TEKAMOUL_BENCH_HOUSEHOLDS` names."""
    households = sizes_asked(DEFAULT_HOUSEHOLDS)[0]
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name, MeasuredPlatform() as platform:
        manifest = generate(Path(name), households=households, seed=SEED)
        platform.start()
        return asyncio.run(_run(platform, Path(name), manifest))


async def _run(platform: MeasuredPlatform, folder: Path, manifest: Any) -> dict[str, Any]:
    door = platform.door
    await load_registry(door, folder, manifest, _silent)
    await load_lists(door, folder, manifest, _silent)
    await wait_until_quiet(door.gateway_url, _silent)
    before = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    async with door.client("taazour") as client:
        seconds = sorted([one async for one in _changes(client)])
    return {
        "benchmark": "interlinkage-live",
        "households": manifest.registry.households,
        "changes": len(seconds),
        "p50_s": _share(seconds, 0.5),
        "p99_s": _share(seconds, 0.99),
        "most_s": _share(seconds, 1),
        "load_before": before,
    }


def _share(seconds: Sequence[float], share: float) -> float:
    """The least that so large a share does not exceed."""
    return round(seconds[math.ceil(share * len(seconds)) - 1], 3)


def _silent(what: str, count: int, total: int) -> None:
    """Nobody watches."""


async def _changes(client: GatewayClient) -> AsyncIterator[float]:
    for enrollment_id, household in await _chosen(client):
        for verb, reason, is_in in (("suspend", "to_verify", False), ("resume", "verified", True)):
            held = await client.get(f"/programs/taazour/v1/enrollments/{enrollment_id}")
            both = await _both(client)
            path = f"/programs/taazour/v1/enrollments/{enrollment_id}/{verb}"
            await client.call("POST", path, body={"reason": reason}, if_match=f'"{held["version"]}"')
            began = time.monotonic()
            await _until_shown(client, household, is_in=is_in, both=both + (1 if is_in else -1))
            yield time.monotonic() - began


async def _chosen(client: GatewayClient) -> list[tuple[str, dict[str, str]]]:
    """Enrollments of the one program whose households it means, and which are in the other too, with their household."""
    others = {one["household_id"] async for one in client.pages("/matching/v1/links", program=OTHER, status="linked")}
    mine = [one async for one in client.pages("/matching/v1/links", program=PROGRAM, status="linked")]
    of_household: dict[str, list[dict[str, Any]]] = {}
    for one in mine:
        of_household.setdefault(one["household_id"], []).append(one)
    found = []
    for household_id, [first, *more] in of_household.items():
        if more or household_id not in others:
            continue
        enrollment = await client.get(f"/programs/taazour/v1/enrollments/{first['enrollment_id']}")
        told = await client.get(f"/matching/v1/household-values/{household_id}")
        means = await client.get(f"/matching/v1/households/{household_id}/eligibility", program=PROGRAM)
        receives = {one["program"] for one in told["programs"]} >= {PROGRAM, OTHER}
        if enrollment["status"] == "enrolled" and receives and means["status"] == "eligible":
            found.append((first["enrollment_id"], {"id": household_id, "number": first["household_number"]}))
        if len(found) * 2 == CHANGES:
            return found
    raise RuntimeError(f"only {len(found)} households are in {PROGRAM} and in {OTHER}")


async def _until_shown(client: GatewayClient, household: dict[str, str], *, is_in: bool, both: int) -> None:
    """Until what the household receives, its gap and the overlap of the two programs all say the same."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        told = await client.get(f"/matching/v1/household-values/{household['id']}")
        receives = PROGRAM in {one["program"] for one in told["programs"]}
        is_gap = await _is_gap(client, household["number"])
        if receives is is_in and is_gap is not is_in and await _both(client) == both:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"{PATIENCE_SECONDS:.0f} s after a change of an enrollment it was not shown")
        await asyncio.sleep(LOOK_SECONDS)


async def _is_gap(client: GatewayClient, number: str) -> bool:
    gaps = client.pages(f"/matching/v1/programs/{PROGRAM}/gaps", reason="suspended")
    return any([one["household_number"] == number async for one in gaps])


async def _both(client: GatewayClient) -> int:
    cells = (await client.get("/matching/v1/overlaps"))["cells"]
    count = next(one["count"] for one in cells if {one["program_a"], one["program_b"]} == {PROGRAM, OTHER})
    return int(count or 0)
