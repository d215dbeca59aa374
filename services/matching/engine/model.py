"""A model: how often each level of each field is met in pairs of one person (m) and of two people (u), and what follows.

The weight of a level is log2(m / u) bits (Fellegi and Sunter, 1969). Where a value is shared, how rare it is counts too: two
men called Yeslem Ould Bowba are one man sooner than two called Mohamed Ould Ahmed. A model is a JSON file with a version; a
set of them for the units of lists is in `models.py`.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from services.matching.engine.fields import DESCENDING, LEVELS, MOST_LEVELS, Field, Kind, Layout, layout_of
from services.matching.engine.rarity import Doubles, Rarity
from services.matching.engine.scoring import Fields, fields_of

LEAST_SHARE: Final = 1e-7
"""No level is impossible: a pair that shows the unheard of is unlikely, not forbidden."""
MOST_BITS: Final = 24.0
UNSURE_BITS: Final = 6.0
HOUSEHOLD_LEVELS: Final = ("missing", "agrees", "agrees_told")
"""What the other rows of a household say of a pair (`households.py`): nothing; that they stand in the household of the one
registered; the same, where a phone said so already."""
STATED_HOUSEHOLD: Final = (0.0, 2.0, 0.0)
"""What they weigh where a model tells nothing of it: somewhat less than drawn countries teach (2.4 and 2.8 bits; 0.1 where a
phone tells), for real households part, and lists mistake them."""
MOST_COLUMNS: Final = 3
"""A date in three parts, or three levels of places, is the most that one field is read from."""
RARE_LEVELS: Final[Mapping[Kind, Mapping[str, float]]] = {
    Kind.NAME: {"same": 1.0, "alike": 0.8, "near": 0.4, "part": 0.8},
    Kind.PART: {"same": 1.0, "alike": 0.6, "near": 0.2},
    Kind.TEXT: {"same": 1.0, "alike": 0.6, "near": 0.2},
    Kind.PHONE: {"equal": 1.0},
    Kind.ENCODED: dict.fromkeys(LEVELS[Kind.ENCODED][1:], 0.25),
}
"""How much of a value's rarity a level adds: less, the less sure it is that both bear the same value."""

FALSE_LINK_COST, MISSED_LINK_COST, REVIEW_COST = 33.0, 3.3, 1.0
"""What a wrong link, a link not made and a human's look cost, in looks. A family paid twice or another's record opened to it
is dear; a link missed can be found again."""


def thresholds(
    false_link: float = FALSE_LINK_COST, missed_link: float = MISSED_LINK_COST, review: float = REVIEW_COST
) -> tuple[float, float]:
    """The probability from which to link without a human, and the one from which to ask one, that cost least on average."""
    return 1.0 - review / false_link, review / missed_link


