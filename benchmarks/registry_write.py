"""`registry-write`: households of six pushed one by one over HTTP, by several clients at once, into a real registry."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import orjson

from benchmarks.clients import Asked, Service, elsewhere, percentiles, send_all, service_told
from benchmarks.service_alone import TAAZOUR, ServiceAlone

CLIENTS, WRITES, WARM, PEOPLE_PER_WRITE = 8, 2_000, 200, 6
WRITES_VARIABLE = "TEKAMOUL_BENCH_WRITES"
COMMUNE = "MR011-C01"
NAMES = (("Sidi Ould Ahmed", "سيدي ولد أحمد"), ("Mariem Mint Sidi", "مريم بنت سيدي"))


def run_registry_write() -> dict[str, Any]:
    """Figures of as many writes as `TEKAMOUL_BENCH_WRITES` says."""
    return asyncio.run(_run(int(os.environ.get(WRITES_VARIABLE, "") or WRITES)))


async def _run(writes: int) -> dict[str, Any]:
    async with ServiceAlone("registry", TAAZOUR) as registry:
        figures = await elsewhere(__name__, registry, str(writes))
    return {"benchmark": "registry-write", "clients": CLIENTS, "writes": writes, **figures}


def _household(place: int) -> dict[str, Any]:
    return {
        "commune_code": COMMUNE,
        "village": "Oum Lahbal",
        "vulnerability_category": "poor",
        "score": "30.5",
        "formula_version": "PMT-2024.1",
        "surveyed_on": "2025-03-04",
        "phones": [f"+2222{place:07d}"],
        "members": [_member(place, at) for at in range(PEOPLE_PER_WRITE)],
    }


def _member(place: int, at: int) -> dict[str, Any]:
    name_fr, name_ar = NAMES[at % 2]
    return {
        "individual_number": f"1{place:07d}{at:02d}",
        "relationship": "child" if at else "head",
        "name_fr": name_fr,
        "name_ar": name_ar,
        "sex": "FM"[at % 2 == 0],
        "birth_date": f"{1960 + at * 8}-05-06",
    }


def _push(place: int) -> Asked:
    return Asked("PUT", f"/v1/households/MR011{place:07d}", orjson.dumps(_household(place)))


async def _push_all(service: Service, writes: int) -> dict[str, Any]:
    await send_all(service, CLIENTS, map(_push, range(WARM)), "201")
    took, seconds = await send_all(service, CLIENTS, map(_push, range(WARM, WARM + writes)), "201")
    return {
        "people_per_write": PEOPLE_PER_WRITE,
        "writes_per_s": round(len(took) / seconds, 1),
        **percentiles(took),
    }


if __name__ == "__main__":
    service, (asked,) = service_told(TAAZOUR)
    print(json.dumps(asyncio.run(_push_all(service, int(asked)))))
