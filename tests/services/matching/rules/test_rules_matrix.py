"""The rules of the matrix: which decisions contradict one another, by a brute force over small households."""

from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.errors import ConditionUnsound, MatrixContradiction
from services.matching.rules.conditions import can_hold, read_condition
from services.matching.rules.eligibility import Criterion
from services.matching.rules.matrix import PairRule, pair_of, read_rule, refuse_contradiction

LABEL = {"ar": "شرط", "fr": "condition", "en": "condition"}
DISABLED = {"attribute": "disabled", "operator": "gt", "value": 0, "label": LABEL}
NOBODY_DISABLED = {"attribute": "disabled", "operator": "eq", "value": 0, "label": LABEL}
LARGE = {"attribute": "size", "operator": "ge", "value": 8, "label": LABEL}


def rule(overlap_class: str, *exemptions: tuple[str, list[dict[str, Any]]]) -> PairRule:
    return read_rule(overlap_class, [{"overlap_class": one, "conditions": which} for one, which in exemptions])  # type: ignore[arg-type]


def refused(pair: tuple[str, str], **rules: PairRule) -> str | None:
    """The programs named where rules (by `A_B`) contradict, as the last decision on `pair` makes them."""
    try:
        refuse_contradiction(pair, {pair_of(*name.split("_")): one for name, one in rules.items()})
    except MatrixContradiction as found:
        return found.detail.en
    return None


def test_a_chain_of_required_programs_cannot_end_in_a_forbidden_pair() -> None:
    required, forbidden = rule("required"), rule("forbidden")

    said = refused(("A", "C"), A_B=required, B_C=required, A_C=forbidden)
    assert said is not None and "of A – B – C, each program is required" in said and "yet A and C are" in said
    assert refused(("B", "C"), A_B=required, B_C=required, A_C=forbidden), "whichever is decided last"
    assert refused(("A", "D"), A_B=required, B_C=required, C_D=required, A_D=forbidden)
    assert refused(("X", "Y"), A_B=required, B_C=required, A_C=forbidden, X_Y=required) is None, "not this pair's doing"
    assert refused(("A", "C"), A_B=required, B_C=rule("intended"), A_C=forbidden) is None


def test_conditions_that_no_household_meets_at_once_contradict_nothing() -> None:
    only_disabled, others = ("required", [DISABLED]), ("forbidden", [NOBODY_DISABLED])

    assert (
        refused(("A", "C"), A_B=rule("tolerated", only_disabled), B_C=rule("required"), A_C=rule("tolerated", others))
        is None
    )
    assert (
        refused(
            ("A", "C"),
            A_B=rule("tolerated", only_disabled),
            B_C=rule("required"),
            A_C=rule("forbidden", ("tolerated", [DISABLED])),
        )
        is None
    ), "forbidden but for those of whom the others are required"
    assert refused(("A", "C"), A_B=rule("tolerated", only_disabled), B_C=rule("required"), A_C=rule("forbidden"))
    assert refused(
        ("A", "C"),
        A_B=rule("tolerated", only_disabled),
        B_C=rule("required"),
        A_C=rule("forbidden", ("tolerated", [LARGE])),
    ), "a small household with a disabled member"


def test_exemptions_of_one_pair_do_not_require_and_forbid_the_same_household() -> None:
    assert refused(("A", "B"), A_B=rule("tolerated", ("required", [DISABLED]), ("forbidden", [LARGE])))
    assert (
        refused(("A", "B"), A_B=rule("tolerated", ("required", [DISABLED]), ("forbidden", [NOBODY_DISABLED]))) is None
    )


CONDITIONS = st.builds(
    lambda attribute, operator, value: {"attribute": attribute, "operator": operator, "value": value, "label": LABEL},
    st.sampled_from(["disabled", "size"]),
    st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
    st.integers(0, 3),
) | st.builds(
    lambda operator, value: {"attribute": "head_sex", "operator": operator, "value": value, "label": LABEL},
    st.sampled_from(["eq", "ne"]),
    st.sampled_from(["F", "M"]),
)  # fmt: skip
HOUSEHOLDS = [
    {"disabled": disabled, "size": size, "head_sex": sex} for disabled, size, sex in product(range(6), range(6), "FM")
]
COMPARE = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip


def meets(household: dict[str, Any], one: dict[str, Any]) -> bool:
    return bool(COMPARE[one["operator"]](household[one["attribute"]], one["value"]))


@given(st.lists(st.lists(CONDITIONS, min_size=1, max_size=3), max_size=4))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_what_can_hold_is_what_some_household_meets(clauses: list[list[dict[str, Any]]]) -> None:
    """Every household of up to five people with up to five disabled: more than the conditions can tell apart."""
    read = [[read_condition(one, "") for one in clause] for clause in clauses]

    some = any(all(any(meets(home, one) for one in clause) for clause in clauses) for home in HOUSEHOLDS)
    assert can_hold(read) is some


EXEMPTIONS = st.lists(
    st.tuples(
        st.sampled_from(["required", "tolerated", "forbidden"]), st.lists(CONDITIONS, min_size=1, max_size=2)
    ),
    max_size=2,
)  # fmt: skip
RULES = st.tuples(st.sampled_from(["required", "tolerated", "forbidden"]), EXEMPTIONS)


def class_for(told: tuple[str, list[tuple[str, list[dict[str, Any]]]]], household: dict[str, Any]) -> str:
    return next((one for one, which in told[1] if all(meets(household, each) for each in which)), told[0])


@given(st.tuples(RULES, RULES, RULES))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_a_contradiction_is_a_household_that_must_and_must_not(told: tuple[Any, Any, Any]) -> None:
    pairs = (("A", "B"), ("B", "C"), ("A", "C"))
    rules = {pair: rule(one[0], *one[1]) for pair, one in zip(pairs, told, strict=True)}
    must_and_must_not = any(
        sorted(class_for(one, home) for one in told) == ["forbidden", "required", "required"] for home in HOUSEHOLDS
    )
    within = any(
        {"required", "forbidden"} <= {one for one, which in pair[1] if all(meets(home, each) for each in which)}
        for pair in told[2:]
        for home in HOUSEHOLDS
    )

    said = refused(("A", "C"), **{"_".join(pair): one for pair, one in rules.items()})
    assert (said is not None) is (must_and_must_not or within)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"attribute": "wealth"}, "/attribute"),
        ({"operator": "exists"}, "/operator"),
        ({"attribute": "head_sex", "operator": "lt"}, "/operator"),
        ({"attribute": "head_sex", "operator": "eq", "value": "X"}, "/value"),
        ({"value": "many"}, "/value"),
        ({"operator": "in", "value": []}, "/value"),
    ],
)
def test_a_condition_that_compares_nothing_is_refused_with_what_would_be_accepted(
    changed: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(ConditionUnsound) as unsound:
        read_condition(DISABLED | changed, "/exemptions/0/conditions/0")
    assert unsound.value.pointer == f"/exemptions/0/conditions/0{pointer}"
    assert all(said for said in (unsound.value.detail.ar, unsound.value.detail.fr, unsound.value.detail.en))


def test_fractions_are_thought_of_for_scores_alone() -> None:
    def between(attribute: str) -> list[list[Criterion]]:
        above, below = (
            {"attribute": attribute, "operator": op, "value": n, "label": LABEL} for op, n in (("gt", 1), ("lt", 2))
        )
        return [[read_condition(above, "")], [read_condition(below, "")]]

    assert can_hold(between("score"))
    assert not can_hold(between("size"))
