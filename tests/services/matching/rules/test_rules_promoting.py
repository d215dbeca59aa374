"""Which model is in force, from the turns."""

from hypothesis import given
from hypothesis import strategies as st

from services.matching.rules.promoting import promoted


def test_a_promotion_lies_over_the_one_before_and_a_roll_back_uncovers_it() -> None:
    assert promoted([]) == []
    assert promoted([("a", None), ("b", None)]) == ["a", "b"]
    assert promoted([("a", None), ("b", None), ("a", "b")]) == ["a"]
    assert promoted([("a", None), ("b", None), ("a", "b"), ("shipped", "a")]) == []
    assert promoted([("a", None), ("b", None), ("a", "b"), ("c", None)]) == ["a", "c"]


@given(st.lists(st.one_of(st.none(), st.sampled_from("abc"))))
def test_to_roll_back_is_to_stand_where_one_stood_before(steps: list[str | None]) -> None:
    """None rolls back, where there is anything; a letter promotes. Beside it: the states, each on top of the one before."""
    turns: list[tuple[str, str | None]] = []
    states: list[list[str]] = [[]]
    for step in steps:
        if step is not None:
            turns.append((step, None))
            states.append([*states[-1], step])
        elif len(states) > 1:
            gone = states.pop()[-1]
            turns.append(((states[-1] or ["shipped"])[-1], gone))
        assert promoted(turns) == states[-1]
