"""`tekamoul match names`: every row comes back with a score, whatever stands in it, and what is no csv is refused."""

import csv
import random
import time
import tracemalloc
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import naming
from cli.main import app
from shared.names import parse_name, similarity

RUNNER = CliRunner()


def run(tmp_path: Path, content: bytes | str, language: str = "en", file: str = "pairs.csv") -> tuple[int, str, Path]:
    """The exit status, what was said, and the file written or not."""
    pairs, out = tmp_path / file, tmp_path / "scored.csv"
    pairs.write_bytes(content.encode() if isinstance(content, str) else content)
    asked = ["match", "names", "--pairs", str(pairs), "--out", str(out)]
    done = RUNNER.invoke(app, asked, env={"TEKAMOUL_LANG": language})
    return done.exit_code, done.output, out


def rows_of(out: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with out.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def test_every_row_comes_back_with_its_other_columns_and_a_score(tmp_path: Path) -> None:
    status, said, out = run(
        tmp_path,
        'id,a,b,note\n1,Mohamed Ould Ahmed,محمد ولد أحمد,"x, y"\n2,Salem Ould Sidi,Saleck Ould Sidi,\n3,,Sidi,z\n',
    )

    assert status == 0
    assert "3 pairs compared" in said
    rows = rows_of(out)
    assert [(row["id"], row["note"]) for row in rows] == [("1", "x, y"), ("2", ""), ("3", "z")]
    assert [float(row["score"]) for row in rows] == pytest.approx(
        [
            similarity(parse_name("Mohamed Ould Ahmed"), parse_name("محمد ولد أحمد")),
            similarity(parse_name("Salem Ould Sidi"), parse_name("Saleck Ould Sidi")),
            0.0,
        ],
        abs=1e-6,
    )


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("\ufeffa,b\nSidi,سيدي\n".encode(), ","),
        ("a;b\nSidi;سيدي\n".encode(), ";"),
        ("A\tB\r\nSidi\tسيدي\r\n".encode(), "\t"),
        ("a;b\nSidi;سيدي\n".encode("cp1256"), ";"),
        ('"b","a"\n\n"سيدي","Sidi"\n'.encode(), ","),
    ],
)
def test_a_mark_other_delimiters_and_older_encodings_are_read(tmp_path: Path, content: bytes, delimiter: str) -> None:
    status, _, out = run(tmp_path, content)

    assert status == 0
    (row,) = rows_of(out, delimiter)
    assert float(row["score"]) == pytest.approx(similarity(parse_name("Sidi"), parse_name("سيدي")), abs=1e-6)


def test_a_short_row_is_filled_up_and_what_a_long_one_has_more_is_kept(tmp_path: Path) -> None:
    status, _, out = run(tmp_path, "a,b,c\nSidi\nSidi,Sidi,1,2\n")

    assert status == 0
    assert out.read_text(encoding="utf-8").splitlines()[1:] == ["Sidi,,,0.000000", "Sidi,Sidi,1,1.000000,2"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("a,c\nSidi,Sidi\n", "missing_column"),
        ("Sidi,Sidi\n", "missing_column"),
        ("a,b,score\nSidi,Sidi,1\n", "score_exists"),
        ("a,b\n", "no_rows"),
        ("a,b\n\n\n", "no_rows"),
        ("", "unusable"),
        ("   \n", "unusable"),
        (b"%PDF-1.7\n", "unusable"),
        (b"PK\x03\x04\x14\x00\x06\x00", "not_csv"),
        (bytes(range(256)) * 40, "not_csv"),
        ("a,b\nSidi,Sidi\nSidi," + "x" * (naming.LONGEST_CELL + 1) + "\n", "not_csv"),
    ],
)
@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_what_cannot_be_scored_is_refused_in_words_and_leaves_no_file(
    tmp_path: Path, content: bytes | str, code: str, language: str
) -> None:
    status, said, out = run(tmp_path, content, language)

    assert status == 1
    wanted = naming.WORDS[code].in_(language).replace("{file}", "pairs.csv").replace("{column}", "\0")
    assert wanted.split("{")[0].split("\0")[0] in " ".join(said.split())
    assert [one.name for one in tmp_path.iterdir()] == ["pairs.csv"]
    assert not out.exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("a,b\nSidi,Sidi\n", encoding="utf-8")

    done = RUNNER.invoke(app, ["match", "names", "--pairs", str(pairs), "--out", str(tmp_path / "none" / "x.csv")])

    assert done.exit_code == 1
    assert "x.csv" in done.output


STRANGE = [
    "", " ", "a", "ا", "م", "M/", "ould", "عبد", "Abd El", "El El El", "\u200f\u202b", "😀", "Sidi 😀", "\x01\x02", "\ud7ff",
    "ßœæ", "محمد Ahmed ولد Sidi", "1234567890", "'-'-'", "ــــ", "َُِّ", "x" * 500, "ت" * 500, "t" * 100_000, "ab " * 30_000,
    "Mohamed Ould " * 500, "aeiou" * 20_000, "é" * 500, "e" + "\u0301\u0323" * 50_000, "abd" * 30_000, "İ", "ﷲ", "ﷺ",
]  # fmt: skip


def test_whatever_stands_in_a_cell_gets_a_score_in_bounded_time(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    with pairs.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["a", "b"])
        writer.writerows([one, other] for one in STRANGE for other in (one, STRANGE[0], "Sidi Ould Ahmed", STRANGE[-5]))
    began = time.process_time()

    assert naming.run(pairs, tmp_path / "out.csv") == 0

    assert time.process_time() - began < 20
    scores = [float(row["score"]) for row in rows_of(tmp_path / "out.csv")]
    assert len(scores) == 4 * len(STRANGE)
    assert all(0.0 <= score <= 1.0 for score in scores)


def test_a_longer_file_takes_no_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "ROWS_AT_ONCE", 200)
    monkeypatch.setattr(naming, "MOST_NAMES", 500)
    # Few words and many names: what Python remembers of words is bounded by itself.
    rng, words = (
        random.Random(7),
        [one + other for one in "ba di fou ka le mi no ra".split() for other in "bd lm nr st".split()],
    )

    def peak(rows: int) -> int:
        pairs = tmp_path / f"{rows}.csv"
        with pairs.open("w", encoding="utf-8") as stream:
            stream.write("a,b\n")
            for _ in range(rows):
                stream.write(",".join(" ".join(rng.choices(words, k=4)) for _ in range(2)) + "\n")
        tracemalloc.start()
        assert naming.run(pairs, tmp_path / "out.csv") == 0
        told = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        with (tmp_path / "out.csv").open(encoding="utf-8") as stream:
            assert sum(1 for _ in stream) == rows + 1
        return told

    peak(1_000)
    assert peak(12_000) < 1.5 * peak(3_000)
