"""Estimates a model from the two files themselves.

u comes from pairs of rows taken at random. m comes from pairs that a key brought together, by expectation and maximisation
(Winkler, 1988), for the fields that the key is not made of: where persons' numbers agree the other fields are seen almost as
they are, and where date and given name agree the numbers are. Keys that a whole household shares teach nothing: brothers
share a phone, a place and a father, and who learns from them takes brothers for one person. Pairs that somebody knows to be
one person are believed before all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.matching.engine.batch import Sides, judge_all, visit
from services.matching.engine.blocks import Allowed, blocks_of, sizes_of
from services.matching.engine.fields import MOST_LEVELS, Kind, Layout
from services.matching.engine.keys import Plan
from services.matching.engine.model import LEAST_SHARE, Model, empty_shares, expert_shares, rare_shares
from services.matching.engine.rarity import Doubles
from services.matching.engine.scoring import Fields, Floats, Levels, Tables, fields_of

RANDOM_PAIRS: Final = 500_000
SESSION_PAIRS: Final = 300_000
ROUNDS: Final = 40
STILL: Final = 1e-5
EXPERT_PAIRS: Final = 20.0
"""What an expert expects counts as so many pairs: enough to be heard where the files say nothing."""
ENOUGH: Final = 500
"""Pairs of a surer kind from which no other is needed."""
BY_DATE, BY_NUMBER, KNOWN = 0, 1, 2
"""How sure it is which pairs of a session are one person."""
PRIOR_ROUNDS: Final = 15
RARELY_STRANGERS: Final = 1e-5
"""A level that an expert expects of no more pairs of strangers: what reaches it in a list is mostly one person twice."""


@dataclass(frozen=True)
class Session:
    """What the pairs under one rule taught: the expected number of pairs of one person, and by field the levels in them."""

    rule: str
    sure: int
    matches: float
    learned: npt.NDArray[np.bool_]  # [fields]
    counts: Doubles  # [fields, MOST_LEVELS], of pairs of one person


@dataclass(frozen=True)
class Known:
    """Pairs of one person: by their rows, and the fields of which they teach (none by which they were found)."""

    rule: str
    left: npt.NDArray[np.uint32]
    right: npt.NDArray[np.uint32]
    learned: npt.NDArray[np.bool_]  # [fields]
    sure: int = KNOWN


def train(
    sides: Sides,
    plan: Plan,
    chosen: Allowed,
    tables: Tables,
    layout: Layout,
    average: Doubles,
    version: str,
    known: Sequence[Known] = (),
    seed: int = 1,
) -> tuple[Model, list[Session]]:
    """A model of these two files, with the sessions it was learned from. The same files and seed give the same model."""
    rng = np.random.default_rng(seed)
    u = strangers_of(sides, tables, layout, average, rng)
    sessions = sessions_of(sides, plan, chosen, tables, layout, average, u, known, rng)
    return model_of(sides, layout, average, u, sessions, version), sessions


def strangers_of(sides: Sides, tables: Tables, layout: Layout, average: Doubles, rng: np.random.Generator) -> Doubles:
    """[fields, MOST_LEVELS] u: how often two people reach each level."""
    strangers = _of_strangers_encoded if layout.of_kind(Kind.ENCODED) else _of_strangers
    u = strangers(sides, tables, layout, _unweighed(layout, average), rng)
    return _with_rare_agreement(u, layout, average)


def sessions_of(
    sides: Sides,
    plan: Plan,
    chosen: Allowed,
    tables: Tables,
    layout: Layout,
    average: Doubles,
    u: Doubles,
    known: Sequence[Known],
    rng: np.random.Generator,
) -> list[Session]:
    """What the pairs that are known teach, and those that a person's number, or a date with more, brought together."""
    fields = _unweighed(layout, average)
    sessions = [_told(pairs, sides, tables, fields) for pairs in known]
    return sessions + [
        session
        for number in _teaching(plan, layout)
        if (session := _session(number, sides, plan, chosen, tables, layout, fields, u, rng)) is not None
    ]


def model_of(
    sides: Sides, layout: Layout, average: Doubles, u: Doubles, sessions: Sequence[Session], version: str
) -> Model:
    rows = max(1, min(len(sides.left), len(sides.right)))
    prior = float(np.log2(0.5 * rows / max(1, len(sides.left) * len(sides.right))))
    return Model(version, layout, _combined(sessions, layout), u, average, prior)


def _unweighed(layout: Layout, average: Doubles) -> Fields:
    """Fields whose levels weigh nothing but the rarity of their value above the average."""
    fields = fields_of(layout, np.zeros((len(layout.fields), MOST_LEVELS)), rare_shares(layout), average)
    fields["most"] = 1e6  # nothing is pruned
    return fields


