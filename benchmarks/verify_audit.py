"""`verify-audit`: the disclosure log of a busy year's start verified, row by row, seals and names with it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from benchmarks.platform import OUTSIDE
from benchmarks.starting import servers_specs
from cli.data_folder import prepare_folder
from cli.ports import free_port
from cli.servers import prepare_nats, prepare_postgres
from cli.supervisor import Supervisor
from cli.verifying import verify
from gateway.app import MIGRATIONS
from gateway.disclosures.disclosure import Disclosure
from gateway.disclosures.recording import MOST_ROWS
from gateway.disclosures.sealing import SEALED_ROWS, Sealer
from gateway.disclosures.writing import append
from shared.disclosure_chain import ChainedRow, canonical, microseconds
from shared.migrating import migrate

DEFAULT_ROWS = 1_000_000
ROWS_VARIABLE = "TEKAMOUL_BENCH_DISCLOSURES"
SUBJECTS, OFFICIALS, RUNS = 50_000, 200, 3
ATTRIBUTES = (("commune", "head_name", "household_number", "size"), ("size",), ("commune", "village"))


def run_verify_audit() -> dict[str, Any]:
    """Figures: `rows_per_s` verified, the best of three; the peer is SHA-256 alone over the same bytes, in memory."""
    return asyncio.run(_run(int(os.environ.get(ROWS_VARIABLE, "") or DEFAULT_ROWS)))


async def _run(rows: int) -> dict[str, Any]:
    load = round(os.getloadavg()[0], 1)
    folder = Path(tempfile.mkdtemp(prefix="tekamoul-bench-", dir=OUTSIDE))
    folder.chmod(0o711)
    supervisor = Supervisor(say=lambda _: None)
    try:
        prepare_folder(folder)
        postgres = prepare_postgres(folder, port=free_port())
        nats = prepare_nats(folder, port=free_port(), monitor_port=free_port())
        await supervisor.start(servers_specs(folder, postgres, nats))
        maintenance = await asyncpg.connect(postgres.url)
        await maintenance.execute("CREATE DATABASE measured")
        await maintenance.close()
        url = f"{postgres.url.rsplit('/', 1)[0]}/measured"
        await migrate(MIGRATIONS, url.replace("postgresql://", "postgresql+asyncpg://", 1))
        return {"benchmark": "verify-audit", "rows": rows} | await _measured(url, rows) | {"load_before": load}
    finally:
        await supervisor.stop()
        link = folder / "postgres"
        if link.is_symlink():
            shutil.rmtree(link.resolve().parent, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


async def _measured(url: str, rows: int) -> dict[str, Any]:
    key = ECKey.generate_key("P-256", auto_kid=True)
    connection = await asyncpg.connect(url)
    try:
        written = await _write(connection, rows)
        await _seal(url, key)
        await connection.execute("VACUUM ANALYZE")
        best = 0.0
        for _ in range(RUNS):
            begun = time.perf_counter()
            found = await verify(connection, {key.kid or "": key})
            best = max(best, rows / (time.perf_counter() - begun))
            assert found.fault is None and found.rows == rows, found
        alone = await _sha256_alone(connection)
        size = await connection.fetchval("SELECT pg_total_relation_size('disclosures')")
    finally:
        await connection.close()
    return {
        "seals": found.seals,
        "names": found.parties,
        "rows_per_s": round(best),
        "sha256_rows_per_s": round(alone),
        "over_sha256": round(alone / best, 2),
        "written_per_s": round(rows / written),
        "bytes_per_row": round(size / rows),
    }


async def _write(connection: Any, rows: int) -> float:
    """Seconds to write the rows as the gateway does, in its largest batches, fsync on."""
    draw = random.Random(1)
    begun = time.perf_counter()
    for start in range(0, rows, MOST_ROWS):
        batch = [_disclosure(draw) for _ in range(min(MOST_ROWS, rows - start))]
        async with connection.transaction():
            await append(connection, batch)
    return time.perf_counter() - begun


def _disclosure(draw: random.Random) -> Disclosure:
    return Disclosure(
        partner=draw.choice(("csa", "masef", "wfp", "cnam")),
        route="GET /registry/v1/households/{household_id}",
        request=f"{draw.getrandbits(128):032x}",
        official=f"A-{draw.randrange(OFFICIALS)}",
        case=f"C-2026/{draw.randrange(10_000)}",
        purpose="shock_response",
        legal_basis="Protocole Taazour-CSA n° 12/2026; loi 2017-020",
        agreement="CSA-2026-01",
        version=2,
        subject_kind="household",
        subject=f"0192f5a0-0000-7000-8000-{draw.randrange(SUBJECTS):012d}",
        attributes=draw.choice(ATTRIBUTES),
    )


async def _seal(url: str, key: ECKey) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with AsyncSession(engine) as tx, tx.begin():
        await Sealer(lambda: key).seal_due(tx, timedelta(0))
    await engine.dispose()


async def _sha256_alone(connection: Any) -> float:
    """Rows a second of nothing but the hash, over the canonical bytes of a seal's rows that are there already."""
    found = await connection.fetch("SELECT * FROM disclosures ORDER BY position LIMIT $1", SEALED_ROWS)
    told = [dict(one) for one in found]
    texts = [
        canonical(
            ChainedRow(
                **{name: value for name, value in one.items() if name not in ("at", "hash", "official", "subject", "attributes")},
                at=microseconds(one["at"]),
                official=one["official"].hex(),
                subject=one["subject"].hex(),
                attributes=tuple(one["attributes"]),
                previous=one["hash"].hex(),
            )
        )
        for one in told
    ]  # fmt: skip
    best = 0.0
    for _ in range(20):
        begun = time.perf_counter()
        for text in texts:
            hashlib.sha256(text).digest()
        best = max(best, len(texts) / (time.perf_counter() - begun))
    return best
