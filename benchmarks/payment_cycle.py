"""`payment-cycle`: a cycle's entitlements issued, then its delivery file reconciled, by the programs service over HTTP."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from benchmarks.copying import copied_again
from benchmarks.sending import send_file
from benchmarks.service_alone import MIB, ServiceAlone
from shared.identity import Caller

DEFAULT_ENTITLEMENTS = 100_000
ENTITLEMENTS_VARIABLE = "TEKAMOUL_BENCH_ENTITLEMENTS"
"""Sizes with a comma between them: each is a run of its own, on a database of its own."""
OFFICER = Caller("taazour", frozenset({"payments:read", "payments:write", "imports:write"}), frozenset({"TEKAVOUL"}))
PROGRAM, PERIOD = "TEKAVOUL", "2026-07-01"
LOOK_SECONDS, END_SECONDS = 0.2, 3_600.0
HEADER = "N° Ménage;Nom et prénom;Montant;Statut du paiement;Date de paiement;Agence;N° reçu"
ABSENT_EVERY, PARTLY_EVERY = 20, 50
"""Of a hundred reported, five were absent and two were paid less: what agents report."""
ISSUED = (("entitlements", "true"), ("ledger", "kind = 'entitled'"))
RECONCILED = (("deliveries", "true"), ("ledger", "kind = 'delivered'"))
"""The rows that a cycle and that its report leave, which COPY writes again as the peer: a table, and which of its rows."""
ENROLL = """
INSERT INTO enrollments (id, program_code, status, beneficiary_key, version, enrolled_on, listed, household_number, name,
                         phones, household_size, link_status, link_version, monthly_value_mru)
SELECT gen_random_uuid(), $1, 'enrolled', 'household:' || number, 1, $2, '{}', number, 'Bénéficiaire ' || number, '[]', 6,
       'unmatched', 0, 1200
FROM (SELECT 'MR011' || lpad(n::text, 7, '0') AS number FROM generate_series(1, $3) AS n) AS numbers
"""


def run_payment_cycle(size: int | None = None) -> dict[str, Any]:
    """Figures: `issue_s` from the request until the cycle is issued, `reconcile_s` from the first byte of the file sent
    until its last line is reconciled; `..._over_copy` those seconds by the ones that COPY takes for the rows they left."""
    return asyncio.run(_run(size or sizes_asked()[0]))


def run_sizes() -> list[dict[str, Any]]:
    """A run for each size asked for."""
    return [run_payment_cycle(size) for size in sizes_asked()]


def sizes_asked() -> tuple[int, ...]:
    asked = os.environ.get(ENTITLEMENTS_VARIABLE, "")
    return tuple(int(one) for one in asked.split(",") if one) or (DEFAULT_ENTITLEMENTS,)


async def _run(entitlements: int) -> dict[str, Any]:
    load = round(os.getloadavg()[0], 1)
    async with ServiceAlone("programs-taazour", OFFICER) as programs, programs.client() as client:
        await _enroll(programs.database_url, entitlements)
        file = _report(programs.folder, entitlements)
        issue_s, cycle = await _issue(client, programs)
        if cycle["due"] != entitlements:
            raise RuntimeError(f"{cycle['due']} of {entitlements} are due")
        reconcile_s, state = await _reconcile(client, programs, file)
        if state["accepted"] != entitlements:
            raise RuntimeError(f"{state['accepted']} of {entitlements} deliveries were recorded: {state}")
        begun = time.monotonic()
        found = (await client.get(f"/v1/cycles/{cycle['id']}/reconciliation")).json()
        read_s = time.monotonic() - begun
        copy_issue_s = await _copied(programs, ISSUED)
        copy_reconcile_s = await _copied(programs, RECONCILED)
        return {
            "benchmark": "payment-cycle",
            "entitlements": entitlements,
            "issue_s": round(issue_s, 2),
            "reconcile_s": round(reconcile_s, 2),
            "issued_per_s": round(entitlements / issue_s),
            "reconciled_per_s": round(entitlements / reconcile_s),
            "reconciliation_read_s": round(read_s, 2),
            "copy_issue_s": round(copy_issue_s, 2),
            "issue_over_copy": round(issue_s / copy_issue_s, 1),
            "copy_reconcile_s": round(copy_reconcile_s, 2),
            "reconcile_over_copy": round(reconcile_s / copy_reconcile_s, 1),
            "megabytes": round(file.stat().st_size / MIB, 1),
            "service_cpu_s": round(programs.cpu_seconds(), 1),
            "load_before": load,
            "peak_mib": round(programs.peak_mib),
            "entitlements_by_state": found["entitlements"],
        }


async def _enroll(url: str, count: int) -> None:
    """Enrollments as a list would have made them: how they came is not measured here."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(ENROLL, PROGRAM, date(2025, 1, 1), count, timeout=END_SECONDS)
        await connection.execute("ANALYZE enrollments")
    finally:
        await connection.close()


def _report(folder: Path, count: int) -> Path:
    file = folder / "rapport.csv"
    with file.open("w", encoding="utf-8") as sink:
        sink.write(HEADER + "\r\n")
        for number in range(1, count + 1):
            outcome, amount = "Payé", "3 600,00"
            if number % ABSENT_EVERY == 0:
                outcome = "Absent"
            elif number % PARTLY_EVERY == 1:
                outcome, amount = "Partiel", "1 800,00"
            household = f"MR011{number:07d}"
            sink.write(
                f"{household};Bénéficiaire {household};{amount};{outcome};15/07/2026;Agence {number % 300};R-{number}\r\n"
            )
    return file


async def _issue(client: httpx.AsyncClient, programs: ServiceAlone) -> tuple[float, dict[str, Any]]:
    begun = time.monotonic()
    answer = await client.post("/v1/cycles", json={"program": PROGRAM, "starts_on": PERIOD})
    answer.raise_for_status()
    state = await _until_over(client, programs, f"/v1/cycles/{answer.json()['id']}", "issuing")
    return time.monotonic() - begun, state


async def _reconcile(client: httpx.AsyncClient, programs: ServiceAlone, file: Path) -> tuple[float, dict[str, Any]]:
    begun = time.monotonic()
    import_id = await send_file(client, f"{PROGRAM}.deliveries", file)
    state = await _until_over(client, programs, f"/v1/imports/{import_id}", "received", "running")
    return time.monotonic() - begun, state


async def _copied(programs: ServiceAlone, written: Sequence[tuple[str, str]]) -> float:
    return sum([await copied_again(programs, table, where) for table, where in written])


async def _until_over(client: httpx.AsyncClient, programs: ServiceAlone, path: str, *under_way: str) -> dict[str, Any]:
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        state: dict[str, Any] = (await client.get(path)).json()
        programs.sample()
        if state["status"] not in under_way:
            return state
        await asyncio.sleep(LOOK_SECONDS)
    raise TimeoutError(f"{path} did not end")
