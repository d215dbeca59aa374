"""The compiled names beside `shared.names`: read the same, alike the same, and stored without loss."""

import csv
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.engine.name_kernels import (
    NameArrays,
    glued_skeleton,
    most_of_tokens,
    name_similarity,
    name_work,
    similarities,
    token_similarity,
)
from services.matching.engine.name_table import NamesOutdated, NameTable, skeleton_hash
from shared.names import Name, Token, parse_name, similarity
from shared.spelling import skeleton

PAIRS = Path(__file__).parents[3] / "shared" / "data" / "cross_script_pairs.csv"


def reference_names() -> list[str]:
    with PAIRS.open(encoding="utf-8") as stream:
        pairs = [(row["latin"], row["arabic"]) for row in csv.DictReader(stream)]
    names = [name for pair in pairs for name in pair]
    for file in ("given_names.csv", "family_names.csv"):
        with (resources.files("cli.demo") / "data" / file).open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                names += [row["latin"], row["arabic"]]
    return names


REFERENCE = reference_names()
WORDS = st.sampled_from(
    "Mohamed Ahmed Ould Mint Diallo Ba محمد أحمد ولد با عبد الله Sid Sidahmed Lemine القادر Abdel M/ el Abdou Med م"
    " Lehbib الأمين Elhadj محمدالامين ديالو N'Diaye Abd 'Al 12 - Vall فال Rahmane Salam Ibrahima".split()
    + REFERENCE
)
LETTERS = st.text("abdeghiklmnorstuyouéwاأبتحدرسعقكلمنهويىةءآ' -/12\u200f\x1f\x00\u00a0😀", max_size=14)
TEXTS = st.one_of(st.lists(st.one_of(WORDS, LETTERS), max_size=9).map(" ".join), st.text(max_size=40))
NAMES = st.lists(WORDS, max_size=6).map(" ".join)


def told(table: NameTable, a: str, b: str, least: float = 0.0) -> float:
    ids = table.add([a, b])
    return float(name_similarity(table.arrays, name_work(), ids[0], ids[1], least))


def sounds(name: Name) -> Name:
    """The name as a table keeps it: by its sounds; one without a part tells no sex either."""
    if not name.tokens:
        return Name(())
    return Name(tuple(Token(t.sounds, t.sounds, t.arabic, t.clan) for t in name.tokens), name.sex_hint)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """The first call compiles, which takes seconds on a new machine; no example is to be blamed for it."""
    told(SHARED, "Abd El Kader Sid Ahmed", "Sidahmed Abdel Kader Ba")
    token_similarity(SHARED.arrays.tokens, SHARED.arrays.costs, WORK, 1, 2)
    most_of_tokens(SHARED.arrays.tokens, SHARED.arrays.costs, 1, 2)


@given(st.lists(TEXTS, max_size=6))
def test_a_table_reads_every_text_as_parse_name_does(texts: list[str]) -> None:
    table = NameTable()

    ids = table.add([*texts, None])

    assert [table.name(at) for at in ids.tolist()] == [*(sounds(parse_name(text)) for text in texts), Name(())]
    assert table.add(texts).tolist() == ids.tolist()[:-1]


SHARED = NameTable()
WORK = name_work()


@given(NAMES, NAMES)
def test_two_names_are_as_alike_as_shared_names_says(a: str, b: str) -> None:
    expected = similarity(parse_name(a), parse_name(b))

    assert told(SHARED, a, b) == pytest.approx(expected, abs=1e-6)
    assert told(SHARED, b, a) == pytest.approx(expected, abs=1e-6)


@given(TEXTS, TEXTS)
def test_any_two_texts_are_as_alike_as_shared_names_says(a: str, b: str) -> None:
    assert told(SHARED, a, b) == pytest.approx(similarity(parse_name(a), parse_name(b)), abs=1e-6)


@given(NAMES, NAMES, st.sampled_from((0.2, 0.4, 0.6, 0.85, 0.95)))
def test_who_asks_for_less_than_all_likenesses_is_told_the_same_of_those_asked_for(
    a: str, b: str, least: float
) -> None:
    expected, value = similarity(parse_name(a), parse_name(b)), told(SHARED, a, b, least)

    assert value == pytest.approx(expected, abs=1e-6) if expected >= least else value < least


def test_all_the_reference_names_are_as_alike_as_shared_names_says() -> None:
    table, words = NameTable(), REFERENCE[:160]
    ids = table.add(words)
    at_a, at_b = (part.ravel() for part in np.meshgrid(np.arange(len(words)), np.arange(len(words))))

    values = similarities(table.arrays, name_work(), ids[at_a], ids[at_b], 0.0)

    expected = [similarity(parse_name(words[i]), parse_name(words[j])) for i, j in zip(at_a, at_b, strict=True)]
    assert values == pytest.approx(expected, abs=1e-6)


