"""The weights of the scorer: one named, versioned table of log2 likelihood ratios per field and level.

Where the numbers come from: set by an expert, not estimated. For each level, log2(m / u): m, how often a
true pair shows it (lists of the sample country: variants, slips, absent numbers); u, how often two different
people met under one blocking key do. Checked on sample countries of several seeds, never fitted to one. The
engine replaces this table by one estimated from pairs confirmed by national id and by adjudication, under
another version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.matching.rules.facts import Unit


@dataclass(frozen=True, slots=True)
class Model:
    """`weights[field][level]` in bits; `priors[unit]` the log2 odds that a candidate met by blocking is the
    person.
    """

    version: str
    priors: Mapping[Unit, float]
    weights: Mapping[str, Mapping[str, float]]

    def weight(self, field: str, level: str) -> float:
        """Raises KeyError for a level the model does not know: a comparison must never weigh in silence."""
        return self.weights[field][level]


MODEL = Model(
    version="expert-2026-11",
    # A pupil comes without any number, and one in three is of a household nobody surveyed.
    priors=MappingProxyType({"household": -11.0, "individual": -11.0, "pupil": -12.0}),
    weights=MappingProxyType(
        {
            # Ten digits: two different people share none; one slip is rare by chance but not impossible.
            "nni": {"equal": 16.0, "one_slip": 7.0, "different": -6.0, "missing": 0.0},
            # Says the household, not who in it; a mistyped number mostly names nobody.
            "household_number": {"equal": 12.0, "one_slip": 3.0, "different": -4.0, "missing": 0.0},
            "name": {
                "same_three": 11.0, "same": 9.0, "alike": 7.0, "near": 3.5, "doubtful": -2.0,
                "different": -6.5, "part": 1.0, "missing": 0.0,
            },
            "father_name": {
                "same": 4.0, "repeated": 1.5, "near": 1.5, "unconfirmed": -2.0, "different": -6.0, "missing": 0.0,
            },
            # A day is one in twenty thousand, a year one in sixty.
            "birth": {
                "same_day": 9.0, "swapped": 7.0, "same_year": 4.5, "other_day": -0.5, "ten_years": 0.5,
                "next_year": 0.5, "near_year": -0.5, "different": -8.0, "missing": 0.0,
            },
            "sex": {"same": 0.9, "hinted": 0.6, "against_hint": -4.0, "different": -5.0, "missing": 0.0},
            # A phone on many households is the agent's: worth what is left (see SHARED_PHONE_LOSS).
            "phone": {"equal": 8.0, "shared": 8.0, "different": -0.7, "missing": 0.0},
            "place": {
                "commune": 3.0, "moughataa": 1.5, "wilaya": 0.0, "other_commune": -2.0,
                "other_moughataa": -4.0, "other_wilaya": -6.0, "missing": 0.0,
            },
            "role": {"head": 2.5, "spouse": 1.0, "member": -3.5},
            "school": {"fits": 0.5, "older": -1.0, "unfit": -6.0, "missing": 0.0},
            # How much agreement on names that one person in fifteen bears overstates, by their number.
            "common_name": {"none": 0.0, "one": -1.0, "two": -2.0, "all": -3.0},
        }
    ),
)  # fmt: skip

# Similarity (0..1) from which a name reaches a level.
NAME_SAME, NAME_ALIKE, NAME_NEAR, NAME_DOUBTFUL = 0.94, 0.86, 0.76, 0.60
FATHER_SAME, FATHER_NEAR = 0.88, 0.74

# Bits lost each time the number of households on one phone doubles.
SHARED_PHONE_LOSS = 1.5
SHARED_PHONE_FLOOR = 0.5

# Consonant skeletons (see `spelling.skeleton`) of the given names that a fifteenth of the people or more
# bear; a clan name counts as one of them.
COMMON_NAMES = frozenset({"mmd", "md", "sd", "Sk", "ftm", "mrm", "ʿl", "Sn", "kdJ", "S", "mn"})
