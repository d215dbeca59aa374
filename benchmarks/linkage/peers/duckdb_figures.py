"""Figures of a country by DuckDB, in SQL over Parquet: `python duckdb_figures.py FOLDER THREADS`.

FOLDER holds `households` (household, moughataa, size), `enrollments` (household, program, certain, months: a bit each, the
thirteenth is the country's day) and `worth` (program, place and month, amount in hundredths, by_size, each). Written into it: what each
household receives in each month, in which programs exactly households are on the day, and whom each program reaches by
moughataa. One line of JSON: the seconds from the files to the tables.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

DAY_BIT = 12
TABLES = {
    # A household that certain links show in a program is counted by these alone.
    "listed": """
        SELECT household, program, place, month, any_value(amount) AS amount, any_value(by_size) AS by_size, any_value(each) AS each,
               count(*) AS listed, count(*) FILTER (certain) AS surely
        FROM 'enrollments.parquet' JOIN 'worth.parquet' USING (program) WHERE (months >> place) & 1 = 1
        GROUP BY ALL""",
    "received": """
        SELECT household, program, month,
               amount * CASE WHEN by_size THEN size WHEN each THEN if(surely > 0, surely, listed) ELSE 1 END AS value
        FROM listed JOIN 'households.parquet' USING (household)""",
    "values": "SELECT household, month, sum(value)::BIGINT AS value FROM received GROUP BY ALL",
    "combinations": f"""
        SELECT programs, count(*) AS households FROM (
            SELECT household, string_agg(DISTINCT program, '+' ORDER BY program) AS programs
            FROM 'enrollments.parquet' WHERE (months >> {DAY_BIT}) & 1 = 1 GROUP BY household) GROUP BY programs""",
    "coverage": """
        SELECT moughataa, program, sum(size)::BIGINT AS people
        FROM (SELECT DISTINCT household, program FROM received) JOIN 'households.parquet' USING (household) GROUP BY ALL""",
}  # fmt: skip
TOLD = ("values", "combinations", "coverage")


def main(folder: Path, threads: int) -> dict[str, object]:
    database = duckdb.connect()
    database.execute(f"SET threads = {threads}")
    database.execute(f"SET file_search_path = '{folder}'")
    began = time.perf_counter()
    for name, rows in TABLES.items():
        database.execute(f'CREATE TEMP TABLE "{name}" AS {rows}')
    seconds = time.perf_counter() - began
    for name in TOLD:
        database.execute(f"COPY \"{name}\" TO '{folder / f'duckdb-{name}.parquet'}' (FORMAT parquet)")
    return {"seconds": round(seconds, 2), "version": duckdb.__version__}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
