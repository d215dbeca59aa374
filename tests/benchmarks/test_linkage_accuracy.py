"""Precision, recall, F1 and calibration of scored pairs, worked out by hand."""

from pathlib import Path

import polars as pl
import pytest

from benchmarks.linkage import engines
from benchmarks.linkage.accuracy import judge, mark, one_to_one, read_pairs
from benchmarks.linkage.measuring import CommandFailed, measure

# Five pairs, three of them true, of four true pairs in all: d-4 was never found.
PAIRS = pl.DataFrame(
    {
        "left_id": ["a", "b", "b", "c", "e"],
        "right_id": ["1", "2", "1", "3", "3"],
        "probability": [0.99, 0.90, 0.60, 0.55, 0.05],
        "weight": [9.0, 5.0, 2.0, 1.0, -3.0],
    }
)
TRUTH = pl.DataFrame({"left_id": ["a", "b", "c", "d"], "right_id": ["1", "2", "3", "4"]})


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    TRUTH.write_parquet(tmp_path / "truth.parquet")
    return tmp_path / "truth.parquet"


def test_the_best_f1_is_found_at_its_threshold(truth: Path) -> None:
    accuracy = judge(*mark(PAIRS, truth, dedupe=False))
    # By threshold: 1 right of 1: F1 2/5; 2 of 2: 4/6; 2 of 3: 4/7; 3 of 4: 6/8; 3 of 5: 6/9.
    assert accuracy.f1 == 0.75
    assert (accuracy.precision, accuracy.recall, accuracy.threshold) == (0.75, 0.75, 0.55)
    assert accuracy.at_half == 0.75
    assert accuracy.reached == 0.75


def test_one_to_one_keeps_the_best_pair_of_each_record() -> None:
    kept = one_to_one(PAIRS)
    assert sorted(zip(kept["left_id"], kept["right_id"], strict=True)) == [("a", "1"), ("b", "2"), ("c", "3")]


def test_pairs_of_one_weight_are_taken_together_whatever_their_order(truth: Path) -> None:
    tied = PAIRS.with_columns(weight=pl.lit(1.0), probability=pl.lit(0.5))
    forward = judge(*mark(tied, truth, dedupe=False))
    assert forward == judge(*mark(tied.reverse(), truth, dedupe=False))
    assert forward.f1 == round(6 / 9, 5)


def test_calibration_tells_of_each_tenth_what_was_told_and_what_was_true(truth: Path) -> None:
    accuracy = judge(*mark(PAIRS, truth, dedupe=False))
    assert accuracy.calibration == [(0.05, 0.0, 1), (0.55, 1.0, 1), (0.6, 0.0, 1), (0.945, 1.0, 2)]


def test_deduplicated_pairs_are_the_same_in_either_order(truth: Path, tmp_path: Path) -> None:
    turned = PAIRS.rename({"left_id": "right_id", "right_id": "left_id"})
    turned.write_parquet(tmp_path / "pairs.parquet")
    accuracy = judge(*mark(read_pairs(tmp_path / "pairs.parquet", dedupe=True), truth, dedupe=True))
    assert accuracy.f1 == 0.75


def test_no_pairs_cannot_be_judged(truth: Path) -> None:
    with pytest.raises(ValueError, match="no pairs"):
        judge(*mark(PAIRS.clear(), truth, dedupe=False))


def test_a_measured_command_tells_time_memory_of_its_children_and_output(tmp_path: Path) -> None:
    child = "import sys,time; held = bytearray(80_000_000); held[::4096] = b'x' * len(held[::4096]); time.sleep(0.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done')"
    measured = measure(["python3", "-c", parent], tmp_path)
    assert measured.output == "done\n"
    assert measured.seconds >= 0.5
    assert 76 <= measured.peak_mib <= 200


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no such thing"):
        measure(["python3", "-c", "raise SystemExit('no such thing')"], tmp_path)


def test_without_the_peers_one_sentence_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "ENVIRONMENT", tmp_path)
    with pytest.raises(SystemExit, match="run make bench-linkage once"):
        engines.need_peers()
