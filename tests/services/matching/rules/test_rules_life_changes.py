"""Which program fits next when a household's life changes, by hand; and on which days a birthday is one."""

from datetime import date
from typing import Any

import pytest
from matrix_cases import DISABLED

from services.matching.rules.life_changes import LifeChange, Next, birthdays, next_program, why
from services.matching.rules.matrix import PairRule, read_rule

HOME = {"disabled": 0, "size": 6}
A, B, C = "ASSISTANCE", "BREAD", "CARE"


def rules(**classes: Any) -> dict[tuple[str, str], PairRule]:
    """Of program A with B, and with C."""
    return {(A, {"b": B, "c": C}[other]): read_rule(*said) for other, said in classes.items()}


@pytest.mark.parametrize(
    ("decided", "complements", "home", "wanted"),
    [
        ({}, [], HOME, None),
        ({}, [C], HOME, Next(C, "complement")),  # type: ignore[arg-type]
        ({"b": ("intended", [])}, [C], HOME, Next(B, "intended")),  # type: ignore[arg-type]
        ({"b": ("intended", []), "c": ("required", [])}, [], HOME, Next(C, "required")),  # type: ignore[arg-type]
        ({"b": ("intended", []), "c": ("intended", [])}, [], HOME, Next(B, "intended")),  # type: ignore[arg-type]
        ({"c": ("forbidden", [])}, [C], HOME, None),
        ({"c": ("tolerated", [])}, [C], HOME, Next(C, "complement")),  # type: ignore[arg-type]
        # Forbidden, but for households with a disabled member; where it is not known whether there is one, nothing is said.
        ({"c": ("forbidden", [{"overlap_class": "intended", "conditions": [DISABLED]}])}, [C], HOME, None),
        ({"c": ("forbidden", [{"overlap_class": "intended", "conditions": [DISABLED]}])}, [], HOME | {"disabled": 1},
         Next(C, "intended")),  # type: ignore[arg-type]
        ({"c": ("intended", [{"overlap_class": "forbidden", "conditions": [DISABLED]}])}, [C], {"disabled": None}, None),
    ],
)  # fmt: skip
def test_the_next_program_is_the_one_that_belongs_beside_it_most(
    decided: dict[str, Any], complements: list[str], home: dict[str, Any], wanted: Next | None
) -> None:
    assert next_program(A, {A, B, C}, complements, rules(**decided), home) == wanted
    assert next_program(A, {A}, complements, rules(**decided), home) is None, "which no program misses"


@pytest.mark.parametrize(
    ("born", "day", "turned"),
    [
        (date(2024, 6, 15), date(2026, 6, 14), False),
        (date(2024, 6, 15), date(2026, 6, 15), True),
        (date(2024, 6, 15), date(2026, 7, 15), True),
        (date(2024, 6, 15), date(2026, 7, 16), False),
        (date(2024, 2, 29), date(2026, 2, 28), False),
        (date(2024, 2, 29), date(2026, 3, 1), True),
    ],
)
def test_a_birthday_is_remembered_for_a_month(born: date, day: date, turned: bool) -> None:
    after, upto = birthdays(LifeChange.TURNED_2, day)
    assert (after < born <= upto) is turned


def test_the_reasons_are_told_in_three_languages() -> None:
    told = why(LifeChange.TURNED_2, date(2026, 6, 15), Next(C, "required"))  # type: ignore[arg-type]
    assert told.en == (
        "A child of the household turned 2 on 2026-06-15; the rules matrix requires the two programs together, and the rule"
        " of CARE means the household, which is not in it."
    )
    assert told.fr.startswith("Un enfant du ménage a eu 2 ans le 2026-06-15") and "سنتين" in told.ar