@given(st.one_of(WORDS, LETTERS), st.one_of(WORDS, LETTERS))
def test_tokens_and_their_bound_are_those_of_shared_sounds(a: str, b: str) -> None:
    ids = SHARED.add([a, b])
    arrays = SHARED.arrays
    names = parse_name(a), parse_name(b)
    for at, x in enumerate(names[0].tokens):
        for other, y in enumerate(names[1].tokens):
            tokens = int(arrays.names[ids[0], at]), int(arrays.names[ids[1], other])
            alike = similarity(Name((x,)), Name((y,)))
            assert token_similarity(arrays.tokens, arrays.costs, WORK, *tokens) == pytest.approx(alike, abs=1e-9)
            assert alike <= most_of_tokens(arrays.tokens, arrays.costs, *tokens) + 1e-9


def test_consonants_that_nothing_is_like_bound_the_likeness() -> None:
    arrays, tokens = tokens_of(SHARED, "Salem Saleck Samid Mokhtar المختار")
    salem, saleck, samid, moctar, arabic = tokens

    # m and k face nothing alike, and l and k beside m and d; three consonants and two vowels of a quarter weigh 3.5.
    assert most_of_tokens(arrays.tokens, arrays.costs, salem, saleck) == pytest.approx(1 - 1.6 / 3.5)
    assert most_of_tokens(arrays.tokens, arrays.costs, saleck, samid) == pytest.approx(1 - 1.6 * 2 / 3.5)
    assert most_of_tokens(arrays.tokens, arrays.costs, moctar, arabic) == 1.0


def tokens_of(table: NameTable, text: str) -> tuple[NameArrays, list[int]]:
    at = table.add([text])[0]
    return table.arrays, [token for token in table.arrays.names[at].tolist() if token]


def test_skeletons_have_equal_hashes_exactly_where_they_are_equal() -> None:
    table = NameTable()
    by_skeleton: dict[str, set[int]] = {}
    for text in REFERENCE:
        _, tokens = tokens_of(table, text)
        for token, parsed in zip(tokens, parse_name(text).tokens, strict=True):
            by_skeleton.setdefault(parsed.skeleton, set()).add(int(table.skeletons[token]))

    assert all(len(hashes) == 1 for hashes in by_skeleton.values())
    assert len({next(iter(hashes)) for hashes in by_skeleton.values()}) == len(by_skeleton) > 200
    assert skeleton_hash("-") == 0
    # Worked out by the formula of the docstring with integers of any length: the same for ever.
    assert skeleton_hash("mmd") == 0x75B4B5AAD11D842B
    assert by_skeleton["mmd"] == {skeleton_hash("mmd")}


def test_two_tokens_glued_have_the_skeleton_of_the_one_word() -> None:
    arrays, (sid, ahmed) = tokens_of(SHARED, "Sid Ahmed")
    assert glued_skeleton(arrays.tokens, sid, ahmed) == skeleton_hash(skeleton("sidahmed"))

    arrays, (awa, sow) = tokens_of(SHARED, "Awa Sow")
    assert glued_skeleton(arrays.tokens, awa, sow) == skeleton_hash("s")


def test_names_come_back_from_their_columns_and_grow_on(tmp_path: Path) -> None:
    table = NameTable()
    before = table.add(REFERENCE)
    columns: dict[str, Any] = table.columns()
    np.savez(tmp_path / "names.npz", **columns)

    with np.load(tmp_path / "names.npz", allow_pickle=False) as stored:
        again = NameTable.of(stored)

    assert again.add(REFERENCE).tolist() == before.tolist()
    assert len(again) == len(table)
    new = again.add(["Mohamed Ould Zeydane Ould Khattar"])
    assert new[0] == len(table)
    assert np.array_equal(table.arrays.names, again.arrays.names[:-1])
    assert np.array_equal(table.arrays.tokens, again.arrays.tokens[: len(table.arrays.tokens)])
    assert np.array_equal(table.skeletons, again.skeletons[: len(table.skeletons)])
    assert np.array_equal(table.sex_hints, again.sex_hints[:-1])


def test_names_stored_under_other_rules_of_spelling_are_refused() -> None:
    columns = NameTable().columns()
    columns["name_rules"] = columns["name_rules"] + np.uint64(1)

    with pytest.raises(NamesOutdated):
        NameTable.of(columns)


def test_many_names_keep_their_ids_while_the_table_grows() -> None:
    syllables = "ba da ka la ma na ra sa ta za".split()
    words = [a + b + c + d for a in syllables for b in syllables for c in syllables for d in syllables]
    texts = [f"{a} {b}" for a, b in pairwise(words)] * 8
    table = NameTable()

    ids = table.add(texts)

    assert len(texts) > 65_536
    assert ids.tolist() == list(range(1, 10_000)) * 8
    assert table.name(9_999) == sounds(parse_name("zazazata zazazaza"))