def _of_strangers_encoded(
    sides: Sides, tables: Tables, layout: Layout, fields: Fields, rng: np.random.Generator
) -> Doubles:
    """The same where all of a record is one filter: among pairs of both lists the few of one person would outweigh what
    strangers reach. Two rows of one list are two people; what either list shows more often counts."""
    alone = (
        Sides(rows, rows, keys, keys, same=True)
        for rows, keys in ((sides.left, sides.left_keys), (sides.right, sides.right_keys))
    )
    left, right = (_of_strangers(one, tables, layout, fields, rng) for one in alone)
    return np.maximum(left, right)


def _of_strangers(sides: Sides, tables: Tables, layout: Layout, fields: Fields, rng: np.random.Generator) -> Doubles:
    """[fields, MOST_LEVELS] u: the share of each level among pairs of rows taken at random that have the field."""
    of_one_person, expected = expert_shares(layout)
    if not len(sides.left) or not len(sides.right):
        return expected
    every = len(sides.left) * len(sides.right)
    left = rng.integers(0, len(sides.left), min(RANDOM_PAIRS, every)).astype(np.uint32)
    right = rng.integers(0, len(sides.right), len(left)).astype(np.uint32)
    if sides.same:
        left, right = left[left != right], right[left != right]
    counts = _counted(judge_all(sides, left, right, tables, fields).levels, None)
    # In short lists many of them are one person all the same: as many as each row of the shorter could have at most.
    one_person = max(min(len(sides.left), len(sides.right)) / every, _doubles(counts, layout, of_one_person, expected))
    counts -= one_person * counts[:, 1:].sum(axis=1, keepdims=True) * of_one_person
    return _falling(_shares(np.maximum(counts, 0.0), expected, layout, weight=EXPERT_PAIRS), layout, expected)


def _falling(u: Doubles, layout: Layout, expected: Doubles) -> Doubles:
    """The more alike two filters, the fewer strangers: by at least so much from level to level as an expert expects of those
    that they rarely reach. What is more is one person twice."""
    out = u.copy()
    for at in layout.of_kind(Kind.ENCODED):
        for level in range(len(layout.fields[at].levels) - 2, 0, -1):  # from the least alike upwards
            if expected[at, level] <= RARELY_STRANGERS:
                steep = expected[at, level] / expected[at, level + 1]
                out[at, level] = max(LEAST_SHARE, min(out[at, level], out[at, level + 1] * steep))
    return out


def _doubles(counts: Doubles, layout: Layout, of_one_person: Doubles, expected: Doubles) -> float:
    """The share of one person's pairs among rows of an encoded list, where many stand there several times: told by the
    levels that hardly any strangers reach. Taken for strangers they would make the best filters weigh as the middling do."""
    shares = [0.0]
    for at in layout.of_kind(Kind.ENCODED):
        alike = (expected[at] <= RARELY_STRANGERS) & (of_one_person[at] < 1.0)
        if every := float(counts[at, 1:].sum()):
            shares.append(float(counts[at, alike].sum()) / every / float(of_one_person[at, alike].sum()))
    return max(shares)


def _with_rare_agreement(u: Doubles, layout: Layout, average: Doubles) -> Doubles:
    """Agreement on a value too rare to be met at random: at least what the rarity of the values says."""
    out = u.copy()
    for at, field in enumerate(layout.fields):
        if field.kind in (Kind.NAME, Kind.PART, Kind.TEXT) and average[at] > 0:
            out[at, 1] = max(LEAST_SHARE, min(out[at, 1], 1.0), 2.0 ** -average[at])
    return out


def _counted(levels: Levels, shares: Doubles | None) -> Doubles:
    counts = np.zeros((levels.shape[1], MOST_LEVELS))
    for at in range(levels.shape[1]):
        counts[at] = np.bincount(levels[:, at], weights=shares, minlength=MOST_LEVELS)[:MOST_LEVELS]
    return counts


def _shares(counts: Doubles, expected: Doubles, layout: Layout, weight: float) -> Doubles:
    """Counts of levels as shares of the pairs that have the field, the expert's expectation mixed in as `weight` pairs."""
    out = empty_shares(layout)
    for at, field in enumerate(layout.fields):
        known = slice(1, len(field.levels))
        mixed = counts[at, known] + weight * expected[at, known] / expected[at, known].sum()
        out[at, known] = np.maximum(mixed / mixed.sum(), LEAST_SHARE)
    return out


def _teaching(plan: Plan, layout: Layout) -> list[int]:
    """The rules whose pairs are learned from: a person's number, or a date with more."""
    numbers = [at for at, field in enumerate(layout.fields) if field.kind is Kind.NUMBER and not field.shared]
    out, seen = [], set[str]()
    for number, rule in enumerate(plan.rules):
        fields = plan.fields[number]
        if rule.name in seen:
            continue
        by_number = any(at in fields for at in numbers)
        dated = rule.name in ("given name, date", "second name, date", "date, place", "date")
        if by_number or dated or (rule.name in ("three names", "two names, place") and not _has_date(layout)):
            out.append(number)
            seen.add(rule.name)
    return out


def _has_date(layout: Layout) -> bool:
    return bool(layout.of_kind(Kind.DATE))


