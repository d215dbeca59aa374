"""The country as read from matching's database, against what was put in."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from sqlalchemy import update

from matching_cases import Projection, delivery, enrollment, household, id_of, member, program
from services.matching.figures.country import BASKETS, ELIGIBLE, ENROLLED, HOUSEHOLDS, PAID, RECEIPTS, STANDING, Country
from services.matching.models import Beneficiary, Household
from services.matching.projecting import replace_schools
from services.matching.reading_country import baskets, read_country

DAY = date(2026, 6, 15)


def family(number: int, *births: str, sex: str = "F", **changed: Any) -> dict[str, Any]:
    """A head born in 1980 and children of these births."""
    head = member(number * 100, f"Mariem Mint Bellal {number}", sex=sex, birth_date="1980-03-07")
    children = [
        member(number * 100 + place, f"Enfant {number} {place}", relationship="child", birth_date=born)
        for place, born in enumerate(births, 1)
    ]
    return household(number, head, *children, **{"score": "12.50"} | changed)


def published(code: str, institution: str, amount: str, per: str = "household", **changed: Any) -> dict[str, Any]:
    """A program as its institution's /internal shows it, with one value since 2020."""
    value = {
        "from_on": "2020-01-01",
        "amount_mru": amount,
        "per": per,
        "months_per_payment": 1,
        "months": None,
        "max_people": None,
        "meal_mru": None,
    }
    more = {"benefit": "cash", "values": [value | changed.pop("value", {})], "calendar": {"kind": "periods"}}
    return program(code, institution) | more | changed


async def country(projection: Projection, day: date = DAY) -> Country:
    async with projection.database.transaction() as tx:
        return await read_country(tx, day, today=day)


async def link_to(projection: Projection, change: dict[str, Any], number: int, decided: str = "linked") -> None:
    """Say that an enrollment is a household's, as the linker would."""
    async with projection.database.transaction() as tx:
        await tx.execute(
            update(Beneficiary)
            .where(Beneficiary.id == change["enrollment_id"])
            .values(link_status=decided, decided_as=decided, household_id=id_of(f"household {number}"))
        )


async def test_a_household_is_read_with_its_members_counted_as_of_the_day(projection: Projection) -> None:
    """Births around the days on which ages are completed, by hand."""
    births = ("2024-06-15", "2024-06-16", "2021-06-16", "2020-06-15", "2011-06-16", "2011-06-15", "1966-06-15")
    await projection.households(family(1, *births))

    read = await country(projection)

    assert dict(read.households.schema) == HOUSEHOLDS
    [row] = read.households.to_dicts()
    assert row == {
        "household": 0,
        "household_id": str(id_of("household 1")),
        "wilaya": "MR01",
        "moughataa": "MR011",
        "commune": "MR011-C01",
        "category": "extreme_poor",
        "score": 12.5,
        "size": 8,
        "head_sex": "F",
        "disabled": 0,
        "under_2": 1,  # who is two on the day is not under two
        "under_5": 3,
        "school_age": 2,  # six on the day, and fourteen until the next
        "aged_60": 1,
        "women_15_49": 1,
    }
    [a_year_later] = (await country(projection, date(2027, 6, 15))).households.to_dicts()
    assert (a_year_later["under_2"], a_year_later["school_age"], a_year_later["aged_60"]) == (0, 1, 1)
    [before] = (await country(projection, date(2021, 6, 15))).households.to_dicts()
    assert (before["under_2"], before["size"]) == (1, 8)  # only ages go back; those not born yet count nowhere


async def test_what_is_not_known_is_null_and_not_nothing(projection: Projection) -> None:
    unsure = household(
        1,
        member(1, "Ahmed", birth_date=None, sex=None, relationship="other"),
        member(2, "Sidi", birth_date="2025-01-01", disability=None),
        score=None,
    )
    await projection.households(unsure, household(2))

    read = (await country(projection)).households.filter(household_id=str(id_of("household 1"))).to_dicts()[0]

    unknown = {name for name, value in read.items() if value is None}
    assert unknown == {"score", "disabled", "under_2", "under_5", "school_age", "aged_60", "women_15_49"}


async def test_facts_written_by_the_version_before_are_not_taken_for_the_present_ones(projection: Projection) -> None:
    await projection.households(household(1))
    async with projection.database.transaction() as tx:
        await tx.execute(update(Household).values(version=2))

    [row] = (await country(projection)).households.to_dicts()

    assert (row["size"], row["head_sex"], row["under_5"], row["disabled"]) == (1, None, None, None)


