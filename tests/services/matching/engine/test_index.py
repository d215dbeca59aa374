"""The index in memory gives what comparing whole lists gives, whatever came and went since it was built."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from pathlib import Path
from random import Random
from zlib import crc32

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.fields import Field, Kind, layout_of
from services.matching.engine.index import Index
from services.matching.engine.keys import LARGEST_BLOCK
from services.matching.engine.lists import compare_lists
from services.matching.engine.model import Model, expert_shares
from services.matching.engine.packing import Vocabulary, pack
from services.matching.engine.packing_one import pack_one
from services.matching.engine.rarity import Rarity
from services.matching.engine.snapshots import SnapshotDamaged, SnapshotOutdated, load, save, view_of, write

FIELDS = (
    Field("id", Kind.NUMBER),
    Field("phone", Kind.PHONE, 2),
    Field("birth", Kind.DATE),
    Field("sex", Kind.SEX),
    Field("place", Kind.PLACE, 3),
    Field("father_name", Kind.FATHER),
    Field("name", Kind.NAME, 2),
)
LAYOUT = layout_of(FIELDS)
Record = Mapping[str, Sequence[str]]
GIVEN, FATHERS = (
    ("Mohamed", "Ahmed", "Sidi", "Yeslem", "Mariem", "Fatimetou", "Zeinabou", "Bowba"),
    ("Salem", "Moctar", "Cheikh", "Bilal", "Vall", "Deddah", "Brahim"),
)
ARABIC = {"Mohamed": "محمد", "Ahmed": "أحمد", "Salem": "سالم", "Moctar": "المختار", "Mariem": "مريم"}


@lru_cache
def a_model() -> Model:
    return Model("an expert's", LAYOUT, *expert_shares(LAYOUT), np.full(len(LAYOUT.fields), 8.0), -12.0)


def people(count: int, seed: int = 1) -> list[Record]:
    rng = np.random.default_rng(seed)
    names = list(product(GIVEN, FATHERS, FATHERS))
    out: list[Record] = []
    for at in range(count):
        given, father, grandfather = names[rng.integers(len(names))]
        arabic = " ".join(ARABIC.get(part, "") for part in (given, father)).strip()
        out.append(
            {
                "id": [str(9_900_000_000 + at * 97) if rng.random() < 0.6 else ""],
                "phone": [str(20_000_000 + int(rng.integers(count))), ""],
                "birth": [
                    f"{1950 + int(rng.integers(60))}-{1 + int(rng.integers(12)):02}-{1 + int(rng.integers(28)):02}"
                ],
                "sex": ["M" if given in GIVEN[:4] else "F"],
                "place": ["MR01", "MR011", f"MR011-C{int(rng.integers(4)):02}"],
                "father_name": [father if rng.random() < 0.3 else ""],
                "name": [f"{given} Ould {father} {grandfather}", arabic],
            }
        )
    return out


def columns(records: Sequence[Record]) -> dict[str, list[pl.Series]]:
    return {
        one.name: [
            pl.Series([record[one.name][at] for record in records], dtype=pl.String)
            for at in range(len(records[0][one.name]))
        ]
        for one in FIELDS
    }


def slipped(record: Record) -> Record:
    """What a clerk makes of it: no number, another phone, a year alone, the grandfather left out."""
    given, _, father, *_ = record["name"][0].split()
    return {
        **record,
        "id": [""],
        "phone": ["49999999", ""],
        "birth": [record["birth"][0][:4]],
        "father_name": [""],
        "name": [f"{given} {father}", ""],
    }


texts = st.one_of(
    st.sampled_from(
        ["", "Mohamed Ould Ahmed", "محمد ولد أحمد", "9900000097", "9.93E+09", "MR0630000025", "AB-12", "٢٠٠٠٠٠٠١"]
    ),
    st.text(max_size=30),
)


@given(st.lists(st.lists(texts, min_size=11, max_size=11), min_size=1, max_size=4))
@settings(deadline=None)
def test_one_record_is_packed_as_in_a_list(rows: list[list[str]]) -> None:
    records = [
        {"id": row[:1], "phone": row[1:3], "birth": row[3:4], "sex": row[4:5], "place": row[5:8], "father_name": row[8:9],
         "name": row[9:11]}
        for row in rows
    ]  # fmt: skip
    of_list, of_one = Vocabulary(LAYOUT), Vocabulary(LAYOUT)
    # Places are numbered as they come, and columns come one level after the other.
    for vocabulary in (of_list, of_one):
        for record in records:
            pack_one(
                {"place": record["place"], "name": record["name"], "father_name": record["father_name"]}, vocabulary
            )

    whole = pack(columns(records), of_list)
    phone = LAYOUT.offsets[LAYOUT.of_kind(Kind.PHONE)[0]]
    whole[:, phone : phone + 2] &= np.uint32((1 << 27) - 1)  # how many share it, only a list can tell

    for at, record in enumerate(records):
        assert pack_one(record, of_one)[0].tolist() == whole[at].tolist()


@pytest.mark.parametrize("frozen", [True, False])
def test_the_index_scores_as_lists_do(frozen: bool) -> None:
    registered = people(2_000)
    listed = [slipped(one) for one in registered[:300]] + people(100, seed=9)
    model = replace(a_model(), rarity=Rarity({"mmd": 1.5, "hmd": 2.0, "slm": 4.0}, 6.0)) if frozen else a_model()
    index = Index.build(LAYOUT, columns(registered), model.rarity)
    looking = index.looking()

    outcome = compare_lists(FIELDS, columns(registered), columns(listed), model=model, assignment="many", least=0.0)

    # A list knows how many of its own rows share a phone, one record does not.
    phone = LAYOUT.position("phone") or 0
    told = outcome.pairs.score - outcome.pairs.bits[:, phone]
    of_lists = {
        (int(r), int(le)): float(s) for r, le, s in zip(outcome.pairs.right, outcome.pairs.left, told, strict=True)
    }
    compared = 0
    for row, record in enumerate(listed):
        for found in index.find(a_model(), record, looking, most=256):
            if (row, found.row) in of_lists:
                compared += 1
                # Not frozen it is counted over both lists by the one, over the registry by the other: near, not equal.
                assert found.score - found.bits[phone] == pytest.approx(
                    of_lists[row, found.row], abs=1e-5 if frozen else 1.0
                )
    assert compared > 300


def test_who_is_registered_is_found_first() -> None:
    registered = people(2_000)
    index = Index.build(LAYOUT, columns(registered))
    looking = index.looking()

    right = sum(
        index.find(a_model(), one, looking)[0].row == at for at, one in enumerate(registered[:200]) if one["id"][0]
    )

    assert right == sum(bool(one["id"][0]) for one in registered[:200])


def test_what_comes_later_is_found_like_what_was_there() -> None:
    registered = people(600)
    whole, growing = Index.build(LAYOUT, columns(registered)), Index.build(LAYOUT, columns(registered[:400]))
    for one in registered[400:]:
        growing.add(one)
    looking, other = whole.looking(), growing.looking()

    assert len(growing) == len(whole) == 600
    assert growing.loose_rows == 200
    for at in range(0, 600, 7):
        asked = slipped(registered[at])
        assert {one.row for one in growing.find(a_model(), asked, other, most=256)} >= {
            one.row for one in whole.find(a_model(), asked, looking, most=256) if one.probability > 0.05
        }


def test_who_is_removed_is_not_found_any_more() -> None:
    registered = people(300)
    index = Index.build(LAYOUT, columns(registered))
    looking = index.looking()
    before = index.find(a_model(), registered[5], looking)

    index.remove([5])

    assert before[0].row == 5
    assert 5 not in [one.row for one in index.find(a_model(), registered[5], looking, most=256)]
    assert len(index) == 299


def test_a_name_nobody_bears_finds_nobody() -> None:
    index = Index.build(LAYOUT, columns(people(300)))

    assert index.find(a_model(), {"name": ["Xyzzy Plugh Frobozz", ""]}, index.looking()) == []
    assert index.find(a_model(), {}, index.looking()) == []


def test_a_crowd_under_one_key_is_bounded() -> None:
    one = {
        **people(1)[0],
        "id": [""],
        "phone": ["20000001", ""],
        "birth": [""],
        "place": ["", "", ""],
        "father_name": [""],
    }
    index = Index.build(LAYOUT, columns([one] * 40_000))

    assert len(index.find(a_model(), one, index.looking(), most=1_000)) <= 256


def test_a_snapshot_is_read_back_as_it_was(tmp_path: Path) -> None:
    registered = people(500)
    index = Index.build(LAYOUT, columns(registered[:450]))
    for one in registered[450:]:
        index.add(one)
    index.remove([3])
    save(index, tmp_path / "index", {"through": 77})
    save(index, tmp_path / "index", {"through": 78}, {"ids": np.arange(500)})

    again, noted, own = load(tmp_path / "index", LAYOUT)

    assert noted == {"through": 78}
    assert len(again) == 499
    assert [(one.first, one.end) for one in again.segments] == [(one.first, one.end) for one in index.segments]
    looking, other = index.looking(), again.looking()
    for at in range(0, 500, 11):
        found = again.find(a_model(), registered[at], other)
        before = [one.row for one in index.find(a_model(), registered[at], looking)]
        assert [int(own["ids"][one.row]) for one in found] == before
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_snapshot_of_other_fields_is_refused(tmp_path: Path) -> None:
    save(Index.build(LAYOUT, columns(people(10))), tmp_path / "index", {})

    with pytest.raises(SnapshotOutdated):
        load(tmp_path / "index", layout_of(FIELDS[1:]))


def test_a_snapshot_of_an_older_format_is_refused(tmp_path: Path) -> None:
    told = b'{"format": 2, "fields": []}'
    for written in (told, b"%08x\n%b" % (crc32(told), told)):
        (tmp_path / "index.json").write_bytes(written)
        with pytest.raises(SnapshotOutdated):
            load(tmp_path, LAYOUT)


@pytest.mark.parametrize("harm", ["cut", "longer", "changed", "lost"])
def test_a_damaged_snapshot_is_refused_whichever_of_its_files_it_is(tmp_path: Path, harm: str) -> None:
    save(Index.build(LAYOUT, columns(people(30))), tmp_path / "whole", {}, {"ids": np.arange(30)})
    files = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert {"alive.bin", "index.json", "own.ids.bin", "records.bin", "segment0.starts.bin"} <= set(files)

    for name in files:
        folder = tmp_path / name
        shutil.copytree(tmp_path / "whole", folder)
        written = bytearray((folder / name).read_bytes())
        middle = len(written) // 2
        written[middle] ^= 1
        told = {"cut": written[:-1], "longer": written + b"\0", "changed": written, "lost": None}[harm]
        (folder / name).unlink() if told is None else (folder / name).write_bytes(told)
        with pytest.raises(FileNotFoundError if (name, harm) == ("index.json", "lost") else SnapshotDamaged):
            load(folder, LAYOUT)


def test_what_another_engine_has_sorted_is_sorted_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its records hold, its keys may not: here they are all wrong, and the same people are found."""
    index = Index.build(LAYOUT, columns(REGISTERED), RARITY)
    index.remove([4])
    before = found_in(index, range(120), ASKED)
    view = view_of(index, {})
    for name in view.arrays:
        if name.startswith("segment0."):
            view.arrays[name] = np.zeros_like(view.arrays[name])
    view.told["sorted_by"] = "another engine"
    write(view, tmp_path / "index")

    again, _, _ = load(tmp_path / "index", LAYOUT)

    assert found_in(again, range(120), ASKED) == before


