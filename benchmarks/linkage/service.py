"""`linkage-service`: one record through HTTP and the store, among all the people of a registry; and how soon after a start.

The matching service with PostgreSQL (fsync on) and NATS; one client asks `POST /v1/match` one after the other, from the
texts as a list has them to candidates that were read from the table, with their evidence in words.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
import polars as pl
import psutil

from benchmarks.clients import Asked, Service, elsewhere, percentiles, send_all, service_told
from benchmarks.linkage.data import Files, write_country
from benchmarks.platform import OUTSIDE
from benchmarks.service_alone import ServiceAlone
from cli.demo.places import communes
from shared.identity import Caller

SIZES, SIZES_VARIABLE = (100_000, 1_000_000), "TEKAMOUL_BENCH_ONLINE"
"""People in the registry; 5,000,000 take half an hour to put in."""
LISTED, SEED = 20_000, 2027
QUESTIONS, WARM = 2_000, 200
PROGRAM = "DISABILITY_CASH"
OFFICER = Caller("masef", frozenset({"lists:match"}), frozenset({PROGRAM}))
FILLED_AT_ONCE, MOST_SECONDS, LOOK_SECONDS = 250_000, 1_800, 0.1


def run_linkage_service() -> dict[str, Any]:
    """Figures of the largest registry, and of each under `sizes`."""
    asked = [int(one) for one in os.environ.get(SIZES_VARIABLE, "").split(",") if one.strip()]
    sizes = [asyncio.run(_one_size(registry)) for registry in asked or SIZES]
    return {"benchmark": "linkage-service", **sizes[-1], "sizes": sizes}


async def _one_size(registry: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name:
        files = write_country(Path(name) / "data", registry, LISTED, "mixed", SEED)
        async with ServiceAlone("matching", OFFICER) as matching:
            await _fill(matching.database_url, files)
            cold_s = await _answers(matching)
            questions = matching.folder / "questions.json"
            questions.write_bytes(orjson.dumps(_questions(files)))
            load_before = round(os.getloadavg()[0], 2)
            figures = await elsewhere(__name__, matching, str(questions))
            matching.sample()
            await matching.restart()
            warm_s, warm_cpu_s = await _answers(matching), matching.cpu_seconds()
    return {
        "registry": registry,
        **figures,
        "read_s": cold_s,
        "warm_start_s": warm_s,
        "warm_start_cpu_s": round(warm_cpu_s, 1),
        "service_mib": round(matching.peak_mib),
        "load_before": load_before,
    }


async def _answers(matching: ServiceAlone) -> float:
    """The seconds from the start of the process until one is answered with everybody in the index."""
    began = psutil.Process(matching.pid).create_time()
    deadline = time.monotonic() + MOST_SECONDS
    async with matching.client() as client:
        while time.monotonic() < deadline:
            try:
                answer = await client.post("/v1/match", json={"program": PROGRAM, "name": "Mohamed"})
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200 and answer.json()["index"]["behind"] == 0:
                return round(time.time() - began, 1)
            await asyncio.sleep(LOOK_SECONDS)
    raise RuntimeError("the index is not ready")


async def _fill(url: str, files: Files) -> None:
    """Places, one program, and the registry's people as households of their own numbers."""
    people = pl.read_parquet(files.left)
    household = pl.col("household_number").cast(pl.Int64)
    connection = await asyncpg.connect(url)
    try:
        await connection.copy_records_to_table("places", records=_place_rows(), columns=PLACE_COLUMNS)
        await connection.execute(
            "INSERT INTO programs (code, institution, version, unit, names, targeting)"
            " VALUES ($1, 'masef', 1, 'individual', '{}', '{}')",
            PROGRAM,
        )
        for first in range(0, len(people), FILLED_AT_ONCE):
            some = people.slice(first, FILLED_AT_ONCE).with_columns(
                _uuid(household, 1).alias("household_id"), _uuid(pl.col("rec_id"), 2).alias("individual_id")
            )
            await _copy(connection, "households", some.unique("household_id").select(
                pl.col("household_id").alias("id"),
                pl.col("household_number").cast(pl.String).alias("number"),
                pl.lit(1).alias("version"), "wilaya_code", "moughataa_code", _commune(),
                pl.lit("poor").alias("vulnerability_category"), pl.lit(6).alias("size"),
                pl.lit(False).alias("disability"), pl.lit(False).alias("school_age"),
            ), beside="ON CONFLICT DO NOTHING")  # fmt: skip
            phone = pl.when(pl.col("phone").is_not_null()).then("+222" + pl.col("phone").cast(pl.String))
            await _copy(connection, "household_phones", some.select(
                phone.alias("phone"), "household_id"
            ).drop_nulls().unique(), beside="ON CONFLICT DO NOTHING")  # fmt: skip
            await _copy(connection, "members", some.select(
                "household_id", "individual_id",
                pl.col("rec_id").cast(pl.String).str.zfill(10).alias("individual_number"),
                pl.col("household_number").cast(pl.String),
                "name_fr", "name_ar", "sex", "birth_date", pl.lit("day").alias("birth_precision"), "nni",
                pl.concat_str(pl.lit("{"), phone.fill_null(""), pl.lit("}")).alias("phones"), pl.lit("other").alias("relationship"),
                "wilaya_code", "moughataa_code", _commune(),
            ))  # fmt: skip
        await connection.execute("VACUUM ANALYZE", timeout=MOST_SECONDS)
    finally:
        await connection.close()


