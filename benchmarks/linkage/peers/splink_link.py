"""Splink 5 on DuckDB, used as a skilled user would: `python splink_link.py TASK OUT LEAST LEFT [RIGHT]`.

TASK is `country` (a registry and a list) or `febrl` (one file is deduplicated, two are linked). Writes Parquet with
left_id, right_id and probability for the pairs of at least LEAST. u by random sampling, m by expectation maximisation on
two or three rules, blocking rules that between them reach nearly every true pair.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

import duckdb
import splink
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

RANDOM_PAIRS = 1_000_000
"""Of the sample for u: Splink's own default. Without a seed: with one, it samples more slowly. Twenty million took a minute
longer and gained at most 0.002 of F1."""
TRAINING_PAIRS = 500_000
"""Of each rule for m: as many as the estimates need."""
COUNTRY = (
    "rec_id, fr, fr_given, fr_rest, fr_sorted, ar, ar_given, ar_rest, ar_sorted, sex, born, year, nni, phone_digits, "
    "commune_code, moughataa_code, wilaya_code"
)
"""The columns it needs, folded beforehand: both sides have them alike."""
MEMORY = "16GB"
"""DuckDB writes to disk beyond it."""


def either(test: str) -> str:
    """A condition that holds in Latin or in Arabic script; a side without that script says null, which is not true."""
    return f"coalesce({test.format('fr')}, false) OR coalesce({test.format('ar')}, false)"


def level(sql: str, label: str) -> Any:
    return cll.CustomLevel(sql, label_for_charts=label)


def name_given() -> Any:
    near = "jaro_winkler_similarity({{0}}_given_l, {{0}}_given_r) >= {}"
    return cl.CustomComparison(
        [
            level("(fr_given_l IS NULL OR fr_given_r IS NULL) AND (ar_given_l IS NULL OR ar_given_r IS NULL)", "none")
            .configure(is_null_level=True),
            level("fr_given_l = fr_given_r", "same, Latin").configure(tf_adjustment_column="fr_given"),
            level("ar_given_l = ar_given_r", "same, Arabic").configure(tf_adjustment_column="ar_given"),
            level(either(near.format(0.93)), "very near"),
            level(either(near.format(0.85)), "near"),
            level(either("{0}_sorted_l = {0}_sorted_r"), "the same words in another order"),
            level(either(near.format(0.72)), "somewhat near"),
            cll.ElseLevel(),
        ],
        output_column_name="given",
    )  # fmt: skip


def name_rest() -> Any:
    near = "jaro_winkler_similarity({{0}}_rest_l, {{0}}_rest_r) >= {}"
    begins = "starts_with({0}_rest_l || ' ', {0}_rest_r || ' ') OR starts_with({0}_rest_r || ' ', {0}_rest_l || ' ')"
    return cl.CustomComparison(
        [
            level("(fr_rest_l IS NULL OR fr_rest_r IS NULL) AND (ar_rest_l IS NULL OR ar_rest_r IS NULL)", "none")
            .configure(is_null_level=True),
            level("fr_rest_l = fr_rest_r", "same, Latin").configure(tf_adjustment_column="fr_rest"),
            level("ar_rest_l = ar_rest_r", "same, Arabic").configure(tf_adjustment_column="ar_rest"),
            level(either(begins), "one begins with the other"),
            level(either("{0}_sorted_l = {0}_sorted_r"), "the same words in another order"),
            level(either(near.format(0.92)), "very near"),
            level(either(near.format(0.85)), "near"),
            level(either(near.format(0.72)), "somewhat near"),
            cll.ElseLevel(),
        ],
        output_column_name="rest",
    )  # fmt: skip


def birth() -> Any:
    by_year = "({0} IS NULL OR {0}[6:] IN ('12-31', '01-01'))"
    swapped = "born_l[:4] = born_r[:4] AND born_l[6:7] = born_r[9:10] AND born_l[9:10] = born_r[6:7]"
    return cl.CustomComparison(
        [
            level("year_l IS NULL OR year_r IS NULL", "none").configure(is_null_level=True),
            level(f"born_l = born_r AND NOT {by_year.format('born_l')}", "same day"),
            level(f"year_l = year_r AND {by_year.format('born_l')} AND {by_year.format('born_r')}", "same year, both by it"),
            level(swapped, "day and month swapped"),
            level(f"year_l = year_r AND ({by_year.format('born_l')} OR {by_year.format('born_r')})", "same year, one by it"),
            level("born_l[6:] = born_r[6:] AND abs(year_l - year_r) IN (1, 2, 10)", "same day of another year"),
            level("damerau_levenshtein(born_l, born_r) <= 1", "one digit"),
            level("abs(year_l - year_r) IN (0, 1, 2, 10)", "year or near it"),
            level("abs(year_l - year_r) <= 5", "within five years"),
            cll.ElseLevel(),
        ],
        output_column_name="birth",
    )  # fmt: skip


def place() -> Any:
    return cl.CustomComparison(
        [
            level("wilaya_code_l IS NULL OR wilaya_code_r IS NULL", "none").configure(is_null_level=True),
            level("commune_code_l = commune_code_r", "commune").configure(tf_adjustment_column="commune_code"),
            level("moughataa_code_l = moughataa_code_r", "moughataa"),
            level("wilaya_code_l = wilaya_code_r", "wilaya"),
            cll.ElseLevel(),
        ],
        output_column_name="place",
    )


def country(with_nni: bool) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Comparisons, rules to predict, rules to train on, rules that are nearly always one person."""
    comparisons = [
        name_given(),
        name_rest(),
        birth(),
        cl.ExactMatch("sex"),
        cl.DamerauLevenshteinAtThresholds("phone_digits", [1]).configure(term_frequency_adjustments=True),
        place(),
    ]
    first, second = "substr({}_given, 1, 2)", "substr({}_rest, 1, 2)"
    predict: list[Any] = [block_on("phone_digits", "year"), block_on("born", "commune_code", "sex")]
    for script in ("fr", "ar"):
        given, rest = f"{script}_given", f"{script}_rest"
        father = f"split_part({rest}, ' ', 1)"
        predict += [
            block_on("phone_digits", f"substr({given}, 1, 1)"),
            block_on("year", given, "moughataa_code"),
            block_on("year", "sex", "commune_code", first.format(script)),
            block_on("year", "sex", "commune_code", second.format(script)),
            block_on(given, rest, "moughataa_code"),
            block_on(given, father, "commune_code"),
            block_on(f"{script}_sorted", "commune_code"),
            block_on("year", given, rest),
        ]
    sure = [block_on("phone_digits", "born", "fr_given"), block_on("fr_sorted", "born", "commune_code")]
    train = [block_on("phone_digits", "year"), block_on("fr_given", "fr_rest", "commune_code")]
    if with_nni:
        comparisons.append(cl.DamerauLevenshteinAtThresholds("nni", [1]))
        predict.insert(0, block_on("nni"))
        sure.insert(0, block_on("nni"))
        train.insert(0, block_on("nni"))
    return comparisons, predict, train, sure


