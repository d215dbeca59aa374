"""What a criterion may compare an attribute with."""

from decimal import Decimal
from typing import Any

import pytest

from shared.household_attributes import ATTRIBUTES, CriterionUnsound, compared_value


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "read"),
    [
        ("size", "ge", 5, Decimal(5)),
        ("size", "in", ["1", 2], (Decimal(1), Decimal(2))),
        ("score", "lt", "42.50", Decimal("42.50")),
        ("wilaya", "eq", "MR01", "MR01"),
        ("commune", "in", ["MR011-C01"], ("MR011-C01",)),
        ("head_sex", "exists", None, True),
        ("score", "exists", False, False),
    ],
)
def test_a_value_is_read_by_its_attribute(attribute: str, operator: str, value: Any, read: Any) -> None:
    assert compared_value(attribute, operator, value) == read


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "what"),
    [
        ("income", "lt", 5, "attribute"),
        ("wilaya", "lt", "MR01", "operator"),
        ("wilaya", "eq", "Assaba", "value"),
        ("wilaya", "eq", 3, "value"),
        ("category", "in", [], "value"),
        ("category", "in", "poor", "value"),
        ("category", "eq", "rich", "value"),
        ("size", "ge", "many", "value"),
        ("size", "ge", True, "value"),
        ("size", "ge", None, "value"),
        ("score", "lt", "NaN", "value"),
        ("score", "exists", "yes", "value"),
    ],
)
def test_a_criterion_that_makes_no_sense_is_refused(attribute: str, operator: str, value: Any, what: str) -> None:
    with pytest.raises(CriterionUnsound) as refused:
        compared_value(attribute, operator, value)

    assert refused.value.what == what
    assert refused.value.accepted


def test_every_attribute_is_named_in_three_languages() -> None:
    assert all(one.label.ar and one.label.fr and one.label.en for one in ATTRIBUTES.values())