async def test_a_household_that_changes_or_leaves_changes_or_leaves_the_country(projection: Projection) -> None:
    await projection.households(family(1, "2025-01-01"), family(2))
    changed = family(1, "2025-01-01", "2026-01-01", version=3, score="9.25")
    await projection.households(changed)
    await projection.households(family(1, version=2), family(2, version=2, status="left"))

    [row] = (await country(projection)).households.to_dicts()

    assert (row["size"], row["under_2"], row["score"]) == (3, 2, 9.25)


SPANS = [{"from_on": "2025-11-30", "until_on": "2026-02-01"}, {"from_on": "2026-05-31", "until_on": None}]


async def test_months_count_in_which_it_is_enrolled_on_the_last_day(projection: Projection) -> None:
    await projection.programs(published("TEKAVOUL", "taazour", "1200.00"))
    await projection.households(family(1), family(2))
    mine = enrollment("TEKAVOUL", 1, spans=SPANS, monthly_value_mru="1200.00")
    await projection.enrollments(mine)
    await link_to(projection, mine, 1)

    read = await country(projection)

    number = read.households.filter(household_id=str(id_of("household 1")))["household"][0]
    assert dict(read.receipts.schema) == RECEIPTS
    assert read.receipts.rows() == [
        (number, "TEKAVOUL", month, 120_000, 1, True)
        for month in (date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 5, 1), date(2026, 6, 1))
    ]
    assert read.enrolled.rows() == [(number, "TEKAVOUL", 1, True, 120_000)]
    assert read.months[0] == date(2025, 7, 1) and read.months[-1] == date(2026, 6, 1)
    earlier = await country(projection, date(2026, 3, 20))
    assert earlier.enrolled.is_empty()
    assert [row[2] for row in earlier.receipts.rows()] == [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)]


async def test_who_told_no_spans_is_enrolled_since_it_was_listed_while_it_is_active(projection: Projection) -> None:
    await projection.programs(published("TEKAVOUL", "taazour", "1200.00"))
    await projection.households(family(1), family(2))
    active = enrollment("TEKAVOUL", 1, enrolled_on="2026-04-30")
    suspended = enrollment("TEKAVOUL", 2, enrolled_on="2026-04-30", status="suspended")
    await projection.enrollments(active, suspended)
    await link_to(projection, active, 1)
    await link_to(projection, suspended, 2)

    read = await country(projection)

    assert [row[2].month for row in read.receipts.rows()] == [4, 5, 6]


AGO = {"from_on": "2026-01-01", "until_on": "2026-03-01"}
LATER = {"from_on": "2026-06-20", "until_on": None}


@pytest.mark.parametrize(
    ("status", "spans", "reason"),
    [
        ("suspended", [AGO], "suspended"),
        ("exited", [AGO], "exited"),
        ("applied", [], "waiting"),
        ("exited", [], "exited"),  # it had applied, and nothing came of it
        ("applied", None, "waiting"),
        ("suspended", None, "suspended"),  # who told no spans
        ("enrolled", [AGO, {"from_on": "2026-05-01", "until_on": None}], None),  # it is served
        ("enrolled", [LATER], None),  # not yet
        ("exited", [{"from_on": "2026-06-20", "until_on": "2026-07-01"}], None),  # not yet: what came later is later
        ("suspended", [AGO, {"from_on": "2026-06-20", "until_on": "2026-07-01"}], "exited"),  # it came back later
        ("enrolled", [AGO, LATER], "exited"),
        ("enrolled", [], None),
    ],
)
async def test_how_a_household_stands_that_is_not_enrolled_on_the_day(
    projection: Projection, status: str, spans: Any, reason: str | None
) -> None:
    await projection.programs(published("TEKAVOUL", "taazour", "1200.00"))
    await projection.households(family(1))
    mine = enrollment("TEKAVOUL", 1, status=status, **({} if spans is None else {"spans": spans}))
    await projection.enrollments(mine)
    await link_to(projection, mine, 1)

    standing = (await country(projection)).standing

    assert standing is not None and dict(standing.schema) == STANDING
    assert standing.rows() == ([] if reason is None else [(0, "TEKAVOUL", reason, True)])


async def test_a_household_stands_once_by_its_certain_link_and_the_first_of_its_reasons(projection: Projection) -> None:
    await projection.programs(published("TEKAVOUL", "taazour", "1200.00"))
    await projection.households(family(1), family(2), family(3))
    listed = [
        (1, "exited", "linked"),
        (1, "applied", "linked"),
        (1, "suspended", "to_adjudicate"),  # comes first, but perhaps it is not hers
        (2, "exited", "to_adjudicate"),
        (3, "suspended", "unmatched"),
    ]
    for line, (number, status, decided) in enumerate(listed, 1):
        change = enrollment("TEKAVOUL", line, number, status=status)
        await projection.enrollments(change)
        await link_to(projection, change, number, decided)

    read = await country(projection)

    assert read.standing is not None
    homes = dict(read.households.select("household", "household_id").iter_rows())
    assert {homes[row[0]]: row[1:] for row in read.standing.rows()} == {
        str(id_of("household 1")): ("TEKAVOUL", "waiting", True),
        str(id_of("household 2")): ("TEKAVOUL", "exited", False),
    }


