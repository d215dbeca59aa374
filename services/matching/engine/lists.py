"""Whole lists: two files linked, or one compared with itself, from their columns to the pairs that are one person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.batch import MOST_PAIRS, Pairs, Sides, TooManyPairs, allowed, shared_among, visit
from services.matching.engine.blocks import Allowed
from services.matching.engine.calibrating import calibrated, calibrated_by_truth, own_numbers, with_strangers
from services.matching.engine.compiling import kernel
from services.matching.engine.fields import Field, Layout, layout_of
from services.matching.engine.households import Households, levels_of, taught_bits
from services.matching.engine.keys import Plan, keys_of, plan_of
from services.matching.engine.model import STATED_HOUSEHOLD, Model, thresholds
from services.matching.engine.packing import Vocabulary, Words, pack
from services.matching.engine.place_scripts import join_scripts
from services.matching.engine.rarity import Doubles, Rarity, rarity_of
from services.matching.engine.scoring import Tables, tables_of
from services.matching.engine.training import Known, Session, settled_prior, train
from services.matching.engine.truth import Truth

Assignment = Literal["one-to-one", "many"]
Stage = Literal["read", "pack", "train", "compare", "decide"]
Told = Callable[[Stage, float], None]
"""Is told the stage and how much of it is done, 0..1."""


class Stopped(Exception):
    """Whoever asked for the work asked to stop it."""


class OtherFields(ValueError):
    """The model was made for other fields; the names of those it was made for."""


@dataclass(frozen=True)
class Outcome:
    """Pairs with what follows for each; `probability` and `decision` beside each pair. `household`: what the other rows of a
    household add to each, in bits, part of its score; None where the lists do not say who lives together."""

    layout: Layout
    model: Model
    sessions: Sequence[Session]
    pairs: Pairs
    probability: npt.NDArray[np.float64]
    chosen: Allowed
    compared: int
    seconds: dict[str, float]
    household: npt.NDArray[np.float32] | None = None


@dataclass
class _Clock:
    told: Told
    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=perf_counter)

    def ended(self, stage: Stage) -> None:
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now
        self.told(stage, 1.0)


Columns = dict[str, list[pl.Series]]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Prepared:
    """Two lists as packed records with their keys, and what the kernels read of their words; `average` as of a model."""

    vocabulary: Vocabulary
    sides: Sides
    plan: Plan
    tables: Tables
    average: Doubles


def layout_for(fields: Sequence[Field], model: Model | None) -> Layout:
    """The layout of a model, or a new one of these fields. Raises OtherFields."""
    if model is None:
        return layout_of(fields)
    if {one.name: one for one in fields} != {one.name: one for one in model.layout.fields}:
        raise OtherFields(", ".join(one.name for one in model.layout.fields))
    return model.layout


def prepared(layout: Layout, left: Columns, right: Columns | None, rarity: Rarity | None = None) -> Prepared:
    """Make the columns records; they are let go meanwhile. Without `right` the left list stands on both sides; without a
    frozen `rarity` of names the lists tell it."""
    vocabulary = Vocabulary(layout)
    left_rows = pack(left, vocabulary)
    left.clear()
    right_rows = left_rows if right is None else pack(right, vocabulary)
    if right is not None:
        right.clear()
    join_scripts(vocabulary, [left_rows] if right is None else [left_rows, right_rows])
    plan = plan_of(layout)
    names = vocabulary.names.arrays
    left_keys = keys_of(left_rows, layout, plan, names)
    right_keys = left_keys if right is None else keys_of(right_rows, layout, plan, names)
    name_bits, average = rarity_of(vocabulary, left_rows, right_rows)
    if rarity:
        name_bits = rarity.of_names(names)
    sides = Sides(left_rows, right_rows, left_keys, right_keys, right is None)
    return Prepared(vocabulary, sides, plan, tables_of(vocabulary, name_bits), average)


def compare_lists(
    fields: Sequence[Field],
    left: Columns,
    right: Columns | None,
    *,
    assignment: Assignment = "one-to-one",
    least: float = 0.3,
    model: Model | None = None,
    truth: Truth | None = None,
    told: Told = lambda stage, done: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Link two lists, or with `right` None find who stands twice in one. Pairs below the probability `least` are left out.

    With a `model` nothing is learned from the lists but how rare their values are, names where it has not frozen that. With
    `truth`, of two lists, one half of the right list teaches the model, and the other how probable its scores are. Raises
    Stopped, OtherFields, TooManyPairs.
    """
    clock, given = _Clock(told), model is not None
    layout = layout_for(fields, model)
    lists = prepared(layout, left, right, model.rarity if model else None)
    sides, plan, tables = lists.sides, lists.plan, lists.tables
    asked, strangers = (sides, None)
    if not sides.same and len(sides.left) and len(sides.right):
        asked, strangers = with_strangers(sides, layout, plan, tables)
    chosen = allowed(asked, plan)
    clock.ended("pack")
    sessions: Sequence[Session] = ()
    listed = chosen._replace(rules=chosen.rules[: len(sides.right)])
    if model is None:
        known = _known(truth, layout) if truth else ()
        model, sessions = train(sides, plan, listed, tables, layout, lists.average, "learned from these lists", known)
    if strangers is not None and (own_fields := own_numbers(model)):
        asked, strangers = with_strangers(sides, layout, plan, tables, own=own_fields)
        chosen = allowed(asked, plan)
    clock.ended("train")
    least_score = model.least_score()
    pairs, compared = compare_all(asked, plan, chosen, tables, model, least_score, told, stop)
    clock.ended("compare")
    if strangers is None:
        model = model.with_prior(settled_prior(model, pairs.score, len(sides.left), len(sides.right)))
    else:
        own = pairs.right < strangers.first
        model = model.with_prior(settled_prior(model, pairs.score[own], len(sides.left), len(sides.right)))
        if truth is None:
            model = calibrated(model, pairs, strangers, least_score)
        pairs = pairs.taken(own)
    if truth is not None:
        held_out = pairs.taken(truth.halves()[1][pairs.right])
        model = calibrated_by_truth(
            model, held_out, truth.marks(held_out.left, held_out.right), truth.rows, least_score
        )
    odds = model.odds(pairs.score)
    probability = shared_among(odds, pairs, sides)
    model, added = _with_households(model, pairs, probability, sides, learn=not given)
    if added is not None:
        probability = shared_among(odds * np.exp2(added.astype(np.float64)), pairs, sides)
        pairs = replace(pairs, score=pairs.score + added)
    kept = assigned(pairs, probability, assignment if right is not None else "many", least)
    clock.ended("decide")
    return Outcome(
        layout, model, sessions, pairs.taken(kept), probability[kept], chosen, compared, clock.seconds,
        None if added is None else added[kept],
    )  # fmt: skip


