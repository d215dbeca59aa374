"""Cases of forbidden overlaps: opened, ended and opened again with what is linked and in force, whatever comes twice, late or
out of order; nobody is excluded by one."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from matrix_cases import DISABLED, decide
from sqlalchemy import select, update

from matching_cases import Projection, enrollment, household, id_of, member, program
from services.matching import overlap_cases
from services.matching.case_models import OverlapCase
from services.matching.models import Beneficiary
from services.matching.overlap_cases import settle_cases, sweep
from services.matching.rules.overlap_cases import CaseAnswer, CaseStatus, after_answers
from shared.clock import now
from shared.database import Database
from shared.history import History
from shared.outbox import OutboxRow

CASH, FOOD = "TEKAVOUL", "EL_MAOUNA"
EXEMPT = {"exemptions": [{"overlap_class": "tolerated", "conditions": [DISABLED]}]}


class Sweeping:
    """What the worker needs of a platform."""

    def __init__(self, database: Database) -> None:
        self.database = database


async def sweep_all(projection: Projection) -> None:
    await sweep(Sweeping(projection.database))  # type: ignore[arg-type]


async def a_country(projection: Projection, *, disabled: bool | None = False) -> None:
    """Three households with cash; 0 and 1 with food too; household 0 as `disabled` tells."""
    await projection.programs(program(CASH, "taazour"), program(FOOD, "csa"))
    first = household(0, member(0, "Salem Ould Bellal Ould Tourad", disability=disabled))
    await projection.households(first, household(1), household(2))
    await projection.enrollments(*(enrollment(CASH, n, n) for n in range(3)))
    await projection.enrollments(food(0), food(1), institution="csa")
    await projection.link()


def food(number: int, **listed: Any) -> dict[str, Any]:
    return enrollment(FOOD, number, number, **listed)


async def cases(projection: Projection) -> dict[int, tuple[Any, ...]]:
    """Per household its case: status, whether unknown, times opened, why ended."""
    numbers = {id_of(f"household {n}"): n for n in range(3)}
    async with projection.database.transaction() as tx:
        return {
            numbers[one.household_id]: (one.status, one.unknown, one.times_opened, one.ended_because)
            for one in await tx.scalars(select(OverlapCase))
        }


async def told(projection: Projection) -> list[dict[str, Any]]:
    async with projection.database.transaction() as tx:
        rows = await tx.scalars(
            select(OutboxRow).where(OutboxRow.type == "matching.overlap-cases.changed.v1").order_by(OutboxRow.position)
        )
        return [
            {name: count for name, count in row.data.items() if name not in ("version", "batch_id") and count}
            for row in rows
        ]


PAIR = {"program_a": FOOD, "program_b": CASH}
OPEN, AGAIN = ("open", False, 1, None), ("open", False, 2, None)
ENDED = ("ceased", False, 1, "overlap_ceased")


async def test_a_forbidden_overlap_opens_a_case_once_and_both_are_told_and_nobody_is_excluded(
    projection: Projection,
) -> None:
    await a_country(projection)
    assert await cases(projection) == {}

    await decide(projection.database, CASH, FOOD, "forbidden")
    for _ in range(2):
        await sweep_all(projection)
        await projection.link()

    assert await cases(projection) == {0: OPEN, 1: OPEN}
    assert await told(projection) == [PAIR | {"opened": 2}]


@pytest.mark.parametrize(("chunk", "listed"), [(1, 1), (1, 2), (2, 1)])
async def test_a_sweep_reaches_every_household_however_few_it_looks_at_at_once(
    projection: Projection, monkeypatch: pytest.MonkeyPatch, chunk: int, listed: int
) -> None:
    monkeypatch.setattr(overlap_cases, "CHUNK", chunk)
    monkeypatch.setattr(overlap_cases, "LISTED", listed)
    await a_country(projection)
    await decide(projection.database, CASH, FOOD, "forbidden")

    await sweep_all(projection)

    assert await cases(projection) == {0: OPEN, 1: OPEN}
    async with projection.database.transaction() as tx:
        assert all(await tx.scalars(select(Beneficiary.active)))


async def test_an_overlap_that_begins_opens_a_case_with_its_link_and_one_that_ends_closes_it(
    projection: Projection,
) -> None:
    await a_country(projection)
    await decide(projection.database, CASH, FOOD, "forbidden")
    await sweep_all(projection)

    await projection.enrollments(food(2), food(0, version=2, status="exited"), institution="csa")
    await projection.link()
    assert await cases(projection) == {0: ENDED, 1: OPEN, 2: OPEN}

    await projection.enrollments(food(0, version=3), institution="csa")
    await projection.link()
    assert await cases(projection) == {0: AGAIN, 1: OPEN, 2: OPEN}
    assert await told(projection) == [
        PAIR | {"opened": 2},
        PAIR | {"opened": 1, "ceased": 1},
        PAIR | {"reopened": 1},
    ]
    async with projection.database.transaction() as tx:
        case = (await tx.scalars(select(OverlapCase).where(OverlapCase.times_opened == 2))).one()
        turns = await tx.scalars(select(History).where(History.aggregate_id == case.id).order_by(History.version))
        assert [(one.version, one.changed_by, one.change["what"], one.change["reason"]) for one in turns] == [
            (1, "matching", "opened", None),
            (2, "matching", "ceased", "overlap_ceased"),
            (3, "matching", "reopened", None),
        ]


async def test_another_rule_closes_and_opens_the_cases_of_its_pair(projection: Projection) -> None:
    await a_country(projection, disabled=True)
    await decide(projection.database, CASH, FOOD, "forbidden")
    await sweep_all(projection)
    await decide(projection.database, CASH, FOOD, "forbidden", 1, **EXEMPT)
    await sweep_all(projection)
    assert await cases(projection) == {0: ("ceased", False, 1, "no_longer_forbidden"), 1: OPEN}

    await decide(projection.database, CASH, FOOD, "tolerated", 2)
    await sweep_all(projection)
    assert {one[0] for one in (await cases(projection)).values()} == {"ceased"}
    tomorrow = str(now().date() + timedelta(days=1))
    await decide(projection.database, CASH, FOOD, "forbidden", 3, valid_from=tomorrow)
    await sweep_all(projection)
    assert {one[0] for one in (await cases(projection)).values()} == {"ceased"}, "not before its day"


async def test_whoever_may_be_exempt_has_a_case_for_persons_to_look_at(projection: Projection) -> None:
    await a_country(projection, disabled=None)
    await decide(projection.database, CASH, FOOD, "forbidden", **EXEMPT)
    await sweep_all(projection)
    assert await cases(projection) == {0: ("open", True, 1, None), 1: OPEN}

    # The registry learns of it: the household is exempt.
    known = household(0, member(0, "Salem Ould Bellal Ould Tourad", disability=True), version=2)
    await projection.households(known)
    await projection.link()
    assert (await cases(projection))[0] == ("ceased", True, 1, "no_longer_forbidden")


async def test_of_a_condition_that_forbids_what_is_not_known_opens_nothing(projection: Projection) -> None:
    await a_country(projection, disabled=None)
    only = {"exemptions": [{"overlap_class": "forbidden", "conditions": [DISABLED]}]}
    await decide(projection.database, CASH, FOOD, "tolerated", **only)
    await sweep_all(projection)

    assert await cases(projection) == {}


async def lists(projection: Projection) -> None:
    """Household 1's exit comes before what it ended."""
    await projection.enrollments(
        enrollment(CASH, 0, 0), enrollment(CASH, 1, 1), food(0), food(1, version=2, status="exited")
    )
    await projection.enrollments(food(1))


