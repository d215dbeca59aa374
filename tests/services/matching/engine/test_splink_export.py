"""A model exported for Splink: its SQL, run by another engine (SQLite), gives every pair the weight that the kernels give.

What Splink does with a level's m, u and term frequency is written out here from its documentation: log2(m/u), and
tf_adjustment_weight * (log2(u) - log2(the greater of both frequencies)). With Splink itself and DuckDB the same is tried by
`make bench-linkage`.
"""

import json
import math
import random
import sqlite3
from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest
from rapidfuzz.distance import Levenshtein

from services.matching.engine.batch import allowed, judge_all
from services.matching.engine.fields import Field, Kind, Layout, layout_of
from services.matching.engine.lists import Columns, Prepared, prepared
from services.matching.engine.model import Model, expert_shares
from services.matching.engine.scoring import judge, work_of
from services.matching.engine.splink_tables import Export, export_lists

WHOLE_NAMES = (
    Field("name", Kind.NAME, 2),
    Field("father_name", Kind.FATHER),
    Field("phone", Kind.PHONE, 2),
    Field("birth", Kind.DATE),
    Field("sex", Kind.SEX),
    Field("place", Kind.PLACE, 3),
    Field("role", Kind.ROLE),
    Field("school", Kind.SCHOOL, 2),
    Field("id", Kind.NUMBER),
    Field("household", Kind.NUMBER, shared=True),
    Field("rue du marché", Kind.TEXT),
)
PARTS = (
    Field("given_name", Kind.PART),
    Field("family_name", Kind.PART),
    Field("birth", Kind.DATE, 3),
    Field("phone", Kind.PHONE),
    Field("address", Kind.TEXT),
)
WORDS = {
    "Mohamed": "محمد", "Mahmoud": "محمود", "Ahmed": "أحمد", "Sidi": "سيدي", "Cheikh": "الشيخ", "Mariem": "مريم",
    "Vatma": "فاطمة", "Brahim": "ابراهيم", "Salem": "سالم", "Moussa": "موسى", "Bilal": "بلال", "Oumar": "عمر",
}  # fmt: skip
STREETS = ("rue 12 du port", "rue 21 du port", "avenue Nasser", "avenue Nacer", "ilot K", "ksar nord")
Row = dict[str, list[str]]


def _slip(text: str, rng: random.Random) -> str:
    at = rng.randrange(max(1, len(text) - 1))
    way = rng.randrange(4)
    if way == 0:
        return text[:at] + str(rng.randrange(10)) + text[at + 1 :]
    if way == 1:
        return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    return text[:at] + text[at + 1 :] if way == 2 else text[:at] + "7" + text[at:]


def _misheard(name: str, rng: random.Random) -> str:
    """Up to three letters are others."""
    for _ in range(rng.choice((1, 2, 3))):
        at = rng.randrange(len(name) + 1)
        name = name[:at] + rng.choice(["m", "n", "k", "s", "t", "r", "a", "", " "]) + name[at + 1 :]
    return name


def _person(rng: random.Random) -> Row:
    words = rng.choices(list(WORDS), k=rng.choice((1, 2, 3, 3)))
    son = rng.choice((" ", " ", " Ould ", " Mint "))
    father = rng.choice([words[-1], rng.choice(list(WORDS)), ""])
    day = f"{rng.randint(1960, 1975)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    wilaya, arabic = rng.randrange(3), " ".join(map(WORDS.__getitem__, words))
    return {
        "name": [
            " ".join(words).replace(" ", son, 1) if rng.random() < 0.7 else "",
            arabic if rng.random() < 0.5 else "",
        ],
        "father_name": [father],
        "phone": [str(rng.randint(22_000_000, 22_000_150)), rng.choice(["", str(rng.randint(22_000_000, 22_000_150))])],
        "birth": [rng.choice([day, day, day, day[:4], ""])],
        "sex": [rng.choice("FM") if rng.random() < 0.8 else ""],
        "place": [
            rng.choice(["", *[f"w{wilaya}"] * 4]),
            rng.choice([f"m{wilaya}{rng.randrange(2)}", ""]),
            rng.choice(["", f"c{rng.randrange(9)}"]),
        ],
        "id": [rng.choice(["", f"A{rng.randrange(9)}-x{rng.randrange(99)}", str(rng.randrange(10**10))])],
        "role": [rng.choice(["head", "spouse", "child", "household", ""])],
        "school": [rng.choice(["", "1976-10-01", "1982-10-01"]), rng.choice(["1AF", "3AF", "6AF", ""])],
        "household": [str(rng.randrange(60))],
        "rue du marché": [rng.choice((*STREETS, ""))],
        "given_name": [rng.choice([words[0], words[0], words[0], ""])],
        "family_name": [rng.choice([words[-1], words[-1], words[-1], ""])],
        "address": [rng.choice((*STREETS, ""))],
    }


