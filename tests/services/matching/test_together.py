"""Rows of one household in a program's list: each is decided with what the others say, whatever came first."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from matching_cases import Projection, enrollment, household, id_of, member
from services.matching.engine.households import MOST_TOGETHER
from services.matching.models import Beneficiary, LinkStatus, ListedTogether
from services.matching.queries import link

MOTHER = member(1, "Mariem Mint Cheikh Ould Brahim", sex="F", birth_date="1966-02-03", nni="9900000130")
SON = {"relationship": "child", "birth_date": "1999-11-12"}
HOME = household(1, MOTHER, member(2, "Yeslem Ould Salem", **SON))
OTHERS = [household(n, member(10 * n, f"Demba Diallo {n}")) for n in range(3, 9)]
PROGRAM = "HEALTH_INSURANCE"


def listed(line: int, name: str, **changed: Any) -> dict[str, Any]:
    """A row of a list that numbers its households by itself: all here are its household 5."""
    own = {"number": "5", "sex": None, "birth_precision": "day"} | changed
    number = own.pop("number")
    change = enrollment(PROGRAM, line, name=name, **own)
    change["beneficiary"]["household_number"] = number
    return change


def the_mother(**changed: Any) -> dict[str, Any]:
    return listed(
        1,
        "Mariem Mint Cheikh",
        **{"nni": "9900000130", "birth_date": "1966-02-03", "commune": None, "moughataa": None} | changed,
    )


def the_son(**changed: Any) -> dict[str, Any]:
    return listed(
        2, "Yeslem Ould Salem", **{"birth_date": "1999-11-12", "sex": "M", "commune": None, "moughataa": None} | changed
    )


Decided = tuple[str | None, float | None]


async def decided(projection: Projection, line: int = 2) -> Decided:
    async with projection.database.transaction() as tx:
        one = await tx.get_one(Beneficiary, id_of(f"{PROGRAM} {line}"))
        return one.decided_as, one.probability and round(one.probability, 6)


async def told(projection: Projection, line: int = 2) -> list[tuple[str, float, str]]:
    """What the evidence says of the household, in words."""
    async with projection.database.transaction() as tx:
        shown = await link(tx, id_of(f"{PROGRAM} {line}"), [PROGRAM], "fr")
    return [(one.level, one.weight, one.reason) for one in shown.evidence if one.field == "household_agrees"]


def odds(one: Decided) -> float:
    assert one[1] is not None
    return one[1] / (1.0 - one[1])


async def test_a_row_is_decided_with_what_the_others_say_whichever_came_first(
    projection: Projection, another: Callable[[], Awaitable[Projection]]
) -> None:
    await projection.households(HOME, *OTHERS)
    await projection.enrollments(the_son())
    await projection.link()
    alone = await decided(projection)
    assert alone[0] == "to_adjudicate"
    assert await told(projection) == []

    await projection.enrollments(the_mother())
    await projection.link()

    together = await decided(projection)
    assert together[0] == "linked"
    assert odds(together) == pytest.approx(4 * odds(alone), rel=1e-3)  # the two bits that are stated
    reason = "d'autres du même ménage dans la liste sont membres de ce ménage du registre"
    assert await told(projection) == [("agrees", 2.0, reason)]

    # The mother first, the registry last, all at once, each alone: the same.
    turned = await another()
    await turned.enrollments(the_mother())
    await turned.link()
    await turned.enrollments(the_son())
    await turned.link()
    await turned.households(*OTHERS, HOME)
    await turned.link()
    assert [await decided(turned, line) for line in (1, 2)] == [await decided(projection, line) for line in (1, 2)]

    # Everything twice, and late: nothing turns any more.
    await turned.enrollments(the_son(), the_mother())
    await turned.households(HOME)
    assert await turned.link() == 0
    await turned.database.close()


async def test_what_no_longer_holds_of_the_others_lifts_nobody(projection: Projection) -> None:
    await projection.households(HOME, *OTHERS)
    await projection.enrollments(the_son())
    await projection.link()
    alone = await decided(projection)
    await projection.enrollments(the_mother())
    await projection.link()
    lifted = await decided(projection)
    assert lifted != alone

    # Her line is corrected: she is of another household of the list.
    await projection.enrollments(the_mother(number="6", version=2))
    await projection.link()
    assert await decided(projection) == alone
    await projection.enrollments(the_mother(version=3))
    await projection.link()
    assert await decided(projection) == lifted

    # Her institution says that she is not that woman.
    await projection.refuse("no", the_mother(), individual_id=MOTHER["individual_id"])
    await projection.link()
    assert await decided(projection) == alone


async def test_only_those_to_whom_it_says_something_new_are_compared_again(projection: Projection) -> None:
    told: tuple[tuple[str, dict[str, Any]], ...] = (
        ("Brahim Ould Moctar", {"nni": "9900000227", "birth_date": "1960-04-05"}),
        ("Aichetou Mint Salem", {"nni": "9900000324", "birth_date": "2001-05-06"}),
        ("Demba Ould Yahya", {"nni": "9900000421", "birth_date": "2004-08-09"}),
    )
    nowhere = {"commune": None, "moughataa": None}
    more = [member(3 + at, name, sex=None, relationship="child", **its) for at, (name, its) in enumerate(told)]
    await projection.households(household(1, *HOME["members"], *more), *OTHERS)
    rows = [the_son(), the_mother(), *(listed(3 + at, name, **its, **nowhere) for at, (name, its) in enumerate(told))]
    compared = []
    for row in rows:
        await projection.enrollments(row)
        compared.append(await projection.link())
    # The mother is news to her son, the third to both. The fourth is to those two, of whom each heard one alone who may be the
    # person sought, and to the son no more; the last to nobody.
    assert compared == [1, 2, 3, 3, 1]
    by_steps = [await decided(projection, line) for line in range(1, 6)]

    async with projection.database.transaction() as tx:
        await tx.execute(update(Beneficiary).values(link_status=LinkStatus.PENDING))
    assert await projection.link() == 5
    assert [await decided(projection, line) for line in range(1, 6)] == by_steps


async def test_what_a_field_says_already_is_not_counted_again(projection: Projection) -> None:
    """Rows with the registry's own number, or a phone it knows, stand together by what lifts them already."""
    await projection.households(household(1, *HOME["members"], phones=["+22222334455"]), *OTHERS)
    await projection.enrollments(the_son(number=HOME["number"]), the_mother(number=HOME["number"]))
    await projection.link()
    assert await told(projection) == []

    by_phone = {"number": None, "phones": ["22334455"]}
    await projection.enrollments(the_son(version=2, **by_phone), the_mother(version=2, **by_phone))
    await projection.link()
    assert await told(projection) == []

    # A phone that the registry does not know says nothing yet; one that it knows leaves little to add.
    new_phone = {"number": None, "phones": ["44556677"]}
    await projection.enrollments(the_son(version=3, **new_phone), the_mother(version=3, **new_phone))
    await projection.link()
    assert [level for level, *_ in await told(projection)] == ["agrees"]
    await projection.enrollments(the_son(version=4, phones=["22334455"]), the_mother(version=4))
    await projection.link()
    assert [(level, weight) for level, weight, _ in await told(projection)] == [("agrees_told", 0.0)]


async def test_a_number_on_more_rows_than_a_household_has_says_nothing(projection: Projection) -> None:
    await projection.households(HOME, *OTHERS)
    await projection.enrollments(the_son(), the_mother())
    await projection.link()
    lifted = await decided(projection)

    crowd = [listed(line, f"Hawa Sow {line}") for line in range(3, MOST_TOGETHER + 2)]
    await projection.enrollments(*crowd)
    await projection.link()
    assert (await decided(projection))[0] == "to_adjudicate"
    # More of a crowd send nobody back.
    await projection.enrollments(listed(90, "Hawa Sow"))
    assert await projection.link() == 1

    await projection.enrollments(
        *(
            listed(one["beneficiary"]["source_line"], "Hawa Sow", number="9", version=2)
            for one in [*crowd, listed(90, "Hawa Sow")]
        )
    )
    await projection.link()
    assert await decided(projection) == lifted


async def test_a_row_that_stands_for_a_household_stands_alone(projection: Projection) -> None:
    await projection.households(HOME, *OTHERS)
    await projection.enrollments(the_son(unit="household"), the_mother(unit="household"))
    await projection.link()
    async with projection.database.transaction() as tx:
        assert list(await tx.scalars(select(ListedTogether))) == []