def _session(
    number: int,
    sides: Sides,
    plan: Plan,
    chosen: Allowed,
    tables: Tables,
    layout: Layout,
    fields: Fields,
    u: Doubles,
    rng: np.random.Generator,
) -> Session | None:
    pairs = _sampled(number, sides, plan, chosen, tables, fields, rng)
    if pairs is None:
        return None
    levels, rare = pairs
    learned = np.array([at not in plan.fields[number] for at in range(len(layout.fields))])
    by_number = any(layout.fields[at].kind is Kind.NUMBER for at in plan.fields[number])
    matches, counts = _maximised(levels, rare, learned, layout, u, start=0.9 if by_number else 0.3)
    return Session(plan.rules[number].name, BY_NUMBER if by_number else BY_DATE, matches, learned, counts)


def _told(pairs: Known, sides: Sides, tables: Tables, fields: Fields) -> Session:
    counts = _counted(judge_all(sides, pairs.left, pairs.right, tables, fields).levels, None)
    return Session(pairs.rule, pairs.sure, float(len(pairs.left)), pairs.learned, counts)


def _sampled(
    number: int, sides: Sides, plan: Plan, chosen: Allowed, tables: Tables, fields: Fields, rng: np.random.Generator
) -> tuple[Levels, Floats] | None:
    """Levels and rarities of up to SESSION_PAIRS pairs under one rule, of rows taken at random."""
    bit, rule = np.uint64(1) << np.uint64(number), plan.rules[number]
    rows = rng.permutation(np.flatnonzero(chosen.rules & bit))
    # Who has no narrower key is looked up by a wide one; a block that wide teaches nothing and fills the memory.
    sizes = sizes_of(blocks_of(sides.left_keys[:, rule.left]), sides.right_keys[rows, rule.right])
    rows = rows[sizes <= rule.largest]
    found: list[tuple[Levels, Floats]] = []
    total = 0
    for start in range(0, len(rows), 20_000):
        only = np.zeros_like(chosen.rules)
        only[rows[start : start + 20_000]] = bit
        part = chosen._replace(rules=only)
        for _, pairs in visit(sides, plan, part, tables, fields, -1e8, rules=(number,)):
            found.append((pairs.levels, pairs.bits))
            total += len(pairs)
        if total >= SESSION_PAIRS:
            break
    if not total:
        return None
    levels, bits = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return levels[:SESSION_PAIRS], bits[:SESSION_PAIRS]


def _maximised(
    levels: Levels, rare: Floats, learned: npt.NDArray[np.bool_], layout: Layout, u: Doubles, start: float
) -> tuple[float, Doubles]:
    """Expectation and maximisation over pairs under one rule: u is known, m and the share of true pairs are not."""
    expected, _ = expert_shares(layout)
    m, share = expected.copy(), start
    fields = np.flatnonzero(learned)
    counts = np.zeros((len(layout.fields), MOST_LEVELS))
    offset = rare[:, fields].sum(axis=1).astype(np.float64)
    for _ in range(ROUNDS):
        bits = np.log2(m / u)
        bits[:, 0] = 0.0
        score = offset + np.log2(share / (1 - share))
        for at in fields:
            score += bits[at, levels[:, at]]
        likely = 1.0 / (1.0 + np.exp2(-np.clip(score, -60, 60)))
        before, share = share, float(np.clip(likely.mean(), 1e-6, 1 - 1e-6))
        counts = _counted(levels, likely)
        m = _shares(counts, expected, layout, weight=EXPERT_PAIRS)
        if abs(share - before) < STILL:
            break
    return share * len(levels), counts


def _combined(sessions: Sequence[Session], layout: Layout) -> Doubles:
    """m over all sessions: of each field, over the surest kinds that have pairs enough."""
    expected, _ = expert_shares(layout)
    out = empty_shares(layout)
    for at in range(len(layout.fields)):
        own = [session for session in sessions if session.learned[at]]
        for sure in (KNOWN, BY_NUMBER):
            surer = [session for session in own if session.sure >= sure]
            if sum(float(session.counts[at, 1:].sum()) for session in surer) >= ENOUGH:
                own = surer
                break
        counts = (
            np.sum([session.counts for session in own], axis=0) if own else np.zeros((len(layout.fields), MOST_LEVELS))
        )
        out[at] = _shares(counts, expected, layout, weight=EXPERT_PAIRS)[at]
    return out


def settled_prior(model: Model, scores: Floats, left: int, right: int) -> float:
    """The prior at which the pairs expected to be one person are as many as their probabilities say."""
    prior, everything = model.prior, float(left) * float(right)
    if not everything:
        return prior
    for _ in range(PRIOR_ROUNDS):
        likely = 1.0 / (1.0 + np.exp2(-np.clip(scores.astype(np.float64) + prior, -60, 60)))
        expected = min(max(float(likely.sum()), 0.5), 0.95 * min(left, right))
        again = float(np.log2(expected / (everything - expected)))
        if abs(again - prior) < 0.01:
            return again
        prior = again
    return prior
