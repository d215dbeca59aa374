"""The heavy part of all figures by three engines, with equal results: the platform's columns (polars), DuckDB, PostgreSQL itself.

What each household receives in each month, in which programs exactly households are, whom each program reaches by moughataa. Polars
and DuckDB read the same Parquet files, each in a process of its own; PostgreSQL reads its own tables.
`python -m benchmarks.interlinkage_peers FOLDER` is the platform's side.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import polars as pl
from polars.testing import assert_frame_equal

from benchmarks.figures import PROJECT
from benchmarks.linkage.engines import ENVIRONMENT, PEERS
from benchmarks.linkage.measuring import measure
from benchmarks.platform import OUTSIDE
from services.matching.figures import values
from services.matching.figures.country import BASKETS, ELIGIBLE, HOUSEHOLDS, Country, twelve_months
from services.matching.figures.programs import program_facts
from services.matching.figures.states import count, has, states_of
from shared.clock import now

Document = Mapping[str, Any]
"""A program as its institution publishes it, with one value that is paid each month."""
DAY_BIT, CENTS = 12, 100
HOUSEHOLD_UNITS = ("household", "household_card")
FRAMES: dict[str, dict[str, Any]] = {
    "households": {"household": pl.UInt32, "moughataa": pl.String, "size": pl.Int32},
    "enrollments": {"household": pl.UInt32, "program": pl.String, "certain": pl.Boolean, "months": pl.Int32},
}
WORTH: dict[str, Any] = {
    "program": pl.String,
    "place": pl.Int32,
    "month": pl.Date,
    "amount": pl.Int64,
    "by_size": pl.Boolean,
    "each": pl.Boolean,
}
RESULTS: dict[str, dict[str, Any]] = {
    "values": {"household": pl.Int64, "month": pl.Date, "value": pl.Int64},
    "combinations": {"programs": pl.String, "households": pl.Int64},
    "coverage": {"moughataa": pl.String, "program": pl.String, "people": pl.Int64},
}
HOUSEHOLD_ROWS = "SELECT substr(number, 2)::int AS household, moughataa_code AS moughataa, size FROM households"
ENROLLMENT_ROWS = """
SELECT substr(h.number, 2)::int AS household, b.program, b.decided_as = 'linked' AS certain,
       (SELECT bit_or((b.spans @> w.day)::int << w.place) FROM days w) AS months