PLACE_COLUMNS = ("code", "kind", "parent_code", "name_fr", "name_ar", "names")


def _place_rows() -> list[tuple[Any, ...]]:
    rows: dict[str, tuple[Any, ...]] = {}
    for one in communes():
        for code, kind, parent, name in (
            (one.wilaya_code, "wilaya", None, one.wilaya),
            (one.moughataa_code, "moughataa", one.wilaya_code, one.moughataa),
            (one.code, "commune", one.moughataa_code, one.name),
        ):
            known = json.dumps([name.latin, name.arabic])
            rows.setdefault(code, (code, kind, parent, name.latin, name.arabic, known))
    return list(rows.values())


def _uuid(number: pl.Expr, kind: int) -> pl.Expr:
    return pl.format(f"0000000{kind}-0000-7000-8000-{{}}", number.cast(pl.String).str.zfill(12))


def _commune() -> pl.Expr:
    codes = pl.Series([one.code for one in communes()])
    return pl.lit(codes).gather(pl.col("commune_code")).alias("commune_code")


async def _copy(connection: asyncpg.Connection[Any], table: str, rows: pl.DataFrame, beside: str = "") -> None:
    """COPY by way of a table that takes everything, so that what stands there already is passed over."""
    columns = ", ".join(rows.columns)
    await connection.execute(
        f"CREATE TEMP TABLE coming ON COMMIT PRESERVE ROWS AS SELECT {columns} FROM {table} LIMIT 0"
    )
    await connection.copy_to_table(
        "coming", source=io.BytesIO(rows.write_csv(include_header=False).encode()), columns=rows.columns, format="csv"
    )
    await connection.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM coming {beside}", timeout=MOST_SECONDS
    )
    await connection.execute("DROP TABLE coming")


def _questions(files: Files) -> list[dict[str, Any]]:
    """The list's rows as it has them, and who each of them is."""
    truth = dict(pl.read_parquet(files.truth).select("right_id", "left_id").iter_rows())
    fields = ("name", "sex", "birth_date", "nni", "phone", "wilaya", "moughataa", "commune")
    asked = []
    for row in pl.read_parquet(files.right).head(WARM + QUESTIONS).iter_rows(named=True):
        person = {name: str(row[name]) for name in fields if row[name] is not None}
        known = truth.get(row["rec_id"])
        asked.append({"person": person, "is": str(UUID(f"00000002-0000-7000-8000-{known:012}")) if known else None})
    return asked


async def _ask(service: Service, file: Path) -> dict[str, Any]:
    rows = orjson.loads(file.read_bytes())
    asked = [Asked("POST", "/v1/match", orjson.dumps({"program": PROGRAM} | one["person"])) for one in rows]
    await send_all(service, 1, iter(asked[:WARM]), "200")
    took, _ = await send_all(service, 1, iter(asked[WARM:]), "200")
    return percentiles(took)


if __name__ == "__main__":
    service, (questions,) = service_told(OFFICER)
    print(json.dumps(asyncio.run(_ask(service, Path(questions)))))
