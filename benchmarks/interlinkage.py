"""`interlinkage`: every figure of a country computed anew from PostgreSQL; `indicators`: pages of figures read through HTTP.

The country is written straight into matching's tables: households with the facts of their members, and the enrollments of
eight programs. A snapshot is asked for through HTTP; `recompute_s` runs from the request until every figure is stored.
TEKAMOUL_BENCH_HOUSEHOLDS=300000,833000 chooses the sizes; 833,000 households are 5 million people.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import asyncpg
import httpx
import orjson

from benchmarks.interlinkage_peers import run_peers
from benchmarks.service_alone import ServiceAlone
from shared.identity import Caller

CALLER = Caller("taazour", frozenset({"snapshots:read", "snapshots:make"}), frozenset())
DEFAULT_HOUSEHOLDS = 300_000
MOUGHATAAS, CATEGORIES = 63, ("extreme_poor", "poor", "vulnerable", "not_poor")
PROGRAMS = (
    # code, institution, unit, benefit, per, MRU, months, share of the households in it
    ("TEKAVOUL", "taazour", "household", "cash", "household", "1200.00", None, 0.33),
    ("TEKAVOUL_SEASONAL", "taazour", "household", "cash", "household", "800.00", [6, 7, 8, 9], 0.1),
    ("EL_MAOUNA", "csa", "household", "cash", "person", "450.00", [6, 7, 8, 9], 0.2),
    ("TEMWINE", "taazour", "household_card", "food_subsidy", "household", "300.00", None, 0.4),
    ("HEALTH_INSURANCE", "taazour", "household", "health_insurance", "person", "60.00", None, 0.25),
    ("DISABILITY_CASH", "masef", "individual", "cash", "person", "1000.00", None, 0.05),
    ("SCHOOL_FEEDING", "men", "pupil", "meal", "pupil", "300.00", [10, 11, 12, 1, 2, 3, 4, 5, 6], 0.25),
    ("WFP_LEAN_SEASON", "partners", "household", "cash", "household", "1500.00", [6, 7, 8], 0.1),
)
PAGES = 400
CLIENTS = 4
HOUSEHOLD_SQL = """
INSERT INTO households (id, number, version, wilaya_code, moughataa_code, commune_code, vulnerability_category, size,
                        disability, school_age)
SELECT md5('h' || n)::uuid, 'H' || n, 1, 'MR' || lpad((n % 63 / 5 + 1)::text, 2, '0'), 'M' || n % 63, 'C' || n % 240,
       (ARRAY['extreme_poor', 'poor', 'vulnerable', 'not_poor'])[1 + ((n::bigint * 7919) % 4)::int], 2 + (n::bigint * 31) % 9, n % 20 = 0, true
FROM generate_series(1, $1::int) n"""
FACTS_SQL = """
INSERT INTO household_facts (household_id, version, score, head_sex, births, sexes, disabilities, relationships)
SELECT md5('h' || n)::uuid, 1, (n::bigint * 7919) % 10000 / 100.0, CASE WHEN n % 4 = 0 THEN 'F' ELSE 'M' END,
       ARRAY(SELECT date '2026-01-01' - ((n::bigint * 13 + k * 2111) % 25000)::int FROM generate_series(1, size) k),
       ARRAY(SELECT CASE WHEN (n + k) % 2 = 0 THEN 'F' ELSE 'M' END FROM generate_series(1, size) k),
       ARRAY(SELECT n % 20 = 0 AND k = 1 FROM generate_series(1, size) k),
       ARRAY(SELECT CASE WHEN k = 1 THEN 'head' ELSE 'child' END FROM generate_series(1, size) k)
FROM (SELECT substr(number, 2)::int n, size FROM households) given"""
ENROLLMENT_SQL = """
INSERT INTO beneficiaries (id, institution, program, version, active, spans, listed, link_status, decided_as, link_version,
                           household_id)
SELECT md5($2 || n)::uuid, $3, $2, 1, true, datemultirange(daterange('2020-01-01', NULL)), '{}',
       CASE WHEN n % 17 = 0 THEN 'to_adjudicate' ELSE 'linked' END, CASE WHEN n % 17 = 0 THEN 'to_adjudicate' ELSE 'linked' END,
       1, md5('h' || n)::uuid
