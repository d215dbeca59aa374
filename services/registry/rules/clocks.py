"""Two clocks: what a new fact does to the states a record is believed to have had.

A record's believed states are pieces: each holds from one day to another, they follow one another without gap, and the
last one is open. A fact that holds from one day to another splits the pieces at its ends and changes those between.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from, and the day it was taken."""

    source: str
    on: date


@dataclass(frozen=True, slots=True)
class Piece:
    """A state (JSON) that holds from `true_from` until the day before `true_until` (None: still).

    Its fields come from `origin`, but for those named in `others`.
    """

    true_from: date
    true_until: date | None
    state: Mapping[str, Any]
    origin: Origin
    others: Mapping[str, Origin] = field(default_factory=dict)

    def origin_of(self, name: str) -> Origin:
        return self.others.get(name, self.origin)

    def holds_on(self, day: date) -> bool:
        return self.true_from <= day and (self.true_until is None or day < self.true_until)


def with_facts(
    pieces: Sequence[Piece],
    facts: Mapping[str, Any],
    origin: Origin,
    from_on: date | None = None,
    until_on: date | None = None,
) -> list[Piece]:
    """The pieces after learning that `facts` hold from `from_on` (None: always) until the day before `until_on`.

    Before the first piece nothing is known of the record, and nothing becomes known: a fact from before holds from
    there on.
    """
    out: list[Piece] = []
    for piece in _split(_split(pieces, from_on), until_on):
        inside = (from_on is None or piece.true_from >= from_on) and (until_on is None or piece.true_from < until_on)
        out.append(_learned(piece, facts, origin) if inside else piece)
    return out


Wins = Callable[[str, Origin, Origin], bool]
"""Whether a field's offered value, by its origin, is to be believed rather than the one held: (field, held, offered)."""


def with_survey(
    pieces: Sequence[Piece], facts: Mapping[str, Any], origin: Origin, from_on: date, wins: Wins
) -> list[Piece]:
    """The pieces after a survey of `from_on` told `facts`: each piece learns the fields in which the survey wins.

    One in which it wins none stays as it is.

    A survey older than all that is known extends the record backwards.
    """
    first = pieces[0]
    out: list[Piece] = []
    if from_on < first.true_from:
        out.append(Piece(from_on, first.true_from, {**first.state, **facts}, origin))
    for piece in pieces:
        won = {name: value for name, value in facts.items() if wins(name, piece.origin_of(name), origin)}
        if not won or (piece.true_until is not None and piece.true_until <= from_on):
            out.append(piece)
            continue
        out += [_learned(part, won, origin) if part.true_from >= from_on else part for part in _split([piece], from_on)]
    return out


def _split(pieces: Iterable[Piece], day: date | None) -> list[Piece]:
    out = []
    for piece in pieces:
        if day is not None and piece.true_from < day and piece.holds_on(day):
            out += [replace(piece, true_until=day), replace(piece, true_from=day)]
        else:
            out.append(piece)
    return out


def _learned(piece: Piece, facts: Mapping[str, Any], origin: Origin) -> Piece:
    state = {**piece.state, **facts}
    if facts.keys() >= piece.state.keys():
        return replace(piece, state=state, origin=origin, others={})
    others = {name: known for name, known in piece.others.items() if name not in facts}
    if origin != piece.origin:
        others |= dict.fromkeys(facts, origin)
    return replace(piece, state=state, others=others)