async def test_in_whatever_order_it_comes_and_how_often_the_cases_end_the_same(
    another: Callable[[], Awaitable[Projection]],
) -> None:
    made = []
    for order in list(permutations(range(3)))[::2]:
        projection = await another()
        await projection.programs(program(CASH, "taazour"), program(FOOD, "csa"))
        steps: list[Callable[[], Awaitable[Any]]] = [
            lambda one=projection: one.households(household(0), household(1)),
            lambda one=projection: lists(one),
            lambda one=projection: decide(one.database, CASH, FOOD, "forbidden"),
        ]
        for number in order:
            await steps[number]()
            await projection.link()
        for step in (steps[0], steps[1]):
            await step()
            await projection.link()
            await sweep_all(projection)
        made.append({number: one[0] for number, one in (await cases(projection)).items()})
        await projection.database.close()

    assert made == [{0: "open"}] * 3


async def test_what_persons_resolved_stays_and_is_opened_again_only_when_the_overlap_begins_again(
    projection: Projection,
) -> None:
    await a_country(projection)
    await decide(projection.database, CASH, FOOD, "forbidden")
    await sweep_all(projection)
    async with projection.database.transaction() as tx:
        resolved = {"status": "resolved", "outcome": "one_ends", "resolved_at": now()}
        await tx.execute(update(OverlapCase).values(resolved))
    await sweep_all(projection)
    assert {one[0] for one in (await cases(projection)).values()} == {"resolved"}

    await projection.enrollments(food(0, version=2, status="exited"), institution="csa")
    await projection.link()
    assert (await cases(projection))[0] == ("resolved", False, 1, "overlap_ceased")
    await projection.enrollments(food(0, version=3), institution="csa")
    await projection.link()
    assert await cases(projection) == {0: AGAIN, 1: ("resolved", False, 1, None)}


async def test_a_household_that_leaves_the_registry_leaves_its_case_closed(projection: Projection) -> None:
    await a_country(projection)
    await decide(projection.database, CASH, FOOD, "forbidden")
    await sweep_all(projection)

    await projection.households(household(0, version=2, status="left"))
    await projection.link()
    async with projection.database.transaction() as tx:
        await settle_cases(tx, [id_of("household 0")])
    assert await cases(projection) == {0: ENDED, 1: OPEN}


KEEP, END, OTHER, EXCEPTION = CaseAnswer


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((KEEP, END), "one_ends"), ((END, KEEP), "one_ends"), ((END, END), "both_end"),
        ((END, EXCEPTION), "one_ends"), ((OTHER, END), "one_ends"), ((EXCEPTION, KEEP), "exception"),
        ((EXCEPTION, EXCEPTION), "exception"), ((OTHER, OTHER), "not_same_household"),
        ((KEEP, KEEP), None), ((OTHER, KEEP), None), ((OTHER, EXCEPTION), None),
    ],
)  # fmt: skip
def test_what_two_answers_come_to(answers: tuple[CaseAnswer, CaseAnswer], outcome: str | None) -> None:
    status, found = after_answers(*answers)
    assert (status, found) == (CaseStatus.RESOLVED if outcome else CaseStatus.DISPUTED, outcome)
    assert after_answers(answers[0], None) == (CaseStatus.OPEN, None)
