"""`tekamoul match link` and `dedupe` as a person runs them: files in, files out, words and exit statuses."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from typer.testing import CliRunner, Result

from cli import match_files
from cli.main import app
from services.matching.engine.files import read_list
from services.matching.engine.mapping import read_mapping

MAPPING = """
record_id: {left: "no", right: الرقم}
fields:
  name: {left: nom, right: الاسم}
  birth_date: {left: ne_le, right: تاريخ الميلاد}
  id: {left: nni, right: الرقم الوطني}
  phone: {left: tel, right: الهاتف}
"""
GIVEN = "Mohamed Sidi Ahmed Cheikh Brahim Moussa Oumar Mariem Fatimetou Vatma Lalla Aminata Moctar Yahya Bilal".split()
ARABIC = "محمد سيدي أحمد الشيخ ابراهيم موسى عمر مريم فاطمة فاطمة لالة آمنة المختار يحيى بلال".split()


def people(count: int) -> list[tuple[int, str, str, str, str, str]]:
    """Number, name in either script, birth date, national id, phone."""
    rng = random.Random(7)
    out = []
    for at in range(count):
        parts = [rng.randrange(len(GIVEN)) for _ in range(3)]
        born = f"{rng.randint(1950, 2015)}-{rng.randint(2, 11):02}-{rng.randint(2, 28):02}"
        latin, arabic = (" ".join(words[one] for one in parts) for words in (GIVEN, ARABIC))
        out.append((at, latin, arabic, born, str(9_900_000_000 + rng.randrange(10**8)), str(20_000_000 + at)))
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of 400 as Parquet, and of it 120 in Arabic as Windows writes a csv: half with their national id."""
    made = tmp_path_factory.mktemp("lists")
    everybody = people(400)
    registry = pl.DataFrame(
        [(at, latin, born, nni, phone) for at, latin, _, born, nni, phone in everybody],
        schema=["no", "nom", "ne_le", "nni", "tel"],
        orient="row",
    )
    registry.write_parquet(made / "registry.parquet")
    registry.write_excel(made / "registry.xlsx")
    lines = ["الرقم;الاسم;تاريخ الميلاد;الرقم الوطني;الهاتف"]
    for at, _, arabic, born, nni, phone in everybody[:120]:
        year, month, day = born.split("-")
        lines.append(f"ق{at};{arabic};{day}/{month}/{year};{nni if at % 2 else ''};{phone}")
    (made / "list.csv").write_bytes("\r\n".join(lines).encode("cp1256"))
    (made / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return made


def match(*words: object, language: str = "en") -> Result:
    return CliRunner().invoke(app, ["match", *map(str, words)], env={"TEKAMOUL_LANG": language})


def link(folder: Path, out: Path, *words: object, left: str = "registry.parquet", language: str = "en") -> Result:
    files = (folder / left, folder / "list.csv")
    return match("link", *files, "--mapping", folder / "mapping.yaml", "--out", out, *words, language=language)


def pairs_of(path: Path) -> list[tuple[str, str]]:
    ids, columns = read_list(path, read_mapping("record_id: left_id\nfields: {name: right_id}"), "left")
    return list(zip(map(str, ids), columns["name"][0], strict=True))


@pytest.mark.parametrize("left", ["registry.parquet", "registry.xlsx"])
@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_list_in_arabic_is_linked_to_a_registry_in_latin(
    folder: Path, tmp_path: Path, left: str, ending: str
) -> None:
    out = tmp_path / f"out.{ending}"
    told = link(folder, out, left=left)
    assert told.exit_code == 0, told.output
    pairs = pairs_of(out)
    right = [pair for pair in pairs if pair[1] == f"ق{pair[0]}"]
    assert len(right) >= 115
    assert len(pairs) - len(right) <= 2
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "pairs compared in"), ("fr", "paires comparées en"), ("ar", "قورنت")],
)
def test_what_was_done_is_told_in_the_persons_language(folder: Path, tmp_path: Path, language: str, words: str) -> None:
    assert words in link(folder, tmp_path / "out.csv", language=language).stderr


