"""The work behind `tekamoul match train`, `evaluate` and `compare`: models learned, judged and held beside one another."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from cli.main import language
from cli.match_files import (
    Refused,
    mapping_of,
    model_of,
    named,
    read_side,
    refuse_other_encodings,
    refuse_unwritable,
    refusing,
    stages,
    tell_compiling,
    write_whole,
)
from cli.model_page import page_of
from cli.model_words import WORDS, first_line, group_name, in_words
from cli.printing import refused
from services.matching.engine.evaluating import LEAST, Scored, evaluate
from services.matching.engine.files import read_columns
from services.matching.engine.groups import Grouping, groups_of
from services.matching.engine.lists import Told, assigned, compare_lists
from services.matching.engine.mapping import ListMapping
from services.matching.engine.model import Model
from services.matching.engine.packing import plain
from services.matching.engine.side_by_side import compare
from services.matching.engine.truth import Truth

TRUTH_COLUMNS: Final = ("left_id", "right_id")


@dataclass(frozen=True, slots=True)
class Lists:
    """Two lists, what their columns hold, and who of them is known to be one person."""

    left: Path
    right: Path
    mapping: Path
    truth: Path | None


def run(work: Callable[[Console], None]) -> int:
    """Do it; the exit status: 1 where it was refused."""
    console = Console(stderr=True)
    try:
        work(console)
    except Refused as no:
        return refused(console, no.text.in_(language()))
    except KeyboardInterrupt:
        return 130
    return 0


def train(lists: Lists, out: Path, console: Console) -> None:
    """Learn a model from the lists, and from the pairs known to be one person where there are any."""
    mapping = mapping_of(lists.mapping)
    refuse_unwritable(out)
    tell_compiling(console)
    with stages(console) as told:
        sides = _read(lists, mapping)
        told("read", 1.0)
        truth = _truth(lists.truth, sides) if lists.truth else None
        with refusing():
            outcome = compare_lists(mapping.fields, sides.left, sides.right, truth=truth, told=told)
    write_whole(out, outcome.model.to_json())
    learned = ", ".join(f"{one.rule} ({round(one.matches):,})" for one in outcome.sessions if one.matches >= 1)
    _say(console, "trained", out=out, learned=learned or "—")


def report(model: Path, lists: Lists, out: Path, html: Path | None, console: Console) -> None:
    """Judge a model by what is known of the lists."""
    mapping, judged = mapping_of(lists.mapping), model_of(model)
    for path in filter(None, (out, html)):
        refuse_unwritable(path)
    tell_compiling(console)
    with stages(console) as told:
        sides, truth, groups = _known(lists, mapping, judged, told)
        found = evaluate(_scored(judged, model.name, mapping, sides), truth, groups)
    write_whole(out, orjson.dumps(found, option=orjson.OPT_INDENT_2))
    if html:
        write_whole(html, page_of(found, language()).encode())
    console.print(RichText(first_line(found, language()), style="bold red" if found["clearly_worse"] else ""))
    _say(
        console,
        "judged",
        precision=in_words(found["at_link"]["precision"]),
        recall=in_words(found["at_link"]["recall"]),
        asked=in_words(found["at_ask"]["recall"]),
        cost=found["costs"]["per_1000_rows"],
    )
    _say(console, "written", out=", ".join(str(path) for path in (out, html) if path))


def side_by_side(models: list[Path], lists: Lists, out: Path | None, html: Path | None, console: Console) -> None:
    """The first model beside each of the others, on the same rows."""
    mapping = mapping_of(lists.mapping)
    read = [(path.name, model_of(path)) for path in models]
    for path in filter(None, (out, html)):
        refuse_unwritable(path)
    tell_compiling(console)
    with stages(console) as told:
        sides, truth, groups = _known(lists, mapping, read[0][1], told)
        scored = [_scored(model, name, mapping, sides) for name, model in read]
    reports = [evaluate(one, truth, groups) for one in scored]
    found = {"reports": reports, "comparisons": _compared(scored, truth, groups)}
    if out:
        write_whole(out, orjson.dumps(found, option=orjson.OPT_INDENT_2))
    if html:
        write_whole(html, page_of(reports[0], language(), reports[1:], found["comparisons"]).encode())
    for one in found["comparisons"]:
        _tell_comparison(console, one)


def _compared(scored: list[Scored], truth: Truth, groups: list[Grouping]) -> list[dict[str, Any]]:
    return [compare(scored[0], other, truth, groups) for other in scored[1:]]


@dataclass
class _Sides:
    left_ids: pl.Series
    left: dict[str, list[pl.Series]]
    right_ids: pl.Series
    right: dict[str, list[pl.Series]]


def _read(lists: Lists, mapping: ListMapping) -> _Sides:
    refuse_other_encodings(mapping, lists.left, lists.right)
    return _Sides(*read_side(lists.left, mapping, "left"), *read_side(lists.right, mapping, "right"))


def _known(lists: Lists, mapping: ListMapping, model: Model, told: Told) -> tuple[_Sides, Truth, list[Grouping]]:
    """The lists, what is known of them, and the groups of rows that the model's fields tell."""
    sides = _read(lists, mapping)
    told("read", 1.0)
    assert lists.truth is not None
    return sides, _truth(lists.truth, sides), groups_of(model.layout, sides.left, sides.right)