def _written_again(row: Row, rng: random.Random) -> Row:
    """The same person by another hand."""
    told = {name: list(values) for name, values in row.items()}
    for name in ("phone", "id", "birth", "household"):
        if rng.random() < 0.4 and told[name][0]:
            told[name][0] = _slip(told[name][0], rng)
    if rng.random() < 0.2:
        told["phone"].reverse()
    if rng.random() < 0.3:
        told["name"][0] = told["name"][0].replace("Mohamed", "Med").replace("ou", "u")
    for name in ("name", "name", "father_name", "given_name", "family_name"):
        if rng.random() < 0.4:
            told[name][0] = _misheard(told[name][0], rng)
    if rng.random() < 0.2:
        told["given_name"], told["family_name"] = told["family_name"], told["given_name"]
    if rng.random() < 0.3:
        year, rest = told["birth"][0][:4], told["birth"][0][4:]
        if year.isdigit():
            told["birth"][0] = f"{int(year) + rng.choice((1, 2, 10))}{rest}"
    if rng.random() < 0.2 and told["birth"][0].count("-") == 2:
        year, month, day = told["birth"][0].split("-")
        told["birth"][0] = f"{year}-{day}-{month}"
    return told


def _columns(fields: tuple[Field, ...], rows: list[Row]) -> Columns:
    out = {}
    for field in fields:
        texts = [row[field.name] for row in rows]
        if field.kind is Kind.DATE and field.columns == 3:
            texts = [[*row["birth"][0].split("-"), "", ""][:3] for row in rows]
        out[field.name] = [pl.Series([text[at] for text in texts], dtype=pl.String) for at in range(field.columns)]
    return out


def _model(layout: Layout, lists: Prepared) -> Model:
    """An expert's, with shares that are no round numbers, so that every level of every field weighs something of its own."""
    rng = np.random.default_rng(3)
    m, u = expert_shares(layout)
    m, u = m * rng.uniform(0.7, 1.0, m.shape), u * rng.uniform(0.7, 1.0, u.shape)
    return Model("expert", layout, m, u, lists.average, -9.5)


def _case(fields: tuple[Field, ...], dedupe: bool, seed: int) -> tuple[Prepared, Model, Export]:
    rng = random.Random(seed)
    left = [_person(rng) for _ in range(220)]
    right = [_written_again(row, rng) for row in left[:110]] + [_person(rng) for _ in range(30)]
    if dedupe:
        left = left[:110] + right
    layout = layout_of(fields)
    lists = prepared(layout, _columns(fields, left), None if dedupe else _columns(fields, right))
    model = _model(layout, lists)
    numbers = pl.Series(range(1000, 1000 + len(lists.sides.left)))
    return lists, model, export_lists(lists, model, numbers, numbers[: len(lists.sides.right)])


