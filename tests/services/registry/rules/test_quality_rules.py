"""Rules of data quality: the index as a number, thresholds, and a vocabulary that takes nothing it does not know."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.queries.judging import quality_rules
from services.registry.rules.quality import Rule, UnreadableRule, compiled, index
from shared.text import Text

WEIGHTS = st.sampled_from([Decimal(0), Decimal("0.1"), Decimal("0.5"), Decimal(1)])
LABEL = Text(ar="قاعدة", fr="règle", en="rule")


@given(st.lists(WEIGHTS, min_size=1, max_size=50))
def test_the_index_is_100_only_where_no_record_has_a_fault_and_0_only_where_all_have_the_worst(
    faults: list[Decimal],
) -> None:
    found = index(len(faults), sum(faults, Decimal(0)))

    assert found is not None and 0 <= found <= 100
    assert (found == 100) == (not any(faults))
    assert (found == 0) == all(fault == 1 for fault in faults)


def test_one_fault_among_five_million_records_keeps_the_index_below_100() -> None:
    assert index(5_000_000, Decimal("0.1")) == Decimal("99.99")
    assert index(5_000_000, Decimal(0)) == 100
    assert index(0, Decimal(0)) is None


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 1000)), min_size=1, max_size=10))
def test_the_index_of_places_together_lies_between_the_lowest_and_the_highest(places: list[tuple[int, int]]) -> None:
    counts = [(records, Decimal(min(records, faults))) for records, faults in places]
    apart = [index(records, faults) or Decimal(0) for records, faults in counts]

    whole = index(sum(records for records, _ in counts), sum((faults for _, faults in counts), Decimal(0)))

    assert whole is not None and min(apart) <= whole <= max(apart) + Decimal("0.01")


def test_a_threshold_is_crossed_beyond_it_and_not_at_it() -> None:
    low, stale = quality_rules().thresholds

    assert [low.crossed_by(Decimal(value)) for value in ("79.99", "80", "100")] == [True, False, False]
    assert [stale.crossed_by(Decimal(value)) for value in ("0.5001", "0.5", "0")] == [True, False, False]


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ("household", {"nonsense": {}}),
        ("household", {"missing": {"field": "village"}, "in": {"field": "score", "values": [1]}}),
        ("household", {"missing": {"field": "content_hash"}}),
        ("household", {"members": {"role": "head"}}),
        ("household", {"members": {"exactly": 0, "other_than": 1}}),
        ("household", {"shared_phone": {"households": "5 OR true"}}),
        ("household", {"shared_identifier": {"type": "NNI"}}),
        ("individual", {"in": {"field": "sex", "values": ["F') OR ('1'='1"]}}),
        ("individual", {"older_than_head": {"role": "child'"}}),
        ("individual", {"outside": {"field": "age", "lowest": "many"}}),
        ("commune", {"missing": {"field": "surveyed_on"}}),
        ("village", {"missing": {"field": "village"}}),
    ],
)
def test_what_is_not_in_the_vocabulary_is_refused_when_the_rules_are_read(kind: str, condition: dict[str, Any]) -> None:
    with pytest.raises(UnreadableRule):
        compiled(Rule("bad", kind, "error", condition, LABEL))


def test_every_rule_that_ships_compiles_and_has_its_own_code() -> None:
    codes = [rule.code for rule in quality_rules().rules]

    assert len(set(codes)) == len(codes)
    assert all(compiled(rule).sql for rule in quality_rules().rules)
