"""The work behind `tekamoul match export`: a model and two lists as a folder from which Splink links them, on DuckDB or Spark."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import orjson
from rich.console import Console

from cli.main import language
from cli.match_files import WORDS, Refused, mapping_of, model_of, read_side, refuse_encoded, refusing, tell_compiling
from cli.printing import refused
from services.matching.engine.files import partial_of
from services.matching.engine.lists import layout_for, prepared
from services.matching.engine.model import Model
from services.matching.engine.splink_tables import Export, export_lists
from shared.text import Text

DONE: Final = Text(
    ar="{out}: إعدادات Splink و{pairs} زوجا تلتقي، في {seconds} ثانية. اقرأ {out}/README.md.",
    fr="{out} : réglages pour Splink, {pairs} paires qui se rencontrent, en {seconds} s. Lire {out}/README.md.",
    en="{out}: settings for Splink, {pairs} pairs that meet, in {seconds} s. Read {out}/README.md.",
)
NOT_EMPTY: Final = Text(
    ar="المجلد {out} موجود وليس فارغا: اختر مجلدا جديدا.",
    fr="Le dossier {out} existe et n'est pas vide : choisissez-en un nouveau.",
    en="The folder {out} exists and is not empty: choose a new one.",
)
README: Final = """\
# Two lists and a model, for Splink 5

Written by `tekamoul match export` from {left} ({left_rows:,} records) and {right} ({right_rows:,}), model `{version}`.
{pairs:,} pairs share a key.

    pip install "splink>=5,<6"
    python link.py pairs.parquet                 # DuckDB
    spark-submit link.py hdfs:/pairs --spark     # Spark

`link.py` writes the two numbers of each pair, its `weight` in bits as `tekamoul match` gives it, and the probability that follows
from the prior odds alone. Where the model was calibrated, read the probability off `curve` in `export.json` instead (weight to
log2 of the odds; straight lines between the points).

| file | what it holds |
|---|---|
| `settings.json` | the model as Splink reads it: comparisons in SQL with m and u, keys as blocking rules |
| `left.parquet`, `right.parquet` | the records: `record_id`, normalised columns, `key_...` and `rule_...` with the keys as numbers |
| `frequencies/` | for each column of `frequencies` in `export.json`, how frequent its values are: Splink adjusts by these |
| `export.json` | prior odds, calibration, what each blocking rule is made of |
| `link.py` | runs it |

Names and texts: a row of `right.parquet` lists the values of the left file that reach a level beside its own, in
`<field>_<level>` columns. The columns hold what persons are called and when they were born, in another form: these
files are as confidential as the lists.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """`right` None: the left file against itself."""

    left: Path
    right: Path | None
    mapping: Path
    model: Path
    out: Path


def run(asked: Asked) -> int:
    """Do it and say what came of it; the exit status: 1 where it was refused."""
    console = Console(stderr=True)
    beside = partial_of(asked.out)
    try:
        _export(asked, beside, console)
    except Refused as no:
        return refused(console, no.text.in_(language()))
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return 0


def _export(asked: Asked, beside: Path, console: Console) -> None:
    began = perf_counter()
    if asked.out.exists() and (not asked.out.is_dir() or any(asked.out.iterdir())):
        raise Refused(NOT_EMPTY.format(out=asked.out))
    mapping, model = mapping_of(asked.mapping, of_two=asked.right is not None), model_of(asked.model)
    refuse_encoded(mapping)
    tell_compiling(console)
    try:
        beside.mkdir()
    except OSError as no:
        raise Refused(WORDS["cannot_write_beside"].format(file=asked.out, reason=no.strerror)) from no
    left_ids, left = read_side(asked.left, mapping, "left")
    right_ids, right = read_side(asked.right, mapping, "right") if asked.right else (left_ids, None)
    with refusing():
        lists = prepared(layout_for(mapping.fields, model), left, right, model.rarity)
        export = export_lists(lists, model, left_ids, right_ids)
    try:
        _write(asked, model, export, beside)
        with suppress(FileNotFoundError):
            asked.out.rmdir()
        beside.rename(asked.out)
    except OSError as no:
        raise Refused(WORDS["cannot_write_beside"].format(file=asked.out, reason=no.strerror)) from no
    told = DONE.format(out=asked.out, pairs=f"{export.pairs:,}", seconds=f"{perf_counter() - began:.1f}")
    console.print(told.in_(language()), highlight=False, markup=False)


def _write(asked: Asked, model: Model, export: Export, folder: Path) -> None:
    for side, frame in (("left", export.left), ("right", export.right)):
        frame.write_parquet(folder / f"{side}.parquet")
    (folder / "frequencies").mkdir()
    for column, frequencies in export.frequencies.items():
        frequencies.write_parquet(folder / "frequencies" / f"{column}.parquet")
    (folder / "settings.json").write_bytes(orjson.dumps(export.settings, option=orjson.OPT_INDENT_2))
    told = {
        "prior_bits": model.prior,
        "curve": model.told()["curve"],
        "frequencies": sorted(export.frequencies),
        "rules": export.rules,
        "pairs": export.pairs,
        "model": model.version,
    }
    (folder / "export.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    shutil.copyfile(Path(__file__).with_name("splink_run.py"), folder / "link.py")
    (folder / "README.md").write_text(
        README.format(
            left=asked.left.name,
            left_rows=export.left.height,
            right=(asked.right or asked.left).name,
            right_rows=export.right.height,
            version=model.version,
            pairs=export.pairs,
        ),
        encoding="utf-8",
    )