class _Sql:
    """Splink's work done by SQLite: pairs by the blocking rules, levels by their conditions."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._database = sqlite3.connect(":memory:")
        self._database.create_function(
            "levenshtein", 2, lambda a, b: None if None in (a, b) else Levenshtein.distance(a, b)
        )
        self._database.create_function(
            "array_contains", 2, lambda array, one: None if array is None else one in json.loads(array)
        )
        for name, frame in (("lefts", export.left), ("rights", export.right)):
            columns = ", ".join(f'"{column}"' for column in frame.columns)
            self._database.execute(f"CREATE TABLE {name} ({columns})")
            rows = [[json.dumps(cell) if isinstance(cell, list) else cell for cell in row] for row in frame.iter_rows()]
            self._database.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * frame.width)})", rows)
        pairs = " UNION ".join(
            f"SELECT l.unique_id AS a, r.unique_id AS b FROM lefts l JOIN rights r ON {rule['blocking_rule']}"
            for rule in export.settings["blocking_rules_to_generate_predictions"]
        )
        both = ", ".join(
            f'{side[0]}."{column}" AS "{column}_{side[0]}"'
            for side in ("lefts", "rights")
            for column in export.left.columns
        )
        self._database.execute(
            f"CREATE TABLE met AS SELECT {both} FROM ({pairs}) p JOIN lefts l ON l.unique_id = p.a JOIN rights r ON r.unique_id = p.b"
        )

    def weights(self) -> tuple[dict[tuple[int, int], float], Counter[tuple[str, str]]]:
        """By pair its weight without the prior odds; and how often each level was reached."""
        total: dict[tuple[int, int], float] = {}
        reached: Counter[tuple[str, str]] = Counter()
        for comparison in self._export.settings["comparisons"]:
            levels = comparison["comparison_levels"]
            cases = " ".join(
                f"ELSE {at}" if one["sql_condition"] == "ELSE" else f"WHEN {one['sql_condition']} THEN {at}"
                for at, one in enumerate(levels)
            )
            adjusting = sorted({one["tf_adjustment_column"] for one in levels if "tf_adjustment_column" in one})
            asked = "".join(f", {column}_l, {column}_r" for column in adjusting)
            for a, b, at, *values in self._database.execute(
                f"SELECT unique_id_l, unique_id_r, CASE {cases} END{asked} FROM met"
            ):
                reached[comparison["output_column_name"], levels[at]["label_for_charts"]] += 1
                beside = {column: values[2 * place : 2 * place + 2] for place, column in enumerate(adjusting)}
                total[a, b] = total.get((a, b), 0.0) + self._weight(levels[at], beside)
        return total, reached

    def _weight(self, level: dict[str, Any], values: dict[str, list[Any]]) -> float:
        if level.get("is_null_level"):
            return 0.0
        weight = math.log2(level["m_probability"] / level["u_probability"])
        if column := level.get("tf_adjustment_column"):
            known = dict(self._export.frequencies[column].iter_rows())
            most = max(known[value] for value in values[column])
            weight += float(level["tf_adjustment_weight"]) * (math.log2(level["u_probability"]) - math.log2(most))
        return weight


def _ours(lists: Prepared, model: Model) -> dict[tuple[int, int], float]:
    """Every pair that shares an allowed key, found pair by pair, and its score in 64 bits."""
    sides, plan, fields = lists.sides, lists.plan, model.fields()
    fields["most"] = 1e6
    used = allowed(sides, plan).rules
    out = {}
    work, levels, bits = work_of(), np.zeros(len(fields), np.uint8), np.zeros(len(fields), np.float32)
    for j in range(len(sides.right)):
        met = np.zeros(len(sides.left), bool)
        for number, rule in enumerate(plan.rules):
            key = sides.right_keys[j, rule.right]
            if key and int(used[j]) >> number & 1:
                met |= sides.left_keys[:, rule.left] == key
        for i in np.flatnonzero(met[:j] if sides.same else met).tolist():
            out[i, j] = judge(fields, lists.tables, work, sides.left[i], sides.right[j], -1e8, levels, bits)
    return out


@pytest.mark.parametrize(
    ("fields", "dedupe"), [(WHOLE_NAMES, False), (WHOLE_NAMES, True), (PARTS, False), (PARTS, True)],
    ids=["whole names", "whole names, one file", "parts of names", "parts of names, one file"],
)  # fmt: skip
def test_sql_meets_the_same_pairs_and_gives_each_the_weight_of_the_kernels(
    fields: tuple[Field, ...], dedupe: bool
) -> None:
    lists, model, export = _case(fields, dedupe, seed=12)
    expected = _ours(lists, model)
    told, reached = _Sql(export).weights()
    assert export.pairs == len(expected) > 500
    assert told == pytest.approx(expected, abs=1e-9)
    shown = {(name, label.replace(" ", "_")) for name, label in reached}
    assert {(field.name, level) for field in fields if field.kind is not Kind.TEXT for level in field.levels} <= shown


def test_a_pair_whose_two_phones_agree_counts_the_one_that_fewer_share() -> None:
    fields = (Field("name", Kind.NAME), Field("phone", Kind.PHONE, 2))
    shared, own = "22000001", "22000002"
    left: Columns = {
        "name": [pl.Series(["Sidi Salem", *[f"Ahmed Oumar {at}" for at in range(7)]])],
        "phone": [pl.Series([shared, *[shared] * 7]), pl.Series([own, *[""] * 7])],
    }
    right: Columns = {"name": [pl.Series(["Sidi Salem"])], "phone": [pl.Series([own]), pl.Series([shared])]}
    lists = prepared(layout_of(fields), left, right)
    model = _model(layout_of(fields), lists)
    export = export_lists(lists, model, pl.Series(range(8)), pl.Series([0]))
    told, _ = _Sql(export).weights()
    fields_told = model.fields()
    expected = judge_all(lists.sides, np.zeros(1, np.uint32), np.zeros(1, np.uint32), lists.tables, fields_told)
    phone = lists.vocabulary.layout.of_kind(Kind.PHONE)[0]
    # The own phone stands on one record of either list: it weighs in full, though the other is shared by eight.
    assert expected.bits[0, phone] == pytest.approx(model.bits()[phone, 1], abs=1e-5)
    assert told[0, 0] == pytest.approx(float(expected.score[0]), abs=1e-4)


def test_two_lists_that_never_meet_are_exported_without_pairs() -> None:
    fields = (Field("name", Kind.NAME), Field("birth", Kind.DATE))
    one: Columns = {"name": [pl.Series(["Sidi Salem"])], "birth": [pl.Series(["1970-05-06"])]}
    other: Columns = {"name": [pl.Series(["Vatma Bilal"])], "birth": [pl.Series(["1980-07-08"])]}
    lists = prepared(layout_of(fields), one, other)
    export = export_lists(lists, _model(layout_of(fields), lists), pl.Series([1]), pl.Series([2]))
    assert export.pairs == 0
    assert export.settings["blocking_rules_to_generate_predictions"] == []