async def test_a_probable_link_is_marked_and_a_missing_one_is_nobody(projection: Projection) -> None:
    await projection.programs(published("TEKAVOUL", "taazour", "450.00", "person"))
    await projection.households(family(1, "2025-01-01"))
    always = [{"from_on": "2020-01-01", "until_on": None}]
    probable = enrollment("TEKAVOUL", 1, spans=always, monthly_value_mru=None)
    unmatched = enrollment("TEKAVOUL", 2, spans=always)
    await projection.enrollments(probable, unmatched)
    await link_to(projection, probable, 1, "to_adjudicate")

    read = await country(projection)

    assert set(read.receipts.select("value", "certain").rows()) == {(90_000, False)}
    assert read.enrolled.rows() == [(0, "TEKAVOUL", 1, False, 90_000)]


async def test_events_late_twice_or_out_of_order_end_in_the_same_spans(projection: Projection) -> None:
    await projection.programs(published("TEKAVOUL", "taazour", "1200.00"))
    await projection.households(family(1))
    ended = [{"from_on": "2026-01-01", "until_on": "2026-03-01"}]
    first = enrollment("TEKAVOUL", 1, spans=[{"from_on": "2026-01-01", "until_on": None}])
    second = enrollment("TEKAVOUL", 1, version=2, status="suspended", spans=ended)
    for change in (second, first, second):
        await projection.enrollments(change)
    await link_to(projection, first, 1)

    read = await country(projection)

    assert [row[2].month for row in read.receipts.rows()] == [1, 2]


async def test_eligible_is_whom_the_rule_means_on_the_day(projection: Projection) -> None:
    """Extreme poor of Hodh Ech Chargui with a disabled member; of one household that is not known."""
    await projection.programs(
        program("DISABILITY_CASH", "masef", categories=["extreme_poor"], requires_disability=True, wilayas=["MR01"])
    )
    disabled = member(1, "Ahmed", disability=True)
    await projection.households(
        household(1, disabled),
        household(2, member(2, "Sidi", disability=None)),
        household(3),
        household(4, member(4, "Bilal", disability=True), vulnerability_category="poor"),
        household(5, member(5, "Amadou", disability=True), commune_code="MR032-C01"),
    )

    read = await country(projection)

    assert dict(read.eligible.schema) == ELIGIBLE
    ids = dict(read.households.select("household", "household_id").rows())
    said = {ids[number]: eligible for number, _, eligible in read.eligible.rows()}
    assert said == {str(id_of("household 1")): True, str(id_of("household 2")): None}


async def test_the_same_data_give_the_same_frames_in_whatever_order_they_came(
    projection: Projection, another: Any
) -> None:
    programs = [published("TEKAVOUL", "taazour", "1200.00"), published("EL_MAOUNA", "csa", "450.00", "person")]
    families = [family(number, "2020-01-01") for number in range(1, 6)]
    changes = [
        enrollment(code, number, spans=[{"from_on": "2026-01-01", "until_on": None}])
        for code in ("TEKAVOUL", "EL_MAOUNA")
        for number in range(1, 5)
    ]
    other: Projection = await another()
    for one, order in ((projection, 1), (other, -1)):
        await one.programs(*programs[::order])
        await one.households(*families[::order])
        await one.enrollments(*changes[::order])
        for change in changes:
            await link_to(one, change, change["beneficiary"]["source_line"])

    first, second = await country(projection), await country(other)

    await other.database.close()
    for name in ("households", "receipts", "enrolled", "eligible", "baskets"):
        frame: pl.DataFrame = getattr(first, name)
        assert frame.height, name
        assert frame.equals(getattr(second, name)), name
    assert [one.code for one in first.programs] == [one.code for one in second.programs] == ["EL_MAOUNA", "TEKAVOUL"]


