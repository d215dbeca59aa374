"""`registry-read`: a household by id, as of an earlier day, and search by name and number, over HTTP, in a whole country."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from random import Random
from typing import Any

import asyncpg
import httpx

from benchmarks.country import fill_registry
from benchmarks.service_alone import TAAZOUR, ServiceAlone
from cli.demo.spelling import Speller

DEFAULT_PEOPLE = 1_800_000
PEOPLE_VARIABLE = "TEKAMOUL_BENCH_PEOPLE"
READS = 2_000
SEARCHES = 1_000
MISTYPED, PLACED, SHORTENED, OTHER_SCRIPT = 0.2, 0.3, 0.2, 0.5
AS_OF = "2025-06-01"
INDEXING_SECONDS = 3_600
SEED = 2026


def run_registry_read() -> dict[str, Any]:
    """Figures of the size that `TEKAMOUL_BENCH_PEOPLE` names."""
    return asyncio.run(_run(int(os.environ.get(PEOPLE_VARIABLE, "") or DEFAULT_PEOPLE)))


async def _run(people: int) -> dict[str, Any]:
    async with ServiceAlone("registry", TAAZOUR) as registry, registry.client() as client:
        started = time.monotonic()
        written = await fill_registry(registry.database_url, people, SEED)
        filled = time.monotonic() - started
        await _indexed(client)
        indexed = time.monotonic() - started
        sample = await _sample(registry.database_url)
        return {
            "benchmark": "registry-read",
            "people": written,
            "fill_s": round(filled, 1),
            "searchable_after_s": round(indexed, 1),
            **await _reads(client, sample["households"]),
            **await _searches(client, sample),
        }


async def _indexed(client: httpx.AsyncClient) -> None:
    """Wait until search knows everybody."""
    deadline = time.monotonic() + INDEXING_SECONDS
    while (await client.get("/health/status")).json()["work"].get("changes_to_index", 1):
        if time.monotonic() > deadline:
            raise RuntimeError("the names were not indexed in time")
        await asyncio.sleep(1)


async def _sample(url: str) -> dict[str, list[Any]]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT setseed(0.5)")
        people = await connection.fetch(
            "SELECT i.name_fr, i.name_ar, p.name_fr || ', ' || above.name_fr AS place FROM individuals i TABLESAMPLE BERNOULLI (5)"
            " JOIN memberships m ON m.individual_id = i.id JOIN households h ON h.id = m.household_id"
            " JOIN places p ON p.code = h.commune_code JOIN places above ON above.code = p.parent_code ORDER BY random() LIMIT $1",
            SEARCHES,
        )
        households = await connection.fetch(
            "SELECT id, phones FROM households TABLESAMPLE BERNOULLI (20) ORDER BY random() LIMIT $1", READS
        )
        nnis = await connection.fetch(
            "SELECT value FROM identifiers TABLESAMPLE BERNOULLI (5) ORDER BY random() LIMIT $1", SEARCHES
        )
    finally:
        await connection.close()
    return {"people": people, "households": households, "nnis": [one["value"] for one in nnis]}


async def _reads(client: httpx.AsyncClient, households: Sequence[Any]) -> dict[str, Any]:
    """The same households plainly and as of a day before one in four of them changed, in turn."""
    plain, as_of = [], []
    for one in [*households[:200], *households]:  # the first twice: connections and plans are warm then
        path = f"/v1/households/{one['id']}"
        plain.append(await _milliseconds(client.get(path)))
        as_of.append(await _milliseconds(client.get(path, params={"as_of": AS_OF})))
    plain, as_of = plain[200:], as_of[200:]
    return {
        "by_id_p50_ms": _percentile(plain, 50),
        "by_id_p99_ms": _percentile(plain, 99),
        "as_of_p50_ms": _percentile(as_of, 50),
        "as_of_p99_ms": _percentile(as_of, 99),
        "as_of_ratio": round(statistics.median(as_of) / statistics.median(plain), 2),
    }


async def _searches(client: httpx.AsyncClient, sample: dict[str, list[Any]]) -> dict[str, Any]:
    rng = Random(SEED)
    asked = {
        "name_search": [{"q": _typed(rng, one)} for one in sample["people"]],
        "nni_search": [{"nni": one} for one in sample["nnis"]],
        "nni_slip_search": [{"nni": _slipped(rng, one)} for one in sample["nnis"][:300]],
        "phone_search": [
            {"phone": phone.removeprefix("+222")} for one in sample["households"][:SEARCHES] for phone in _phones(one)
        ],
    }
    figures: dict[str, Any] = {}
    for name, bodies in asked.items():
        took, found = [], 0
        for body in bodies:
            started = time.perf_counter()
            answer = await client.post("/v1/search", json=body)
            took.append((time.perf_counter() - started) * 1000)
            found += bool(answer.json().get("items"))  # a place that names two communes is refused
        figures |= {
            f"{name}_p50_ms": _percentile(took, 50),
            f"{name}_p99_ms": _percentile(took, 99),
            f"{name}_answered": round(found / max(len(bodies), 1), 3),
        }
    return figures


def _phones(household: Any) -> list[str]:
    return [part for part in household["phones"].strip('[]"').split('", "') if part]


def _typed(rng: Random, person: Any) -> str:
    """A name as somebody types it: in either script, at times short, misspelled, with the commune behind it."""
    written = [text for text in (person["name_fr"], person["name_ar"]) if text]
    name = written[-1] if rng.random() < OTHER_SCRIPT else written[0]
    words = name.split()
    if len(words) > 3 and rng.random() < SHORTENED:
        name = " ".join(words[:3])
    name = Speller(rng).maybe_mistype(name, MISTYPED, "slip")
    return f"{name}, {person['place']}" if rng.random() < PLACED else name


def _slipped(rng: Random, number: str) -> str:
    at = rng.randrange(len(number))
    return number[:at] + str((int(number[at]) + rng.randint(1, 9)) % 10) + number[at + 1 :]


async def _milliseconds(asking: Any) -> float:
    started = time.perf_counter()
    (await asking).raise_for_status()
    return (time.perf_counter() - started) * 1000


def _percentile(values: Sequence[float], share: int) -> float:
    return round(sorted(values)[min(len(values) - 1, len(values) * share // 100)], 2)