def test_one_to_one_gives_each_one_partner_and_many_gives_all(folder: Path, tmp_path: Path) -> None:
    one, many = tmp_path / "one.csv", tmp_path / "many.csv"
    registry = pl.read_parquet(folder / "registry.parquet")
    twice = registry.head(50).with_columns(pl.col("no") + 1000)  # so many are registered twice
    pl.concat([registry, twice]).write_parquet(tmp_path / "twice.parquet")
    assert link(folder, one, left=str(tmp_path / "twice.parquet")).exit_code == 0
    words = ("--assignment", "many", "--least", "0.1")
    assert link(folder, many, *words, left=str(tmp_path / "twice.parquet")).exit_code == 0
    single = pairs_of(one)
    assert len(pairs_of(many)) >= len(single) + 40
    assert len({left for left, _ in single}) == len({right for _, right in single}) == len(single)
    assert set(single) <= set(pairs_of(many))


def test_a_model_that_was_saved_gives_the_same_result_and_a_report_counts_it(folder: Path, tmp_path: Path) -> None:
    model, report = tmp_path / "model.json", tmp_path / "report.json"
    assert link(folder, tmp_path / "a.csv", "--save-model", model, "--report", report).exit_code == 0
    assert link(folder, tmp_path / "b.csv", "--model", model).exit_code == 0
    assert (tmp_path / "a.csv").read_bytes()[:100] == (tmp_path / "b.csv").read_bytes()[:100]
    assert sorted(pairs_of(tmp_path / "a.csv")) == sorted(pairs_of(tmp_path / "b.csv"))
    told = json.loads(report.read_bytes())
    assert told["links"] + told["to_adjudicate"] == told["pairs_kept"] == len(pairs_of(tmp_path / "a.csv"))
    assert set(told["seconds"]) == {"read", "pack", "train", "compare", "decide", "all"}
    assert told["peak_mib"] > 0
    assert {"rule", "pairs_of_one_person"} == set(told["learned"][0])


def test_the_peak_of_memory_is_the_commands_own_and_not_of_who_started_it(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [
        sys.executable, "-m", "cli.main", "match", "link", folder / "registry.parquet", folder / "list.csv",
        "--mapping", folder / "mapping.yaml", "--out", tmp_path / "out.csv", "--report", report,
    ]  # fmt: skip
    large = "import subprocess, sys; held = b'x' * (2 << 30); subprocess.run(sys.argv[1:], check=True)"
    subprocess.run([sys.executable, "-c", large, *map(str, command)], check=True, capture_output=True, timeout=120)
    assert 50 < json.loads(report.read_bytes())["peak_mib"] < 1500


def test_who_stands_twice_in_a_file_is_found(folder: Path, tmp_path: Path) -> None:
    registry = pl.read_parquet(folder / "registry.parquet")
    twice = registry.head(30).with_columns(pl.col("no") + 1000, pl.lit("").alias("tel"))
    pl.concat([registry, twice]).write_parquet(tmp_path / "twice.parquet")
    out = tmp_path / "out.csv"
    words = ("dedupe", tmp_path / "twice.parquet", "--mapping", folder / "mapping.yaml", "--out", out)
    assert match(*words).exit_code == 0
    found = pairs_of(out)
    assert {(str(at), str(at + 1000)) for at in range(30)} <= set(found)
    assert len(found) <= 31


def refusal(told: Result) -> str:
    assert told.exit_code == 1, told.output
    return " ".join(told.stderr.split())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The column nom is not in other.csv. Its columns: a, b."),
        ("fr", "La colonne nom n'existe pas dans other.csv. Colonnes : a, b."),
        ("ar", "العمود nom غير موجود في other.csv. الأعمدة: a, b."),
    ],
)
def test_a_column_that_is_not_there_is_refused(folder: Path, tmp_path: Path, language: str, words: str) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "m.yaml").write_text("fields: {name: nom}")
    files = (tmp_path / "other.csv", folder / "list.csv", "--mapping", tmp_path / "m.yaml")
    told = match("link", *files, "--out", tmp_path / "out.csv", language=language)
    assert words in refusal(told)
    assert not (tmp_path / "out.csv").exists()


def test_a_file_that_cannot_be_read_is_refused_by_its_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    words = ("dedupe", tmp_path / "empty.csv", "--mapping", folder / "mapping.yaml", "--out", tmp_path / "o.csv")
    assert "empty.csv: the file is empty" in refusal(match(*words))


@pytest.mark.parametrize("out", ["out.json", "out", "no/such/folder/out.csv", f"{'x' * 255}.csv"])
def test_a_result_that_could_not_be_written_is_refused_before_the_work(folder: Path, tmp_path: Path, out: str) -> None:
    assert "cannot be written" in refusal(link(folder, tmp_path / out))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--report", "--save-model"])
