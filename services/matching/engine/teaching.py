"""A set of models learned in a registry, from the rows of lists that were compared with it.

Who is one person is told by a national id on both sides, held by one individual alone, and by what persons decided: never by
a household's number or phone, which brothers share. One half of the rows teaches, the other judges what was learned,
without its national ids. A unit with too few of such pairs learns from those of all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.batch import Pairs, Sides, allowed, judge_all
from services.matching.engine.calibrating import calibrated, own_numbers, with_gaps, with_strangers
from services.matching.engine.evaluating import LEAST, Scored, evaluate
from services.matching.engine.groups import Grouping, groups_in
from services.matching.engine.households import Beside, Households, with_household
from services.matching.engine.keys import Plan, keys_of, plan_of
from services.matching.engine.lists import Stopped, compare_all
from services.matching.engine.model import Model, thresholds
from services.matching.engine.models import REGISTRY, UNITS, Models
from services.matching.engine.packing import Vocabulary, Words
from services.matching.engine.rarity import Doubles, Rarity, average_rarity, counted_rarity
from services.matching.engine.scoring import Tables, tables_of
from services.matching.engine.side_by_side import compare
from services.matching.engine.training import (
    BY_NUMBER,
    ENOUGH,
    Known,
    Session,
    model_of,
    sessions_of,
    settled_prior,
    strangers_of,
)
from services.matching.engine.truth import Marks, Rows, Truth

MARGIN: Final = 3.0
"""Bits by which the best must lead the next who is somebody else to be linked, as `rules/deciding.py` asks."""
LEAST_BEARERS: Final = 10
"""A part of a name borne by fewer is as rare as one borne by so many, and stands in no model: a model tells of nobody."""
MOST_JUDGED: Final = 20_000
"""Rows of a unit that are judged: their intervals are narrow enough."""
FEW_ROWS: Final = 500
"""Rows of a unit below which it is compared as all units together are."""
NUMBER, BIRTH, ROLE, SCHOOL, NAME = (
    next(at for at, field in enumerate(REGISTRY.fields) if field.name == name)
    for name in ("nni", "birth", "role", "school", "name")
)
HEAD, SPOUSE = 1, 2  # of a role, see `fields.py`
OLDEST_PUPIL: Final = 20
_NNI = slice(REGISTRY.offsets[NUMBER], REGISTRY.offsets[NUMBER] + 2)
Told = Callable[[float], None]


class TooFewPairs(Exception):
    """So many pairs are known to be one person, and ENOUGH are needed."""

    def __init__(self, pairs: int) -> None:
        super().__init__(pairs)
        self.pairs = pairs


@dataclass(frozen=True)
class Said:
    """What persons decided on rows of a unit: by row of the list, the registered record, and whether it is the same."""

    left: Rows
    right: Rows
    same: Marks


@dataclass(frozen=True)
class Listed:
    """Rows of one unit, packed; `names` as the lists have them; `beside`: which of them stand together."""

    records: Words
    names: pl.Series
    said: Said
    beside: Beside


@dataclass(frozen=True)
class Material:
    """A registry and rows of lists, packed with one vocabulary of the fields of REGISTRY.

    `persons`, `households`: by registered record, a number of the individual and one of the household it stands for.
    """

    vocabulary: Vocabulary
    registry: Words
    persons: Rows
    households: Rows
    listed: Mapping[str, Listed]

    def whom(self, unit: str) -> Rows:
        """Of whom a link of this unit speaks, by registered record."""
        return self.households if unit == "household" else self.persons


def teach(
    material: Material,
    version: str,
    before: Models,
    told: Told = lambda done: None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Models, dict[str, Any]]:
    """A set of models with its report, beside the set `before` on the same rows. Raises TooFewPairs, Stopped."""
    teacher = _Teacher(material, told, stop)
    models = teacher.learned(version)
    teacher.step(0.7)
    return models, teacher.report(models, before)


@dataclass(frozen=True)
class _Ready:
    """Rows of one unit beside the registry, ready to be compared."""

    sides: Sides
    tables: Tables
    average: Doubles
    beside: Beside


class _Teacher:
    def __init__(self, material: Material, told: Told, stop: Callable[[], bool]) -> None:
        self._material, self._told, self._stop = material, told, stop
        self._plan: Plan = plan_of(REGISTRY)
        self._rng = np.random.default_rng(1)
        self._rarity = frequent(counted_rarity(material.vocabulary, (material.registry,)), len(material.registry))
        self._names = material.vocabulary.names.arrays
        self._left_keys = self._keys(material.registry)
        self._confirmed = {unit: self._confirmed_pairs(unit) for unit in UNITS}
        self._learning = {unit: self._rng.random(len(one.records)) < 0.5 for unit, one in material.listed.items()}
        self._among = {unit: self._may_be_listed(unit) for unit in UNITS}
        self._unregistered: dict[str, float] = {}
        self.learned_from: dict[str, dict[str, Any]] = {}

    def step(self, done: float) -> None:
        self._told(done)
        if self._stop():
            raise Stopped

    def _keys(self, records: Words) -> Any:
        return keys_of(records, REGISTRY, self._plan, self._names)

    def _ready(self, rows: Words, rarity: Rarity, beside: Beside | None = None) -> _Ready:
        tables = tables_of(self._material.vocabulary, rarity.of_names(self._names))
        average = np.zeros(len(REGISTRY.fields))
        average[NAME] = average_rarity(self._material.vocabulary, rarity, rows)
        sides = Sides(self._material.registry, rows, self._left_keys, self._keys(rows))
        return _Ready(sides, tables, average, beside or Beside.nobody(len(rows)))

    def _confirmed_pairs(self, unit: str) -> tuple[Rows, Rows]:
        """Pairs of one national id, where it leads to one alone: one individual, or one household where that is sought."""
        held, listed = (_numbers(one) for one in (self._material.registry, self._material.listed[unit].records))
        order = np.argsort(held, kind="stable")
        first, last = (np.searchsorted(held[order], listed, side) for side in ("left", "right"))
        known = np.flatnonzero((listed != 0) & (last > first))
        whom = self._material.whom(unit)[order]
        alone = np.array(
            [len(set(whom[a:b].tolist())) == 1 for a, b in zip(first[known], last[known], strict=True)], bool
        )
        known = known[alone]
        return order[first[known]].astype(np.int64), known.astype(np.int64)

    def _may_be_listed(self, unit: str) -> Rows:
        """The registered records that a row of this unit may be of; of no strangers of another kind does it tell."""
        role, birth = (self._material.registry[:, REGISTRY.offsets[at]] for at in (ROLE, BIRTH))
        if unit == "household":
            fit = (role == HEAD) | (role == SPOUSE)
        elif unit == "pupil":
            years = self._material.listed[unit].records[:, REGISTRY.offsets[SCHOOL]] >> np.uint32(4)
            fit = (birth >> np.uint32(9)) + np.uint32(OLDEST_PUPIL) >= years.max(initial=0)
        else:
            fit = np.ones(len(role), bool)
        return np.flatnonzero(fit) if fit.any() else np.arange(len(role))

    # ---- learning ----------------------------------------------------------------------------------------

    def learned(self, version: str) -> Models:
        count = sum(len(self._known(unit)[0]) for unit in UNITS)
        if count < ENOUGH:
            raise TooFewPairs(count)
        every = np.concatenate([one.records for one in self._material.listed.values()])
        beside = Beside.one_after_another([one.beside for one in self._material.listed.values()])
        ready: dict[str, _Ready] = {}
        strange: dict[str, Doubles] = {}
        sessions: dict[str, list[Session]] = {}
        for at, unit in enumerate(UNITS):
            self.step(0.1 + 0.1 * at)
            listed = self._material.listed[unit]
            enough = len(listed.records) >= FEW_ROWS
            alone = (listed.records, self._rarity, listed.beside)
            pooled = (every, self._rarity, beside if unit != "household" else None)  # such a row stands alone
            side = ready[unit] = self._ready(*alone if enough else pooled)
            strange[unit] = strangers_of(side.sides, side.tables, REGISTRY, side.average, self._rng)
            sessions[unit] = self._sessions(unit, side, strange[unit]) if enough else []
        models = {}
        for at, unit in enumerate(UNITS):
            self.step(0.4 + 0.1 * at)
            side, own = ready[unit], sessions[unit]
            if _confirming(own) < ENOUGH:
                own = [session for one in sessions.values() for session in one]
            models[unit], household = self._calibrated(
                unit, model_of(side.sides, REGISTRY, side.average, strange[unit], own, version), side
            )
            self.learned_from[unit] = {
                "rows": len(self._material.listed[unit].records),
                "known_pairs": len(self._known(unit)[0]),
                "of_all_units": own is not sessions[unit],
                "pairs": [{"rule": one.rule, "pairs": round(one.matches)} for one in own if round(one.matches)],
                "household": household,
            }
        return Models.of(version, models, self._rarity)

    def _known(self, unit: str) -> tuple[Rows, Rows]:
        """All pairs known to be one person: by the national id, or because a person says so."""
        said, (left, right) = self._material.listed[unit].said, self._confirmed[unit]
        return np.concatenate((left, said.left[said.same])), np.concatenate((right, said.right[said.same]))

    def _sessions(self, unit: str, ready: _Ready, strange: Doubles) -> list[Session]:
        """Only rows that do not judge later teach what pairs of one person look like."""
        learning = self._learning[unit]
        said = self._material.listed[unit].said
        taken = said.same & learning[said.right]
        rows = np.flatnonzero(learning)
        place = np.zeros(len(learning), np.uint32)
        place[rows] = np.arange(len(rows), dtype=np.uint32)
        every = np.ones(len(REGISTRY.fields), bool)
        decided = Known("persons", said.left[taken].astype(np.uint32), place[said.right[taken]], every, BY_NUMBER)
        half = Sides(ready.sides.left, ready.sides.right[rows], ready.sides.left_keys, ready.sides.right_keys[rows])
        chosen, u = allowed(half, self._plan), strange
        return sessions_of(half, self._plan, chosen, ready.tables, REGISTRY, ready.average, u, [decided], self._rng)

    def _calibrated(self, unit: str, model: Model, ready: _Ready) -> tuple[Model, dict[str, Any]]:
        """How probable a score is, and what others of the household add; with what is to be told of that."""
        among, own_fields = self._among[unit], own_numbers(model)
        asked, strangers = with_strangers(ready.sides, REGISTRY, self._plan, ready.tables, among=among, own=own_fields)
        pairs = self._compared(model, asked, ready.tables)
        own = pairs.right < strangers.first
        model = model.with_prior(settled_prior(model, pairs.score[own], len(ready.sides.left), len(ready.sides.right)))
        model = calibrated(model, pairs, strangers, model.least_score(), self._material.whom(unit))
        pairs = pairs.taken(own)
        self._unregistered[unit] = _share_unregistered(model, pairs, strangers.first)
        households = Households.of_rows(self._material.households, ready.beside)
        return with_household(model, pairs, ready.sides, households) if households else (model, {})

    def _compared(self, model: Model, sides: Sides, tables: Tables) -> Pairs:
        chosen = allowed(sides, self._plan)
        pairs, _ = compare_all(
            sides, self._plan, chosen, tables, model, model.least_score(), lambda *_: None, self._stop
        )
        return pairs

    # ---- judging -----------------------------------------------------------------------------------------

    def report(self, models: Models, before: Models) -> dict[str, Any]:
        """Both sets judged on rows that taught nothing, with strangers among them as many as each unit seems to have."""
        judged = [self._judged(unit, own_numbers(models.for_unit(unit))) for unit in UNITS]
        starts = np.cumsum([0, *(len(one.records) for one in judged)])
        rows = np.concatenate([one.records for one in judged])
        right = [np.arange(len(one.whom)) + start for one, start in zip(judged, starts, strict=False)]
        truth = Truth(np.concatenate([one.whom for one in judged]), np.concatenate(right), len(rows))
        places = {code: name.upper() for name, code in self._material.vocabulary.places[0].items()}
        names = pl.concat([one.names for one in judged])
        traits = groups_in(self._material.vocabulary, models.rarity.of_names(self._names), rows, [names], places)
        of = np.repeat(np.arange(len(UNITS)), np.diff(starts))
        groups = [Grouping("unit", UNITS, of), *(one for one in traits if one.by != "number")]  # all are without
        self.step(0.8)
        after, old = (self._scored(one, judged, starts, one.version) for one in (models, before))
        return {
            "learned_from": self.learned_from,
            "not_judged": [
                one.unit for one in judged if not len(one.records) and len(self._material.listed[one.unit].records)
            ],
            "refused": self._on_refused(models),
            **evaluate(after, truth, groups),
            "comparison": compare(old, after, truth, groups),
        }

    def _judged(self, unit: str, own_fields: frozenset[str]) -> "_Judged":
        """Rows whose person is known and that taught nothing, without their national id; and strangers dressed as rows."""
        one, (left, right) = self._material.listed[unit], self._known(unit)
        kept = np.flatnonzero(~self._learning[unit][right])
        kept = kept[np.unique(right[kept], return_index=True)[1]][:MOST_JUDGED]
        left, right = left[kept], right[kept]
        share = self._unregistered[unit]
        count = min(MOST_JUDGED, round(len(right) * share / (1.0 - share)))
        own, like = np.zeros(0, np.int64), np.zeros(0, np.int64)
        if count:
            own, like = self._rng.choice(self._among[unit], count), self._rng.integers(0, len(one.records), count)
        strangers = _in_one_script(self._material.registry[own], one.names.gather(like))
        records = np.concatenate((one.records[right], with_gaps(strangers, one.records[like], REGISTRY, own_fields)))
        records[:, _NNI] = 0
        return _Judged(
            unit,
            records,
            one.names.gather(np.concatenate((right, like))),
            self._material.whom(unit)[left],
            np.concatenate((np.full(len(right), -1), self._material.whom(unit)[own])),
        )

    def _scored(self, models: Models, judged: Sequence["_Judged"], starts: Rows, called: str) -> Scored:
        """What a set says of these rows, as the service decides: by the best alone, with its lead on the next."""
        parts = [self._said_of(models, one, int(start)) for one, start in zip(judged, starts, strict=False)]
        left, right, probability, forward = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return Scored(called, left, right, probability, forward)

    def _said_of(self, models: Models, one: "_Judged", start: int) -> tuple[Rows, Rows, Any, Marks]:
        model = models.for_unit(one.unit)
        ready = self._ready(one.records, models.rarity)
        pairs = self._compared(model, ready.sides, ready.tables)
        right = pairs.right.astype(np.int64)
        whom = self._material.whom(one.unit)[pairs.left]
        kept = whom != one.hidden[right]
        pairs, right, whom = pairs.taken(kept), right[kept], whom[kept]
        best = np.lexsort((-pairs.score, whom, right))
        best = best[_firsts(right[best], whom[best])]  # of each row and whom, the best record
        best = best[np.lexsort((-pairs.score[best], right[best]))]
        right, whom, score = right[best], whom[best], pairs.score[best].astype(np.float64)
        odds = model.odds(pairs.score[best])
        probability = odds / (1.0 + odds)
        forward = _firsts(right)
        next_is_own = np.append(right[1:] == right[:-1], False)
        lead = np.where(next_is_own, score - np.append(score[1:], 0.0), np.inf)
        link, _ = thresholds()
        held_back = forward & (lead < MARGIN)
        probability[held_back] = np.minimum(probability[held_back], link - 1e-6)
        likely = probability >= LEAST
        return whom[likely], right[likely] + start, probability[likely], forward[likely]

    def _on_refused(self, models: Models) -> dict[str, int]:
        """What the set says of pairs that persons refused, on rows that taught nothing: how many it would link all the same."""
        counts = {"pairs": 0, "linked": 0}
        link, _ = thresholds()
        for unit, one in self._material.listed.items():
            refused = ~one.said.same & ~self._learning[unit][one.said.right]
            rows = one.said.right[refused]
            if not len(rows):
                continue
            model, ready = models.for_unit(unit), self._ready(one.records[rows], models.rarity)
            left, right = one.said.left[refused].astype(np.uint32), np.arange(len(rows), dtype=np.uint32)
            odds = model.odds(judge_all(ready.sides, left, right, ready.tables, model.fields()).score)
            counts["pairs"] += len(rows)
            counts["linked"] += int((odds / (1.0 + odds) >= link).sum())
        return counts


@dataclass(frozen=True)
class _Judged:
    """Rows to be judged by: first those whose person is known (`whom`), then strangers, whose own records are `hidden`."""

    unit: str
    records: Words
    names: pl.Series
    whom: Rows
    hidden: Rows  # by row, whom it must not find; -1 where that is known


def frequent(rarity: Rarity, rows: int) -> Rarity:
    """Without the parts that few bear."""
    most = round(max(0.0, float(np.log2(max(1, rows) / LEAST_BEARERS))), 3)
    return Rarity({part: bits for part, bits in rarity.parts.items() if bits <= most}, min(rarity.unknown, most))


def _share_unregistered(model: Model, pairs: Pairs, rows: int) -> float:
    """The share of rows that nobody registered seems to stand behind, by the best of each; within 0.05 and 0.9."""
    best = np.full(rows, -np.inf, np.float32)
    np.maximum.at(best, pairs.right, pairs.score)
    odds = model.odds(best[np.isfinite(best)])
    return min(0.9, max(0.05, 1.0 - float((odds / (1.0 + odds)).sum()) / max(1, rows)))


def _numbers(records: Words) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(records[:, _NNI]).view(np.uint64)[:, 0]


def _confirming(sessions: Sequence[Session]) -> float:
    return sum(session.matches for session in sessions if session.sure >= BY_NUMBER)


def _firsts(*columns: Rows) -> Marks:
    """By place, whether it differs from the one before in any column."""
    out = np.ones(len(columns[0]), bool)
    out[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return out


def _in_one_script(rows: Words, like: pl.Series) -> Words:
    """Rows of the registry, each with its name in the script of the one beside it where it has one."""
    out, offset = rows.copy(), REGISTRY.offsets[NAME]
    latin, arabic = rows[:, offset], rows[:, offset + 1]
    wanted = like.str.contains(r"\p{Arabic}").to_numpy()
    out[:, offset] = np.where((wanted & (arabic != 0)) | (latin == 0), arabic, latin)
    out[:, offset + 1] = 0
    return out
