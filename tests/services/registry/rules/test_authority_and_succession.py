"""Who decides a change, and who might head a household after its head."""

from datetime import date
from uuid import UUID

from services.registry.rules.authority import Authority, AuthorityMap
from services.registry.rules.succession import Remaining, proposed_heads

MAP = AuthorityMap.read(
    {
        "kinds": {
            "correction": {
                "*": {"sources": ["survey"], "persons": 1},
                "name_fr": {"sources": ["survey", "civil"], "persons": 1},
                "nni": {"sources": ["civil"], "persons": 1},
                "category": {"sources": ["survey"], "persons": 2},
            }
        }
    }
)


def test_each_field_has_its_authority_and_the_strictest_counts() -> None:
    assert MAP.over("correction", ["name_fr"]) == Authority(frozenset({"survey", "civil"}), 1)
    assert MAP.over("correction", ["name_fr", "category"]) == Authority(frozenset({"survey"}), 2)
    assert MAP.over("correction", ["village"]) == Authority(frozenset({"survey"}), 1)
    assert MAP.over("correction", ["nni", "village"]) == Authority(frozenset(), 1)  # nobody decides both


def test_the_spouse_comes_first_then_the_eldest_adult_and_minors_last() -> None:
    def one(number: int, relationship: str, born: str) -> Remaining:
        return Remaining(UUID(int=number), relationship, date.fromisoformat(born), "F")

    members = [
        one(1, "child", "2012-01-01"),
        one(2, "child", "2000-06-01"),
        one(3, "child", "1998-06-01"),
        one(4, "spouse", "2010-12-31"),
        one(5, "parent", "1950-01-01"),
    ]

    ranked = proposed_heads(members, date(2026, 5, 1))

    assert [number.int for number in ranked] == [3, 2, 5, 4, 1]  # the spouse is fifteen
    assert proposed_heads([one(4, "spouse", "2008-05-01"), members[2]], date(2026, 5, 1))[0] == UUID(int=4)  # 18 today