def test_where_many_rows_do_not_count_a_start_leaves_them_out(tmp_path: Path) -> None:
    index = Index.build(LAYOUT, columns(REGISTERED), RARITY)
    index.remove(range(60))
    save(index, tmp_path / "index", {}, {"ids": np.arange(120)})

    again, _, own = load(tmp_path / "index", LAYOUT)

    assert (again.rows, len(again), own["ids"].tolist()) == (60, 60, list(range(60, 120)))
    assert found_in(again, own["ids"].tolist(), ASKED) == found_in(index, range(120), ASKED)


def test_a_view_is_of_its_moment_whatever_comes_before_it_is_written(tmp_path: Path) -> None:
    index = Index.build(LAYOUT, columns(REGISTERED[:100]), RARITY)
    before = found_in(index, range(120), ASKED)
    view = view_of(index, {})
    index.extend(pack(columns(REGISTERED[100:]), index.vocabulary))
    index.remove([*range(0, 100, 7)])
    index.put_joined(index.joined())
    index.find(a_model(), {"name": ["Zwqq Ould Qwzz", ""]}, index.looking())

    write(view, tmp_path / "index")
    again, _, _ = load(tmp_path / "index", LAYOUT)

    assert found_in(again, range(120), ASKED) == before


def found_in(index: Index, order: Sequence[int], asked: Sequence[Record]) -> list[list[tuple[int, float]]]:
    """For each record whom the index finds, by number of `order`, with the score."""
    looking = index.looking()
    return [
        sorted((order[one.row], round(one.score, 4)) for one in index.find(a_model(), record, looking, most=256))
        for record in asked
    ]


