"""The recordlinkage package with its unsupervised classifier: `python recordlinkage_link.py TASK OUT LEAST LEFT [RIGHT]`.

TASK, columns and output are those of `splink_link.py`. Blocks on several keys, compares with Jaro-Winkler and exact
equality, and lets the ECM classifier learn without labels (features are agreed or not: that is how it works).
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import recordlinkage as rl

AGREED = 0.85
FEBRL_BLOCKS = [
    ["soc_sec_id"], ["given_name", "surname"], ["date_of_birth"], ["surname", "postcode"], ["given_name", "postcode"],
    ["address_1"], ["postcode", "street_number"], ["given_name", "suburb"], ["surname", "suburb"],
]  # fmt: skip
FEBRL_TEXT = ["given_name", "surname", "address_1", "address_2", "suburb"]
FEBRL_EXACT = ["street_number", "postcode", "state", "date_of_birth", "soc_sec_id"]
COUNTRY_BLOCKS = [
    ["nni"], ["phone_digits", "year"], ["born", "fr_given"], ["born", "commune_code"], ["year", "fr_given", "moughataa_code"],
    ["year", "fr_sorted"], ["born", "ar_given"], ["year", "ar_given", "moughataa_code"],
]  # fmt: skip
COUNTRY_TEXT = ["fr_given", "fr_rest", "ar_given", "ar_rest"]
COUNTRY_EXACT = ["sex", "born", "year", "phone_digits", "nni", "commune_code", "moughataa_code"]
CLOSEST_TO_SURE = 1e-12


def main(task: str, out: str, least: float, paths: list[str]) -> dict[str, Any]:
    started = time.monotonic()
    country = task == "country"
    text, exact = (COUNTRY_TEXT, COUNTRY_EXACT) if country else (FEBRL_TEXT, FEBRL_EXACT)
    frames = [
        pd.read_parquet(path).set_index("rec_id")[text + exact + (["fr_sorted"] if country else [])] for path in paths
    ]
    has = [column for column in exact if all(frame[column].notna().any() for frame in frames)]
    indexer = rl.Index()
    for block in COUNTRY_BLOCKS if country else FEBRL_BLOCKS:
        if "nni" not in block or "nni" in has:
            indexer.block(block)
    pairs = indexer.index(*frames)
    compare = rl.Compare(n_jobs=1)
    for column in text:
        compare.string(column, column, method="jarowinkler", threshold=AGREED, label=column)
    for column in has:
        compare.exact(column, column, label=column)
    features = compare.compute(pairs, *frames)
    if country:  # a row has one script: what agrees in either of them agrees
        for part in ("given", "rest"):
            features[part] = features[[f"fr_{part}", f"ar_{part}"]].max(axis=1)
        features = features.drop(columns=COUNTRY_TEXT)
    model = rl.ECMClassifier()
    model.fit(features)
    probability = np.clip(np.asarray(model.prob(features), dtype=float), CLOSEST_TO_SURE, 1 - CLOSEST_TO_SURE)
    result = pd.DataFrame(
        {
            "left_id": features.index.get_level_values(0),
            "right_id": features.index.get_level_values(1),
            "probability": probability,
            "weight": np.log2(probability / (1 - probability)),
        }
    )
    result[result["probability"] >= least].to_parquet(out, index=False)
    seconds = round(time.monotonic() - started, 2)
    return {"peer": "recordlinkage", "version": version("recordlinkage"), "pairs": len(features), "seconds": seconds}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:])))