@pytest.mark.parametrize(("language", "words"), [("en", "cannot be written"), ("fr", "Impossible"), ("ar", "لا يمكن")])
def test_so_are_a_report_and_a_model(folder: Path, tmp_path: Path, option: str, language: str, words: str) -> None:
    told = link(folder, tmp_path / "out.csv", option, tmp_path / "no" / "x.json", language=language)
    assert words in refusal(told)
    assert list(tmp_path.iterdir()) == []


def a_model(folder: Path, tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "model.json"
    if not path.exists():
        assert link(folder, tmp_path / "first.csv", "--save-model", path).exit_code == 0
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The model was made for other fields: id, phone, birth, sex, name."),
        ("fr", "Le modèle a été fait pour d'autres champs : id, phone, birth, sex, name."),
        ("ar", "وُضع النموذج لحقول أخرى: id, phone, birth, sex, name."),
    ],
)
def test_a_model_for_other_fields_is_refused(folder: Path, tmp_path: Path, language: str, words: str) -> None:
    model = a_model(folder, tmp_path)
    (tmp_path / "m.yaml").write_text("fields: {name: {left: nom, right: الاسم}}", encoding="utf-8")
    files = (folder / "registry.parquet", folder / "list.csv", "--mapping", tmp_path / "m.yaml")
    assert words in refusal(match("link", *files, "--out", tmp_path / "o.csv", "--model", model, language=language))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"fields": 1}', "\x00", '{"fields": [{"name": 1}]}'])
def test_what_is_no_model_is_refused(folder: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "model.json").write_text(content)
    assert "The model does not fit these lists" in refusal(
        link(folder, tmp_path / "out.csv", "--model", tmp_path / "model.json")
    )


def test_fields_that_tell_nobody_apart_are_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.matching.engine.lists.MOST_PAIRS", 5)
    monkeypatch.setattr(match_files, "MOST_PAIRS", 5)
    assert "More than 5 pairs are probable" in refusal(link(folder, tmp_path / "out.csv"))


def test_an_assignment_that_is_not_known_is_refused(folder: Path, tmp_path: Path) -> None:
    told = link(folder, tmp_path / "out.csv", "--assignment", "some")
    assert told.exit_code == 2
    assert "one-to-one, many" in told.stderr


def test_lists_without_a_row_give_a_result_without_a_row(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("no,nom,ne_le,nni,tel\n")
    out = tmp_path / "out.csv"
    assert link(folder, out, left=str(tmp_path / "none.csv")).exit_code == 0
    with out.open(encoding="utf-8-sig") as file:
        header, *rows = csv.reader(file)
    assert header[:5] == ["left_id", "right_id", "probability", "weight", "decision"]
    assert rows == []


def test_keys_too_common_are_told(folder: Path, tmp_path: Path) -> None:
    lines = "".join(f"{at},Mohamed Ould Ahmed,1990-02-03\n" for at in range(600))
    (tmp_path / "same.csv").write_text(f"no,nom,ne_le\n{lines}")
    (tmp_path / "m.yaml").write_text("record_id: 'no'\nfields: {name: nom, birth_date: ne_le}")
    words = ("dedupe", tmp_path / "same.csv", "--mapping", tmp_path / "m.yaml", "--out", tmp_path / "o.csv")
    told = match(*words)
    assert told.exit_code == 0
    assert "Keys too common, left for narrower ones: given name, date" in told.stderr
    assert "600 records have no narrower one" in " ".join(told.stderr.split())


def test_a_run_that_is_cut_leaves_no_result(folder: Path, tmp_path: Path) -> None:
    """Ctrl-C while pairs are compared."""
    many = pl.concat([pl.read_parquet(folder / "registry.parquet")] * 500)
    many.with_row_index("at").with_columns(no=pl.col("at")).write_parquet(tmp_path / "many.parquet")
    out, report = tmp_path / "out.csv", tmp_path / "report.json"
    options = ("--report", report, "--mapping", folder / "mapping.yaml", "--out", out)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "cli.main",
        "match",
        "dedupe",
        tmp_path / "many.parquet",
        *options,
    ]
    # A shell that runs the tests in the background has them ignore Ctrl-C, and whatever they start.
    listens = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, env={**os.environ, "TEKAMOUL_LANG": "en"}, preexec_fn=listens
    ) as process:
        # By its own seconds, not the clock's: on a busy machine it would still be starting. It takes some forty of them.
        while sum(psutil.Process(process.pid).cpu_times()[:2]) < 6:
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert b"Traceback" not in told
    assert [one.name for one in tmp_path.iterdir()] == ["many.parquet"]