FROM generate_series(1, $1::int) n WHERE ('x' || substr(md5($2 || n), 1, 6))::bit(24)::int / 16777216.0 < $4::float8"""
ANALYZE = "ANALYZE households; ANALYZE household_facts; ANALYZE beneficiaries"


def run_interlinkage() -> dict[str, Any]:
    """Figures of the sizes asked for, the first at the top, all of them in `growth`."""
    growth = [asyncio.run(_recomputed(households)) for households in _asked()]
    return {"benchmark": "interlinkage", **growth[0], "growth": growth}


def run_indicators() -> dict[str, Any]:
    return {"benchmark": "indicators", **asyncio.run(_read(_asked()[0]))}


def _asked() -> list[int]:
    return [int(one) for one in os.environ.get("TEKAMOUL_BENCH_HOUSEHOLDS", str(DEFAULT_HOUSEHOLDS)).split(",")]


async def _recomputed(households: int) -> dict[str, Any]:
    """All figures, then a part of them by other engines."""
    load = round(os.getloadavg()[0], 1)
    async with ServiceAlone("matching", CALLER) as service:
        await _fill(service.database_url, households)
        async with service.client() as client:
            recomputed = await _recompute(service, client)
            await _until_filed(service, client, recomputed.pop("id"))
        peers = await run_peers(service.database_url, [_published(*one[:7]) for one in PROGRAMS])
        return recomputed | {"peak_mib": round(service.peak_mib), **peers, "load_before": load}


async def _read(households: int) -> dict[str, Any]:
    """Pages while the snapshot's files are written, when nothing else goes on, and while another snapshot is made."""
    load = round(os.getloadavg()[0], 1)
    async with ServiceAlone("matching", CALLER) as service:
        await _fill(service.database_url, households)
        async with service.client() as client:
            snapshot_id = (await _recompute(service, client))["id"]
            filing = await _read_pages(client, snapshot_id)
            await _until_filed(service, client, snapshot_id)
            read = await _read_pages(client, snapshot_id)
            await _ask(client)
            making = await _read_pages(client, snapshot_id)
        busy = {"while_filing_p99_ms": filing["p99_ms"], "while_making_p99_ms": making["p99_ms"]}
        return read | busy | {"load_before": load}


async def _fill(url: str, households: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        for code, institution, unit, benefit, per, amount, months, share in PROGRAMS:
            document = _published(code, institution, unit, benefit, per, amount, months)
            await connection.execute(
                "INSERT INTO programs (code, institution, version, unit, names, targeting, document) VALUES "
                "($1, $2, 1, $3, $4, $5, $6)",
                *(code, institution, unit, _json(document["names"]), _json(document["targeting"]), _json(document)),
            )
            await connection.execute(ENROLLMENT_SQL, households, code, institution, share)
        await connection.execute(HOUSEHOLD_SQL, households)
        await connection.execute(FACTS_SQL)
        await connection.execute(ANALYZE)
    finally:
        await connection.close()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _published(
    code: str, institution: str, unit: str, benefit: str, per: str, amount: str, months: list[int] | None
) -> dict[str, Any]:
    value = {
        "from_on": "2020-01-01",
        "amount_mru": amount,
        "per": per,
        "months_per_payment": 1,
        "months": months,
        "max_people": None,
        "meal_mru": None,
    }
    rule = {"categories": ["extreme_poor", "poor"], "wilayas": None, "communes": None, "requires_disability": False}
    return {
        "code": code,
        "institution": institution,
        "version": 1,
        "unit": unit,
        "names": {"ar": code, "fr": code, "en": code},
        "targeting": rule | {"substitutes": []},
        "benefit": benefit,
        "values": [value],
        "calendar": {"kind": "periods"},
    }


async def _recompute(service: ServiceAlone, client: httpx.AsyncClient) -> dict[str, Any]:
    began = time.perf_counter()
    snapshot_id = await _ask(client)
    steps: dict[str, float] = {}
    while True:
        service.sample()
        found = (await client.get(f"/v1/snapshots/{snapshot_id}")).json()
        now = time.perf_counter() - began
        if found["status"] not in ("waiting", "running"):
            break
        steps[found["step"] or "waiting"] = round(now, 1)
        await asyncio.sleep(0.1)
    if found["status"] != "done":
        raise RuntimeError(f"the snapshot ended as {found['status']}")
    return {
        "id": found["id"],
        "households": found["households"],
        "people": found["people"],
        "programs": len(PROGRAMS),
        "figures": found["cells"],
        "recompute_s": round(now, 1),
        "ends_of_steps_s": steps,
    }


async def _ask(client: httpx.AsyncClient) -> str:
    asked = await client.post("/v1/snapshots", json={"note": "measured"})
    asked.raise_for_status()
    return str(asked.json()["id"])


async def _until_filed(service: ServiceAlone, client: httpx.AsyncClient, snapshot_id: str) -> None:
    while not (await client.get(f"/v1/snapshots/{snapshot_id}/file", params={"format": "xlsx"})).is_success:
        service.sample()
        await asyncio.sleep(0.1)


async def _read_pages(client: httpx.AsyncClient, snapshot_id: str) -> dict[str, Any]:
    """Pages of 50 and of 200 figures, as a screen asks for them, by several clients at a time."""
    questions = [
        {"indicator": indicator, "by": by, "program": program, "limit": limit}
        for indicator in ("coverage", "adequacy", "exclusion_error", "overlap", "benefit_incidence")
        for by in ("wilaya", "moughataa", "category", "month")
        for program, *_ in PROGRAMS
        for limit in (50, 200)
    ]
    taken: list[float] = []

    async def ask(place: int) -> None:
        for number in range(place, PAGES, CLIENTS):
            question: dict[str, Any] = questions[(number * 37) % len(questions)]
            began = time.perf_counter()
            answer = await client.get(f"/v1/snapshots/{snapshot_id}/indicators", params=question)
            answer.raise_for_status()
            taken.append(time.perf_counter() - began)

    await asyncio.gather(*(ask(place) for place in range(CLIENTS)))
    taken.sort()
    return {
        "pages": len(taken),
        "clients": CLIENTS,
        "p50_ms": round(taken[len(taken) // 2] * 1000, 1),
        "p99_ms": round(taken[int(len(taken) * 0.99)] * 1000, 1),
    }
