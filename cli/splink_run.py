"""Scores the pairs of an exported model with Splink 5: `python link.py` in the folder of the export.

    pip install "splink>=5,<6"              # and pyspark, for Spark
    python link.py pairs.parquet            # DuckDB, on this machine
    python link.py hdfs:/pairs --spark      # on the Spark that `spark-submit` or the environment gives

`tekamoul match export` puts this file there. A pair has the numbers of both records, its weight in bits, and Splink's probability
from the prior odds. Only pairs of at least `--least` bits, the odds included, are written.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from splink import Linker

HERE = Path(__file__).resolve().parent
WRITTEN = "SELECT record_id_l, record_id_r, unique_id_l, unique_id_r, match_weight - {prior} AS weight, match_probability FROM {table}"


class DuckDB:
    def __init__(self) -> None:
        import duckdb
        from splink.backends.duckdb import DuckDBAPI

        self._connection = duckdb.connect()
        self.api: Any = DuckDBAPI(self._connection)

    def read(self, file: Path, name: str) -> Any:
        self._connection.read_parquet(str(file)).create(f"{name}_file")
        return self.api.register(f"{name}_file", dataset_display_name=name)

    def write(self, sql: str, out: str) -> None:
        self._connection.execute(f"COPY ({sql}) TO '{out}' (FORMAT parquet)")


class Spark:
    def __init__(self) -> None:
        from pyspark.sql import SparkSession
        from splink.backends.spark import SparkAPI

        self._session = SparkSession.builder.getOrCreate()
        self.api: Any = SparkAPI(spark_session=self._session)

    def read(self, file: Path, name: str) -> Any:
        return self.api.register(self._session.read.parquet(str(file)), dataset_display_name=name)

    def write(self, sql: str, out: str) -> None:
        self._session.sql(sql).write.mode("overwrite").parquet(out)


def score(engine: Any, out: str, least: float | None) -> None:
    settings = json.loads((HERE / "settings.json").read_text())
    told = json.loads((HERE / "export.json").read_text())
    linker = Linker([engine.read(HERE / f"{side}.parquet", side) for side in ("left", "right")], settings)
    for column in told["frequencies"]:
        # How rare a value is was counted over both files, by consonants for names: Splink is not to count again.
        table = engine.read(HERE / "frequencies" / f"{column}.parquet", f"frequencies_{column}")
        linker.table_management.register_term_frequency_lookup(table, column)
    scored = linker.inference.predict(threshold_match_weight=least)
    engine.write(WRITTEN.format(prior=told["prior_bits"], table=scored.physical_name), out)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description="Scores the pairs of an exported model with Splink 5.")
    asked.add_argument("out", help="the file, or with --spark the folder, of the scored pairs")
    asked.add_argument("--spark", action="store_true", help="on Spark instead of DuckDB")
    asked.add_argument("--least", type=float, help="leave out pairs of fewer bits, the prior odds included")
    given = asked.parse_args()
    score(Spark() if given.spark else DuckDB(), given.out, given.least)
