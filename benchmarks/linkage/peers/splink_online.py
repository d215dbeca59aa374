"""One record at a time against a registry with Splink: `python splink_online.py LEFT RIGHT RECORDS`.

The model is trained on both files as in `splink_link.py`; then each of the first RECORDS rows of RIGHT is put into a table of
its own and compared with `predict_between`, the way Splink has for records that come later. Prints the times in ms.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

import duckdb
import splink
from splink import Linker, SettingsCreator
from splink.backends.duckdb import DuckDBAPI
from splink_link import COUNTRY, RANDOM_PAIRS, TRAINING_PAIRS, country

WARM_UP = 3
LEAST = 0.3


def main(left: str, right: str, records: int) -> dict[str, Any]:
    connection = duckdb.connect()
    api = DuckDBAPI(connection)
    for name, path in (("left_file", left), ("right_file", right)):
        connection.execute(f"CREATE TABLE {name} AS SELECT {COUNTRY} FROM '{path}'")
    registry, listed = (api.register(name, dataset_display_name=name) for name in ("left_file", "right_file"))
    comparisons, predict, train, sure = country(with_nni=True)
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=predict,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker([registry, listed], settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS)
    for rule in train:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=TRAINING_PAIRS, record_sample_proportion=0.1
        )
    for column in ("fr_given", "ar_given", "fr_rest", "ar_rest", "commune_code", "phone_digits"):
        linker.table_management.compute_tf_table(column)
    ids = [row[0] for row in connection.execute(f"SELECT rec_id FROM right_file LIMIT {records + WARM_UP}").fetchall()]
    times = []
    for number, rec_id in enumerate(ids):
        started = time.perf_counter()
        connection.execute(f"CREATE TABLE one_{number} AS SELECT * FROM right_file WHERE rec_id = ?", [rec_id])
        one = api.register(f"one_{number}", dataset_display_name=f"one_{number}")
        scored = linker.inference.predict_between(
            registry, one, threshold_match_probability=LEAST, warning_mode="never"
        )
        connection.execute(f"SELECT * FROM {scored.physical_name} ORDER BY match_weight DESC LIMIT 5").fetchall()
        times.append((time.perf_counter() - started) * 1_000)
    return {"peer": "splink", "version": splink.__version__, "times_ms": times[WARM_UP:]}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