FROM beneficiaries b JOIN households h ON h.id = b.household_id"""
POSTGRES = {
    "received": """
        SELECT household_id, program, month, w.amount * CASE WHEN by_size THEN h.size WHEN each THEN
               CASE WHEN surely > 0 THEN surely ELSE listed END ELSE 1 END AS value
        FROM (SELECT b.household_id, b.program, w.place, count(*) AS listed, count(*) FILTER (WHERE b.decided_as = 'linked') AS surely
              FROM beneficiaries b JOIN worth w ON w.program = b.program JOIN days d ON d.place = w.place AND b.spans @> d.day
              GROUP BY 1, 2, 3) b
        JOIN worth w USING (program, place) JOIN households h ON h.id = b.household_id""",
    "values": "SELECT household_id, month, sum(value)::bigint AS value FROM received GROUP BY 1, 2",
    "combinations": f"""
        SELECT programs, count(*) AS households FROM (
            SELECT household_id, string_agg(DISTINCT program, '+' ORDER BY program) AS programs
            FROM beneficiaries b JOIN days d ON d.place = {DAY_BIT} AND b.spans @> d.day GROUP BY 1) each GROUP BY 1""",
    "coverage": """
        SELECT moughataa_code AS moughataa, program, sum(size)::bigint AS people
        FROM (SELECT DISTINCT household_id, program FROM received) r JOIN households h ON h.id = r.household_id GROUP BY 1, 2""",
}  # fmt: skip
NUMBERED = 'SELECT substr(h.number, 2)::int AS household, month, value FROM "values" v JOIN households h ON h.id = household_id'
WORK_MEM = "512MB"
"""For each sort and hash of PostgreSQL, as who computes over a whole country with it would set it."""


async def run_peers(database_url: str, programs: Sequence[Document]) -> dict[str, Any]:
    """Seconds of each, and the peak memory of polars and of DuckDB. AssertionError where two tell different figures.

    Without DuckDB, which `make bench-linkage` installs, its figures are absent.
    """
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name:
        folder = Path(name)
        worth = worth_of(programs, twelve_months(now().date()))
        connection = await asyncpg.connect(database_url)
        try:
            postgres_s = await _in_postgres(connection, worth, folder)
            await _export(connection, worth, folder)
        finally:
            await connection.close()
        (folder / "programs.json").write_text(json.dumps(list(programs)), encoding="utf-8")
        ours = measure([sys.executable, "-m", __spec__.name, str(folder)], folder, {"PYTHONPATH": str(PROJECT)})
        figures = {
            "polars_s": json.loads(ours.output)["seconds"],
            "polars_mib": ours.peak_mib,
            "postgres_s": postgres_s,
        }
        engines = ["postgres"]
        if (ENVIRONMENT / "bin" / "python").exists():
            peer = [str(ENVIRONMENT / "bin" / "python"), str(PEERS / "duckdb_figures.py")]
            measured = measure([*peer, str(folder), str(os.cpu_count() or 1)], folder)
            told = json.loads(measured.output)
            figures |= {"duckdb_s": told["seconds"], "duckdb_mib": measured.peak_mib, "duckdb": told["version"]}
            engines.append("duckdb")
        for engine in engines:
            figures[f"over_{engine}"] = round(figures["polars_s"] / figures[f"{engine}_s"], 2)
            _must_agree(folder, engine)
        return figures


def worth_of(programs: Sequence[Document], months: Sequence[date]) -> pl.DataFrame:
    """What a month of each program is worth: a row for each month in which it gives, by its place in the period."""
    rows = [
        (
            *(one["code"], place, month, round(float(value["amount_mru"]) * CENTS)),
            value["per"] == "person" and one["unit"] in HOUSEHOLD_UNITS,
            one["unit"] not in HOUSEHOLD_UNITS,
        )
        for one in programs
        for value in one["values"]
        for place, month in enumerate(months)
        if value["months"] is None or month.month in value["months"]
    ]
    return pl.DataFrame(rows, WORTH, orient="row")


async def _in_postgres(connection: asyncpg.Connection, worth: pl.DataFrame, folder: Path) -> float:
    await connection.execute(f"SET work_mem = '{WORK_MEM}'")
    await connection.execute(
        "CREATE TEMP TABLE worth (program text, place int, month date, amount bigint, by_size bool, each bool);"
        "CREATE TEMP TABLE days (place int, day date)"
    )
    await connection.copy_records_to_table("worth", records=worth.rows())
    today = now().date()
    months = twelve_months(today)
    ends = [min((month + timedelta(days=31)).replace(day=1) - timedelta(days=1), today) for month in months]
    await connection.copy_records_to_table("days", records=list(enumerate([*ends, today])))
    await connection.execute("ANALYZE worth; ANALYZE days")
    began = time.perf_counter()
    for name, rows in POSTGRES.items():
        await connection.execute(f'CREATE TEMP TABLE "{name}" AS {rows}', timeout=3_600)
    seconds = round(time.perf_counter() - began, 2)
    for name in RESULTS:
        rows = NUMBERED if name == "values" else f'SELECT * FROM "{name}"'
        await _copied(connection, rows, folder / f"postgres-{name}.parquet", RESULTS[name])
    return seconds


async def _export(connection: asyncpg.Connection, worth: pl.DataFrame, folder: Path) -> None:
    """What polars and DuckDB read."""
    worth.write_parquet(folder / "worth.parquet")
    for name, rows in (("households", HOUSEHOLD_ROWS), ("enrollments", ENROLLMENT_ROWS)):
        await _copied(connection, rows, folder / f"{name}.parquet", FRAMES[name])


async def _copied(connection: asyncpg.Connection, rows: str, file: Path, kinds: dict[str, Any]) -> None:
    written = file.with_suffix(".csv")
    await connection.copy_from_query(rows, output=written, format="csv", header=True, timeout=3_600)
    read = {name: pl.String if kind == pl.Boolean else kind for name, kind in kinds.items()}
    frame = pl.read_csv(written, schema_overrides=read)
    truths = [name for name, kind in kinds.items() if kind == pl.Boolean]
    frame.with_columns(pl.col(truths) == "t").write_parquet(file)
    written.unlink()


def _must_agree(folder: Path, engine: str) -> None:
    for name, kinds in RESULTS.items():
        ours, theirs = (
            pl.read_parquet(folder / f"{one}-{name}.parquet").select(pl.col(c).cast(k) for c, k in kinds.items())
            for one in ("polars", engine)
        )
        assert_frame_equal(ours.sort(pl.all()), theirs.sort(pl.all()))


def main(folder: Path) -> dict[str, Any]:
    """The platform's side: the functions by which every figure is computed, from the files to three frames."""
    day = now().date()
    months = twelve_months(day)
    programs = [
        program_facts(one, months) for one in json.loads((folder / "programs.json").read_text(encoding="utf-8"))
    ]
    began = time.perf_counter()
    households = pl.read_parquet(folder / "households.parquet")
    listed = pl.read_parquet(folder / "enrollments.parquet").with_columns(
        own=pl.lit(None, pl.Int64), school=pl.lit(None, pl.String)
    )
    sizes, period = households.select("household", "size"), values.Period(months, day)
    country = Country(
        day=day,
        months=months,
        households=households.select(_column(name, kind, households) for name, kind in HOUSEHOLDS.items()),
        receipts=values.receipts(listed, sizes, programs, period),
        enrolled=values.enrolled(listed, sizes, programs, day, day),
        eligible=pl.DataFrame(schema=ELIGIBLE),
        baskets=pl.DataFrame(schema=BASKETS),
        programs=tuple(programs),
        matrix={},
        threshold=0.97,
    )
    received = country.receipts.group_by("household", "month").agg(pl.col("value").sum())
    states = states_of(country, ("moughataa",))
    kinds = states.households.filter(pl.col("on_both") != 0).group_by("on_both").agg(households=pl.len())
    named = {mask: "+".join(code for code, bit in states.bits.items() if mask & bit) for mask in kinds["on_both"]}
    combinations = kinds.select(
        programs=pl.col("on_both").replace_strict(named, return_dtype=pl.String), households="households"
    )
    people = count(states.kinds, {code: has("got_both", bit) for code, bit in states.bits.items()})["people"]
    reached = [(place, code, n) for code, by in people.items() for (_, place), n in by.items() if n]
    coverage = pl.DataFrame(reached, RESULTS["coverage"], orient="row")
    seconds = round(time.perf_counter() - began, 2)
    for name, frame in (("values", received), ("combinations", combinations), ("coverage", coverage)):
        frame.write_parquet(folder / f"polars-{name}.parquet")
    return {"seconds": seconds}


def _column(name: str, kind: Any, households: pl.DataFrame) -> pl.Expr:
    return (pl.col(name) if name in households.columns else pl.lit(None)).cast(kind).alias(name)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