REGISTERED = people(120, seed=5)
ASKED = [slipped(one) for one in REGISTERED[::11]] + REGISTERED[::17]
RARITY = Rarity({"mmd": 1.5, "hmd": 2.0}, 6.0)


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 40), min_size=1, max_size=6), st.booleans())
@settings(max_examples=15, deadline=None)
def test_how_rows_came_and_went_decides_nothing(order: Random, pieces: list[int], joined: bool) -> None:
    """Some come at once and some later, some twice with the first removed; the segments are joined meanwhile or not."""
    whole = found_in(Index.build(LAYOUT, columns(REGISTERED), RARITY), range(120), ASKED)
    numbers = list(range(120))
    order.shuffle(numbers)
    again = numbers[:20]
    came = [*again, *numbers]
    index = Index.build(LAYOUT, columns([REGISTERED[at] for at in came[: pieces[0]]]), RARITY)
    at, turn = pieces[0], 1
    while at < len(came):
        size = pieces[turn % len(pieces)]
        aside = index.joined() if joined else None
        index.extend(pack(columns([REGISTERED[one] for one in came[at : at + size]]), index.vocabulary))
        if aside is not None:
            index.put_joined(aside)
        at, turn = at + size, turn + 1
    index.remove(range(20))
    phones = sorted({one["phone"][0] for one in REGISTERED})
    counts = [sum(one["phone"][0] == phone for one in REGISTERED) for phone in phones]
    index.share_phones(np.array(phones, np.uint32), np.array(counts))

    assert len(index) == 120
    assert found_in(index, came, ASKED) == whole