async def test_who_was_paid_is_read_of_deliveries_whichever_comes_first(projection: Projection, another: Any) -> None:
    """Tekavoul paid households 1 (twice in May) and 2 (perhaps it); what it said of 3 it took back, of 4 it said absent; 5 was
    paid before the twelve months. What was handed over to 6 was said in its place to have been in April, not in May."""
    may, april = date(2026, 5, 20), date(2026, 4, 2)
    of_three, of_six = delivery("TEKAVOUL", 3, may), delivery("TEKAVOUL", 6, may)
    made = [
        delivery("TEKAVOUL", 1, may),
        delivery("TEKAVOUL", 1, date(2026, 5, 21)),
        delivery("TEKAVOUL", 2, may),
        of_three,
        delivery("TEKAVOUL", 3, date(2026, 5, 22), handed_over=False, corrects=of_three["delivery_id"]),
        delivery("TEKAVOUL", 4, may, handed_over=False),
        delivery("TEKAVOUL", 5, date(2025, 6, 30)),
        of_six,
        delivery("TEKAVOUL", 6, april, corrects=of_six["delivery_id"]),
    ]
    meals = [{**delivery("SCHOOL_FEEDING", 1, may), "enrollment_id": None, "school": "ecole 1/"}]
    other: Projection = await another()
    for one, order in ((projection, 1), (other, -1)):
        await one.programs(published("TEKAVOUL", "taazour", "1200.00"), published("SCHOOL_FEEDING", "men", "222.00"))
        await one.households(*(family(number) for number in range(1, 7)))
        changes = [enrollment("TEKAVOUL", number, number) for number in range(1, 7)]
        if order < 0:  # before the enrollments, the last first, and each twice
            for some in ([*made[::-1], *made], meals):
                await one.deliveries(*some)
        await one.enrollments(*changes)
        if order > 0:
            await one.deliveries(*made, *meals)
        for number, change in enumerate(changes, 1):
            await link_to(one, change, number, "to_adjudicate" if number == 2 else "linked")

    first, second = await country(projection), await country(other)

    await other.database.close()
    homes = dict(first.households.select("household", "household_id").iter_rows())
    told = {(homes[row[0]], *row[1:]) for row in first.paid.iter_rows()}
    assert dict(first.paid.schema) == PAID and first.paid.equals(second.paid)
    assert told == {
        (str(id_of("household 1")), "TEKAVOUL", date(2026, 5, 1), True),
        (str(id_of("household 2")), "TEKAVOUL", date(2026, 5, 1), False),
        (str(id_of("household 6")), "TEKAVOUL", date(2026, 4, 1), True),
    }
    assert first.reporting == {"TEKAVOUL"}, "meals at a school are no payment of a household"


async def test_meals_are_counted_on_the_days_of_the_pupils_canteen_where_its_institution_lists_it(
    projection: Projection,
) -> None:
    """June 2026 has 22 weekdays, and its second half 12; the other institution's school of that name is another one."""
    calendar = {"kind": "school_days", "terms": [{"from": "2026-06-01", "to": "2026-06-30"}], "holidays": []}
    meal = {"value": {"meal_mru": "10.00", "per": "pupil"}, "calendar": calendar, "unit": "pupil"}
    await projection.programs(published("SCHOOL_FEEDING", "men", "220.00", **meal))
    await projection.households(family(1), family(2))
    changes = [
        enrollment("SCHOOL_FEEDING", number, number, school_key=key, enrolled_on="2026-01-01")
        for number, key in ((1, "ecole 1/"), (2, "ecole 2/"))
    ]
    await projection.enrollments(*changes, institution="men")
    for number, change in enumerate(changes, 1):
        await link_to(projection, change, number)
    school = {"name": "École 1", "commune": None, "canteen_to": None}
    async with projection.database.transaction() as tx:
        await replace_schools(tx, "men", [school | {"key": "ecole 1/", "canteen_from": "2026-06-15"}])
        await replace_schools(tx, "csa", [school | {"key": "ecole 2/", "canteen_from": None}])

    read = await country(projection, date(2026, 6, 30))

    homes = dict(read.households.select("household", "household_id").iter_rows())
    told = {homes[row["household"]]: row["value"] for row in read.receipts.to_dicts()}
    assert told == {str(id_of("household 1")): 12 * 1_000, str(id_of("household 2")): 22 * 1_000}


async def test_a_country_of_nobody_can_be_read(projection: Projection) -> None:
    read = await country(projection)

    for name, schema in (
        ("households", HOUSEHOLDS),
        ("receipts", RECEIPTS),
        ("enrolled", ENROLLED),
        ("eligible", ELIGIBLE),
        ("baskets", BASKETS),
        ("standing", STANDING),
    ):
        assert dict(getattr(read, name).schema) == schema, name
    assert read.threshold == pytest.approx(0.97)


def test_the_baskets_that_ship_can_be_right() -> None:
    assert [one.confidence for one in baskets()] == ["assumed", "assumed"]
