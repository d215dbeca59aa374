"""Two clocks against a naive model: a list of everything that was ever said, asked by going through all of it."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.registry.rules.clocks import Origin, Piece, with_facts, with_survey

START = date(2020, 1, 1)
FIELDS = ("commune", "village", "score")
days = st.integers(0, 40).map(lambda n: START + timedelta(days=n))
facts = st.dictionaries(st.sampled_from(FIELDS), st.integers(0, 3), min_size=1)


@dataclass
class Naive:
    """Sayings in the order they were said; the last that covers a day is right about it."""

    sayings: list[tuple[dict[str, Any], str, date, date | None]] = field(default_factory=list)

    def on(self, day: date) -> dict[str, tuple[Any, str]]:
        known: dict[str, tuple[Any, str]] = {}
        for said, source, start, end in self.sayings:
            if start <= day and (end is None or day < end):
                known |= {name: (value, source) for name, value in said.items()}
        return known


@st.composite
def statements(draw: st.DrawFn) -> list[tuple[dict[str, Any], str, date | None, date | None]]:
    made = []
    for number in range(draw(st.integers(0, 8))):
        start, end = draw(st.none() | days), draw(st.none() | days)
        if start and end and end <= start:
            start, end = end, start + timedelta(days=1)
        made.append((draw(facts), f"source-{number % 3}", start, end))
    return made


@given(statements())
def test_any_sequence_of_facts_gives_the_answers_of_a_naive_model(
    said: list[tuple[dict[str, Any], str, date | None, date | None]],
) -> None:
    first = dict.fromkeys(FIELDS, 9)
    pieces = [Piece(START, None, first, Origin("survey", START))]
    naive = Naive([(first, "survey", START, None)])

    for values, source, start, end in said:
        pieces = with_facts(pieces, values, Origin(source, START), start, end)
        naive.sayings.append((values, source, start or date.min, end))

    for day in (START + timedelta(days=n) for n in range(45)):
        [piece] = [one for one in pieces if one.holds_on(day)]
        assert {name: (piece.state[name], piece.origin_of(name).source) for name in FIELDS} == naive.on(day)


@given(statements())
def test_pieces_follow_one_another_without_gap_and_the_last_is_open(
    said: list[tuple[dict[str, Any], str, date | None, date | None]],
) -> None:
    pieces = [Piece(START, None, dict.fromkeys(FIELDS, 9), Origin("survey", START))]
    for values, source, start, end in said:
        pieces = with_facts(pieces, values, Origin(source, START), start, end)

    assert pieces[0].true_from == START
    assert pieces[-1].true_until is None
    assert all(one.true_until == other.true_from for one, other in pairwise(pieces))
    assert all(one.true_until is None or one.true_from < one.true_until for one in pieces)


@given(st.permutations([0, 7, 14, 21]))
def test_surveys_that_arrive_in_any_order_tell_the_same_story(order: list[int]) -> None:
    def later(_: str, held: Origin, offered: Origin) -> bool:
        return offered.on >= held.on

    def survey(n: int) -> tuple[dict[str, Any], date]:
        return {"commune": n, "village": n // 7}, START + timedelta(days=n)

    pieces: list[Piece] = []
    for n in order:
        told, on = survey(n)
        if pieces:
            pieces = with_survey(pieces, told, Origin("survey", on), on, later)
        else:
            pieces = [Piece(on, None, told, Origin("survey", on))]

    for day in range(30):
        last = max(n for n in (0, 7, 14, 21) if n <= day)
        [piece] = [one for one in pieces if one.holds_on(START + timedelta(days=day))]
        assert piece.state["commune"] == last


def test_a_field_of_a_better_source_survives_a_later_survey() -> None:
    def wins(name: str, held: Origin, offered: Origin) -> bool:
        return held.source != "civil" and offered.on >= held.on

    pieces = [Piece(START, None, {"name": "Med", "village": "a"}, Origin("survey", START))]
    pieces = with_facts(pieces, {"name": "Mohamed"}, Origin("civil", START), None)

    told = {"name": "Mohd", "village": "b"}
    on = START + timedelta(days=3)
    pieces = with_survey(pieces, told, Origin("survey", on), on, wins)

    assert pieces[-1].state == {"name": "Mohamed", "village": "b"}
    assert pieces[-1].origin_of("name") == Origin("civil", START)
    assert pieces[-1].origin_of("village") == Origin("survey", on)