@dataclass(frozen=True)
class Model:
    """`m` and `u`: [fields, MOST_LEVELS]; `average`: [fields] the average rarity, in bits, of a value two people share.

    `prior`: log2 of the odds that a pair of any two rows is one person. `curve`: where the model was calibrated, scores and
    the log2 of the odds that a pair of such a score is one person; without it, the odds are the score's with the prior.
    `rarity`: how rare names are, frozen, so that what a pair scores depends on the model and the pair alone; without it,
    the lists that are compared tell it. `household`: what each of HOUSEHOLD_LEVELS weighs; without it,
    STATED_HOUSEHOLD.
    """

    version: str
    layout: Layout
    m: Doubles
    u: Doubles
    average: Doubles
    prior: float
    curve: tuple[Doubles, Doubles] | None = None
    rarity: Rarity | None = None
    household: tuple[float, ...] | None = None

    def bits(self) -> Doubles:
        """[fields, MOST_LEVELS] the weight of every level; levels that must not weigh more than another do not."""
        weights = np.clip(np.log2(self.m / self.u), -MOST_BITS, MOST_BITS)
        for at, field in enumerate(self.layout.fields):
            weights[at, 0] = 0.0
            weights[at, len(field.levels) :] = 0.0
            number = {level: place for place, level in enumerate(field.levels)}
            for order in DESCENDING[field.kind]:
                for above, below in itertools.pairwise(order):
                    weights[at, number[below]] = min(weights[at, number[below]], weights[at, number[above]])
        return weights

    def fields(self) -> Fields:
        """The model as the kernels read it."""
        return self._fields

    @cached_property
    def _fields(self) -> Fields:
        return fields_of(self.layout, self.bits(), rare_shares(self.layout), self.average)

    @cached_property
    def weights(self) -> list[list[float]]:
        """By field and level, as the kernels have them: without how rare a value is."""
        weights: list[list[float]] = self._fields["bits"].tolist()
        return weights

    def with_prior(self, prior: float) -> "Model":
        return replace(self, prior=prior)

    def with_curve(self, scores: Doubles, log_odds: Doubles) -> "Model":
        return replace(self, curve=(scores, log_odds))

    def least_score(self) -> float:
        """The score below which a pair is not kept: it is less likely than 1 in 64, and decides nothing."""
        return -self.prior - UNSURE_BITS

    def odds(self, scores: npt.NDArray[np.float32]) -> Doubles:
        """The odds that a pair of this score is one person. Beyond the ends of the curve a bit of score is a bit of odds."""
        score = scores.astype(np.float64)
        if self.curve is None:
            bits = score + self.prior
        else:
            at, told = self.curve
            bits = np.interp(score, at, told) + np.maximum(score - at[-1], 0.0) + np.minimum(score - at[0], 0.0)
        odds: Doubles = np.exp2(np.clip(bits, -60, 60))
        return odds

    def to_json(self) -> bytes:
        return orjson.dumps(self.told(), option=orjson.OPT_INDENT_2)

    def told(self) -> dict[str, Any]:
        """What its file says."""
        fields = [
            {
                "name": field.name,
                "kind": field.kind.name.lower(),
                "columns": field.columns,
                "shared": field.shared,
                "average_rarity_bits": float(self.average[at]),
                "levels": {
                    level: {"m": float(self.m[at, place]), "u": float(self.u[at, place])}
                    for place, level in enumerate(field.levels)
                    if place
                },
            }
            for at, field in enumerate(self.layout.fields)
        ]
        told = {"version": self.version, "prior_bits": self.prior, "curve": self._curve(), "fields": fields}
        if self.household:
            told["household_bits"] = dict(zip(HOUSEHOLD_LEVELS[1:], self.household[1:], strict=True))
        return told | ({"rarity": self.rarity.told()} if self.rarity else {})

    def _curve(self) -> list[dict[str, float]]:
        points = [] if self.curve is None else zip(*(one.tolist() for one in self.curve), strict=True)
        return [{"score": score, "log2_odds": odds} for score, odds in points]

    @classmethod
    def from_json(cls, text: bytes) -> "Model":
        """Raises ValueError where the text is not a model, naming what is wrong."""
        try:
            return cls.of(orjson.loads(text))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not a model: {error}") from error

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Model":
        """The model of which a file tells. Raises KeyError, TypeError, AttributeError and ValueError where it is none."""
        fields = [
            Field(one["name"], Kind[one["kind"].upper()], one["columns"], one["shared"]) for one in told["fields"]
        ]
        layout = layout_of(fields)
        m, u = empty_shares(layout), empty_shares(layout)
        average = np.zeros(len(fields))
        by_name = {one["name"]: one for one in told["fields"]}
        for at, field in enumerate(layout.fields):
            one = by_name[field.name]
            average[at] = float(one["average_rarity_bits"])
            for place, level in enumerate(field.levels):
                if place:
                    m[at, place], u[at, place] = one["levels"][level]["m"], one["levels"][level]["u"]
        points, frozen = told["curve"], told.get("rarity")
        curve = (
            np.array([one["score"] for one in points], np.float64),
            np.array([one["log2_odds"] for one in points], np.float64),
        )
        model = cls(
            str(told["version"]), layout, m, u, average, float(told["prior_bits"]), curve if points else None,
            Rarity.of(frozen) if frozen else None, _household_of(told.get("household_bits")),
        )  # fmt: skip
        model._refuse_the_impossible(by_name)
        return model

    def _refuse_the_impossible(self, fields: Mapping[str, object]) -> None:
        if len(fields) != len(self.layout.fields):
            raise ValueError("two fields of one name")
        if any(not 0 <= field.columns <= MOST_COLUMNS for field in self.layout.fields):
            raise ValueError(f"a field has at most {MOST_COLUMNS} columns")
        if not (((self.m > 0) & (self.m <= 1)).all() and ((self.u > 0) & (self.u <= 1)).all()):
            raise ValueError("every m and u must be above 0 and at most 1")
        if self.household and not all(0.0 <= bits <= MOST_BITS for bits in self.household):
            raise ValueError(f"what a household adds must be from 0 to {MOST_BITS} bits")
        if self.curve is not None and (np.diff(self.curve[0]) <= 0).any():
            raise ValueError("the scores of the curve must rise")