def febrl() -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    comparisons = [
        cl.ForenameSurnameComparison("given_name", "surname").configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        cl.JaroWinklerAtThresholds("address_1", [0.9, 0.7]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("address_2", [0.9, 0.7]),
        cl.DamerauLevenshteinAtThresholds("postcode", [1]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("suburb", [0.9]).configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("street_number", [1]),
        cl.ExactMatch("state"),
    ]
    predict: list[Any] = [
        block_on("soc_sec_id"), block_on("given_name", "surname"), block_on("date_of_birth"), block_on("surname", "postcode"),
        block_on("given_name", "postcode"), block_on("given_name", "suburb"), block_on("address_1"), block_on("surname", "suburb"),
        block_on("surname", "given_name"), "l.given_name = r.surname AND l.surname = r.given_name", block_on("address_2", "postcode"),
        block_on("postcode", "street_number"), block_on("substr(given_name, 1, 3)", "substr(surname, 1, 3)"),
    ]  # fmt: skip
    train = [block_on("date_of_birth"), block_on("postcode"), block_on("soc_sec_id")]
    return comparisons, predict, train, [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]


def main(task: str, out: str, least: float, paths: list[str]) -> dict[str, Any]:
    started = time.monotonic()
    stages: dict[str, float] = {}

    def done(stage: str) -> None:
        stages[stage] = round(time.monotonic() - started - sum(stages.values()), 2)

    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{out}.tmp'")
    api = DuckDBAPI(connection)
    names = ["left_file", "right_file"][: len(paths)]
    for name, path in zip(names, paths, strict=True):
        connection.execute(f"CREATE TABLE {name} AS SELECT {COUNTRY if task == 'country' else '*'} FROM '{path}'")
    tables = [api.register(name, dataset_display_name=name) for name in names]
    with_nni = task == "country" and connection.execute("SELECT count(nni) FROM left_file").fetchall()[0][0] > 0
    comparisons, predict, train, sure = country(with_nni) if task == "country" else febrl()
    done("read")
    settings = SettingsCreator(
        link_type="link_only" if len(paths) == 2 else "dedupe_only",
        unique_id_column_name="rec_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=predict,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker(tables if len(tables) > 1 else tables[0], settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS)
    done("u")
    for rule in train:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=TRAINING_PAIRS, record_sample_proportion=0.1
        )
    done("m")
    pairs = linker.inference.compute_blocked_pairs_for_predict()
    count = connection.execute(f"SELECT count(*) FROM {pairs.physical_name}").fetchall()[0][0]
    done("block")
    scored = linker.inference.predict(threshold_match_probability=least, warning_mode="never")
    connection.execute(
        f"COPY (SELECT rec_id_l AS left_id, rec_id_r AS right_id, match_probability AS probability, match_weight AS weight "
        f"FROM {scored.physical_name}) TO '{out}' (FORMAT parquet)"
    )
    done("predict")
    return {"peer": "splink", "version": splink.__version__, "pairs": count, "stages": stages}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:])))