def _with_households(
    model: Model, pairs: Pairs, probability: Doubles, sides: Sides, *, learn: bool
) -> tuple[Model, npt.NDArray[np.float32] | None]:
    """What the other rows of its household add to each pair, in bits; and the model with what that weighs, where it learns."""
    together = Households.of(sides, model.layout)
    if together is None:
        return model, None
    levels = levels_of(pairs, probability, together, model.layout)
    if learn:
        taught = taught_bits(pairs, levels, probability, together, model.layout)
        model = replace(model, household=(0.0, *(one.bits or 0.0 for one in taught.values())))
    bits = np.array(model.household or STATED_HOUSEHOLD, np.float32)
    return model, bits[levels]


def _known(truth: Truth, layout: Layout) -> Sequence[Known]:
    own = truth.halves()[0][truth.right]
    every = np.ones(len(layout.fields), bool)
    return (Known("truth", truth.left[own].astype(np.uint32), truth.right[own].astype(np.uint32), every),)


def compare_all(
    sides: Sides,
    plan: Plan,
    chosen: Allowed,
    tables: Tables,
    model: Model,
    least: float,
    told: Told,
    stop: Callable[[], bool],
) -> tuple[Pairs, int]:
    found: list[Pairs] = []
    seen, kept = 0, 0
    for more, pairs in visit(sides, plan, chosen, tables, model.fields(), least):
        found.append(pairs)
        seen, kept = seen + more, kept + len(pairs)
        if kept > MOST_PAIRS:
            raise TooManyPairs
        told("compare", min(1.0, seen / max(1, chosen.pairs)))
        if stop():
            raise Stopped
    return Pairs.together(found, len(model.layout.fields)), seen


def assigned(
    pairs: Pairs, probability: npt.NDArray[np.float64], assignment: Assignment, least: float
) -> npt.NDArray[np.int64]:
    """The pairs to keep, the likeliest first. One to one: whoever has been given a partner takes no second."""
    order = np.lexsort((pairs.right, pairs.left, -pairs.score, -probability))
    order = order[probability[order] >= least]
    if assignment == "many":
        return order
    left, right = pairs.left[order], pairs.right[order]
    kept = np.zeros(len(order), np.bool_)
    _first_come(left, right, _none_of(left), _none_of(right), kept)
    return order[kept]


def _none_of(rows: Words) -> Marks:
    return np.zeros(int(rows.max(initial=0)) + 1, np.bool_)


@kernel
def _first_come(left: Words, right: Words, taken_left: Marks, taken_right: Marks, kept: Marks) -> None:
    """Mark the pairs that, in their order, find both of theirs still free."""
    for at in range(len(left)):
        if not taken_left[left[at]] and not taken_right[right[at]]:
            taken_left[left[at]] = taken_right[right[at]] = kept[at] = True


def result_of(outcome: Outcome, left_ids: pl.Series, right_ids: pl.Series) -> pl.DataFrame:
    """A row for each pair: left_id, right_id, probability, weight, decision, and what each field weighs, in bits."""
    link, _ = thresholds()
    pairs = outcome.pairs
    columns: dict[str, object] = {
        "left_id": left_ids.gather(pairs.left),
        "right_id": right_ids.gather(pairs.right),
        "probability": outcome.probability,
        "weight": pairs.score.astype(np.float64),
        "decision": np.where(outcome.probability >= link, "link", "adjudicate"),
    }
    for at, one in enumerate(outcome.layout.fields):
        columns[f"weight_{one.name}"] = pairs.bits[:, at]
    if outcome.household is not None:
        columns["weight_household_agrees"] = outcome.household
    return pl.DataFrame(columns)
