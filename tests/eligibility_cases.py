"""Rules of eligibility and households drawn at random, and what a rule means by plain enumeration."""

from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import strategies as st

from services.matching.rules.eligibility import Criterion, Group, meets
from shared.text import Text

LABEL = Text(ar="شرط", fr="critère", en="criterion")
TEXTS = {
    "wilaya": ("MR01", "MR03"),
    "category": ("extreme_poor", "poor", "not_poor"),
    "head_sex": ("F", "M"),
}
NUMBERS = ("score", "size", "disabled", "under_2", "women_15_49")


@st.composite
def criteria(draw: st.DrawFn) -> Criterion:
    attribute = draw(st.sampled_from((*TEXTS, *NUMBERS)))
    values: st.SearchStrategy[Any] = (
        st.sampled_from(TEXTS[attribute]) if attribute in TEXTS else st.integers(0, 3).map(Decimal)
    )
    compared = ("eq", "ne") if attribute in TEXTS else ("eq", "ne", "lt", "le", "gt", "ge")
    operator = draw(st.sampled_from((*compared, "in", "not_in", "exists")))
    value: Any = draw(st.booleans()) if operator == "exists" else draw(values)
    if operator in ("in", "not_in"):
        value = tuple(draw(st.lists(values, min_size=1, max_size=3)))
    return Criterion("one", attribute, operator, value, LABEL)


@st.composite
def rules(draw: st.DrawFn, depth: int = 4) -> Group:
    """Groups up to four deep, none of them empty."""
    inner = draw(st.lists(rules(depth - 1), max_size=2)) if depth > 1 else []
    own = draw(st.lists(criteria(), min_size=0 if inner else 1, max_size=3))
    match = draw(st.sampled_from(("all", "any", "at_least")))
    least = draw(st.integers(1, len(own) + len(inner)))
    return Group(match, tuple(own), tuple(inner), least)


@st.composite
def households(draw: st.DrawFn) -> dict[str, Any]:
    """A household's attributes, of which any but its size may be unknown."""
    texts = {name: draw(st.none() | st.sampled_from(values)) for name, values in TEXTS.items()}
    numbers = {name: draw(st.none() | st.integers(0, 3)) for name in NUMBERS}
    return texts | numbers | {"size": draw(st.integers(1, 3))}


def said_by_all_guesses(group: Group, household: dict[str, Any]) -> bool | None:
    """What Kleene's logic says, worked out another way: each unknown criterion is guessed both true and false.

    Two criteria are guessed apart also where they ask for the same attribute, as Kleene does.
    """
    answers = [meets(one, household.get(one.attribute)) for one in group.all_criteria()]
    unknown = answers.count(None)
    said = set()
    for guess in product((True, False), repeat=unknown):
        guessed = iter(guess)
        said.add(_of([next(guessed) if one is None else one for one in answers], group)[0])
    return said.pop() if len(said) == 1 else None


def _of(answers: list[bool], group: Group) -> tuple[bool, list[bool]]:
    own, rest = answers[: len(group.criteria)], answers[len(group.criteria) :]
    for inner in group.groups:
        found, rest = _of(rest, inner)
        own = [*own, found]
    wanted = {"all": all(own), "any": any(own), "at_least": sum(own) >= group.least}
    return wanted[group.match], rest