def _truth(path: Path, sides: _Sides) -> Truth:
    """The pairs of a file with the columns left_id and right_id, by the rows of the lists. Refused: a record called as
    another one is, and a pair of a record that is in no list."""
    with named(path):
        told = read_columns(path, TRUTH_COLUMNS)
    rows = []
    for column, ids in zip(TRUTH_COLUMNS, (sides.left_ids, sides.right_ids), strict=True):
        known = pl.DataFrame({"id": plain(ids)}).with_row_index("row")
        if known["id"].n_unique() < known.height:
            twice = known["id"].filter(known["id"].is_duplicated())[0]
            raise Refused(WORDS["called_twice"].format(column=column, id=twice))
        found = pl.DataFrame({"id": plain(told[column])}).join(known, on="id", how="left", maintain_order="left")
        if found["row"].null_count():
            unknown = found.filter(pl.col("row").is_null())["id"]
            words = {"file": path.name, "count": f"{len(unknown):,}", "column": column, "id": unknown[0]}
            raise Refused(WORDS["not_in_lists"].format(**words))
        rows.append(found["row"].cast(pl.Int64).to_numpy())
    pairs = np.unique(np.column_stack(rows), axis=0)
    if not len(pairs):
        raise Refused(WORDS["no_truth"].format(file=path.name))
    return Truth(pairs[:, 0], pairs[:, 1], len(sides.right_ids))


def _scored(model: Model, name: str, mapping: ListMapping, sides: _Sides) -> Scored:
    """What the model says, as `link` would decide by it."""
    with refusing():
        outcome = compare_lists(
            mapping.fields, dict(sides.left), dict(sides.right), assignment="many", least=LEAST, model=model
        )
    pairs = outcome.pairs
    forward = np.zeros(len(pairs), bool)
    forward[assigned(pairs, outcome.probability, "one-to-one", LEAST)] = True
    return Scored(name, pairs.left.astype(np.int64), pairs.right.astype(np.int64), outcome.probability, forward)


def _tell_comparison(console: Console, found: dict[str, Any]) -> None:
    speaks = language()
    first, other = found["models"]
    _say(
        console,
        "side_by_side",
        first=first,
        other=other,
        differently=f"{found['decided']['differently']:,}",
        first_only=f"{found['right_only'][0]:,}",
        other_only=f"{found['right_only'][1]:,}",
        p=f"{found['p']:.4g}",
    )
    table = Table(header_style="bold")
    for heading in ("group", "rows", "right_only", "p", "cost", "winner"):
        table.add_column(WORDS[heading].in_(speaks), overflow="fold")
    whole = {"by": "", "group": ""}
    sure = [one for one in found["groups"] if one["winner"] is not None]
    for one in ({**found, **whole}, *sure):
        winner = WORDS["nobody"].in_(speaks) if one["winner"] is None else found["models"][one["winner"]]
        cells = (
            group_name(one["by"], one["group"], speaks), f"{one['rows']:,}", " / ".join(map(str, one["right_only"])),
            f"{one['p']:.4g}", " / ".join(f"{cost:,.0f}" for cost in one["costs"]), winner,
        )  # fmt: skip
        table.add_row(*map(RichText, cells))
    console.print(table)


def _say(console: Console, word: str, **values: object) -> None:
    console.print(WORDS[word].format(**values).in_(language()), highlight=False, markup=False)