def _household_of(told: Mapping[str, Any] | None) -> tuple[float, ...] | None:
    return None if told is None else (0.0, *(float(told[level]) for level in HOUSEHOLD_LEVELS[1:]))


def rare_shares(layout: Layout) -> Doubles:
    """[fields, MOST_LEVELS] how much of a value's rarity each level adds."""
    rare = np.zeros((len(layout.fields), MOST_LEVELS))
    for at, field in enumerate(layout.fields):
        for level, share in RARE_LEVELS.get(field.kind, {}).items():
            rare[at, field.levels.index(level)] = share
    return rare


def empty_shares(layout: Layout) -> Doubles:
    """[fields, MOST_LEVELS] ones, which weigh nothing."""
    return np.ones((len(layout.fields), MOST_LEVELS))


EXPERT: Final[Mapping[Kind, Mapping[str, tuple[float, float]]]] = {
    Kind.NUMBER: {"equal": (0.95, 1e-6), "one_slip": (0.03, 1e-6), "different": (0.02, 1.0)},
    Kind.PHONE: {"equal": (0.7, 1e-5), "one_slip": (0.03, 1e-5), "different": (0.27, 1.0)},
    Kind.DATE: {
        "same_day": (0.70, 5e-5), "swapped": (0.02, 3e-5), "one_slip": (0.05, 4e-4), "same_year": (0.12, 0.010),
        "other_day": (0.03, 0.010), "ten_years": (0.01, 0.003), "next_year": (0.02, 0.03), "near_year": (0.01, 0.03),
        "different": (0.04, 0.92),
    },
    Kind.SEX: {"same": (0.93, 0.45), "hinted": (0.05, 0.05), "against_hint": (0.002, 0.05), "different": (0.01, 0.45)},
    Kind.PLACE: {
        "same_3": (0.85, 0.01), "same_2": (0.03, 0.02), "same_1": (0.02, 0.07), "other_3": (0.04, 0.01),
        "other_2": (0.03, 0.06), "other_1": (0.03, 0.83),
    },
    Kind.ROLE: {"head": (0.75, 0.17), "spouse": (0.20, 0.13), "member": (0.05, 0.70)},
    Kind.SCHOOL: {"fits": (0.90, 0.50), "older": (0.08, 0.15), "unfit": (0.02, 0.35)},
    Kind.ENCODED: {
        "dice_90": (0.20, 1e-7), "dice_85": (0.20, 1e-6), "dice_80": (0.20, 1e-5), "dice_75": (0.15, 1e-4), "dice_70": (0.10, 1e-3),
        "dice_65": (0.07, 5e-3), "dice_60": (0.04, 2e-2), "dice_55": (0.02, 0.1), "different": (0.02, 0.87),
    },
    Kind.TEXT: {"same": (0.75, 0.002), "alike": (0.12, 0.002), "near": (0.03, 0.01), "different": (0.10, 0.986)},
    Kind.PART: {
        "same": (0.75, 0.003), "alike": (0.15, 0.004), "near": (0.04, 0.02), "different": (0.05, 0.972),
        "swapped": (0.01, 0.001),
    },
    Kind.FATHER: {
        "same": (0.45, 0.01), "near": (0.07, 0.02), "unconfirmed": (0.04, 0.48), "different": (0.04, 0.48),
        "repeated": (0.40, 0.01),
    },
    Kind.NAME: {
        "same": (0.60, 3e-5), "alike": (0.22, 2e-4), "near": (0.06, 2e-3), "part": (0.03, 3e-3),
        "doubtful": (0.05, 0.05), "different": (0.04, 0.945),
    },
}  # fmt: skip
"""What an expert expects before any data is seen: the share of each level among pairs of one person, and of two."""


def expert_shares(layout: Layout) -> tuple[Doubles, Doubles]:
    """m and u of an expert, [fields, MOST_LEVELS]."""
    m, u = empty_shares(layout), empty_shares(layout)
    for at, field in enumerate(layout.fields):
        for place, level in enumerate(field.levels):
            if place:
                m[at, place], u[at, place] = EXPERT[field.kind][level]
    return m, u