def test_a_block_is_as_large_as_the_rows_that_count_however_they_lie() -> None:
    crowd = {**people(1)[0], "id": [""], "phone": ["", ""], "birth": [""], "place": ["MR01", "MR011", "C1"]}
    index = Index.build(LAYOUT, columns([crowd] * LARGEST_BLOCK), RARITY)
    looking = index.looking()
    at_the_bound = len(index.find(a_model(), crowd, looking, most=1_000))

    index.add(crowd)
    past_it = len(index.find(a_model(), crowd, looking, most=1_000))
    index.remove([7])

    assert at_the_bound > 0
    assert past_it == 0
    assert len(index.find(a_model(), crowd, looking, most=1_000)) == at_the_bound


def test_a_question_leaves_no_name_behind() -> None:
    index = Index.build(LAYOUT, columns(people(300)), RARITY)
    looking, table = index.looking(), index.vocabulary.names
    known = [slipped(one) for one in people(300)[:5]]
    before = found_in(index, range(300), known)
    size = (len(table), table.words, len(table.arrays.tokens))

    for at in range(200):
        index.find(a_model(), {"name": [f"Abdel{'aeiou'[at % 5]}q{at} Ould Zw{at}", f"عبد قرق{at}"]}, looking)

    assert (len(table), table.words, len(table.arrays.tokens)) == size
    assert found_in(index, range(300), known) == before
    row = index.add({"name": ["Yeslem Ould Bowba Ould Dedda", ""]})
    assert index.find(a_model(), {"name": ["Yeslem Bowba Dedda", ""]}, looking)[0].row == row


def test_names_are_as_rare_as_the_models_that_ask_have_them() -> None:
    index = Index.build(LAYOUT, columns(REGISTERED), Rarity({}, 1.0))

    index.weigh_names(RARITY)

    assert found_in(index, range(120), ASKED) == found_in(
        Index.build(LAYOUT, columns(REGISTERED), RARITY), range(120), ASKED
    )
