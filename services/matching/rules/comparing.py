"""What comparing a row with an individual gave: the level each field reached, what it weighs, and why, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts
from services.matching.rules.wording import explain
from shared.text import Text

__all__ = ["Comparison", "Evidence", "compared", "forbidden"]

READING_ORDER = (
    "nni", "household_number", "household_agrees", "name", "common_name", "father_name", "birth", "sex", "phone", "place", "role", "school",
)  # fmt: skip
"""The fields in the order in which a person reads the evidence."""
ASKED_ONLY_OF_SOME = frozenset({"role", "school"})
"""Told where they say something: of rows that stand for a household, of pupils."""
IN_WORDS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("place", "same_3"): "commune",
        ("place", "same_2"): "moughataa",
        ("place", "same_1"): "wilaya",
        ("place", "other_3"): "other_commune",
        ("place", "other_2"): "other_moughataa",
        ("place", "other_1"): "other_wilaya",
    }
)
"""What a level of the engine is called here."""
SHARED_BITS = -0.5
"""A phone weighs less by a bit each time twice as many households share it."""
RARE_BITS = 0.5
"""From here on how rare a name is is worth a word."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one field says: its level, its weight in bits (above 0 for the same person) and the sentence."""

    field: str
    level: str
    weight: float
    text: Text


@dataclass(frozen=True, slots=True)
class Comparison:
    """One pair judged. `score` is the sum of the weights in bits, without the prior; `probability` is with it.

    `forbidden`: the pair must never be linked without a human, whatever its score (the same national id on another name
    born in another year). `levels`: field, level and weight, in reading order.
    """

    score: float
    probability: float
    levels: tuple[tuple[str, str, float], ...] = ()
    forbidden: bool = False
    model_version: str = ""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(Evidence(field, level, weight, explain(field, level)) for field, level, weight in self.levels)

    def level(self, field: str) -> str:
        """The level `field` reached; "missing" for a field nobody looked at."""
        return next((level for name, level, _ in self.levels if name == field), "missing")


Weighed = tuple[str, str, float, float]
"""A field, its level, the weight of the level, and what the value's own rarity adds."""


def compared(weighed: Iterable[Weighed]) -> tuple[tuple[str, str, float], ...]:
    """Levels as they are told: how rare a name is stands by itself, and how widely a phone is shared has a word."""
    told = []
    for field, level, weight, rarity in weighed:
        if level == "missing" and field in ASKED_ONLY_OF_SOME:
            continue
        if field == "name" and level not in ("missing", "doubtful", "different"):
            rare = "rare" if rarity >= RARE_BITS else "common" if rarity <= -RARE_BITS else "usual"
            told += [(field, level, weight), ("common_name", rare, rarity)]
        elif field == "phone" and level == "equal" and rarity <= SHARED_BITS:
            told.append((field, "shared", weight + rarity))
        else:
            told.append((field, IN_WORDS.get((field, level), level), weight + rarity))
    return tuple(sorted(told, key=lambda one: READING_ORDER.index(one[0])))


def forbidden(b: BeneficiaryFacts, i: IndividualFacts, nni: str, name: str) -> bool:
    """Whether the national id is the same, and name and year of birth are not; `nni` and `name`: the levels reached."""
    if nni != "equal" or b.birth_date is None or i.birth_date is None:
        return False
    return b.birth_date.year != i.birth_date.year and name in ("doubtful", "different")
