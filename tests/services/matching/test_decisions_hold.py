"""A person's decision holds, whatever happens before it, after it, twice, and in whatever order."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from decision_cases import (
    ELSEWHERE,
    NAME,
    ONE,
    ROW,
    TWO,
    both_sides,
    in_doubt,
    link,
    namesake,
    official,
    row,
    say,
    stands,
    undo,
    unlink,
)
from sqlalchemy import select, update

from matching_cases import PLACES, Projection, household, id_of, member
from services.matching.holding import put_merge
from services.matching.models import Beneficiary, LinkStatus
from shared.errors import Refusal
from shared.history import History

Another = Callable[[], Awaitable[Projection]]
PEOPLE = (ONE, TWO, ELSEWHERE)
LONG = pytest.param(range(60), marks=[pytest.mark.long, pytest.mark.timeout(1800)])


def a_history() -> list[tuple[str, Any]]:
    """Versions of three households, merges of their people, versions of the row, and a refusal by its institution: the last
    state is that 2 was merged into 1, whose household the woman of household 9 has joined."""
    woman = member(9, "Penda Mint Samba", sex="F")
    return [
        ("household", namesake(1)),
        ("household", namesake(1, version=2, status="left", members=[])),
        ("household", household(1, member(1, NAME), version=3)),
        ("household", household(1, member(1, NAME), woman, version=4)),
        ("household", namesake(2)),
        ("household", namesake(2, version=2, phones=["+22222334455"])),
        ("household", namesake(2, version=3, status="left", members=[])),
        ("household", household(9, woman)),
        ("household", household(9, version=2, status="left", members=[])),
        ("merge", (TWO, 2, ELSEWHERE)),
        ("merge", (TWO, 4, ONE)),
        ("row", row()),
        ("row", row(version=2, birth_date="1980-03-07")),
        ("row", row(version=3, household_number="MR0110000002")),
        ("places", [one | {"names": [*one["names"], "Autre"]} for one in PLACES]),
        ("rebuild", None),
    ]


FINAL_PLACE = {ONE: id_of("household 1"), ELSEWHERE: id_of("household 1")}
FINAL_MERGES = {TWO: ONE}


@dataclass
class Person:
    """What one official manages to say, as a list of what stands: an oracle that knows nothing of folds."""

    said: list[tuple[str, UUID | None]] = field(default_factory=list)

    async def say_something(self, projection: Projection, order: random.Random) -> None:
        what = order.choice(["link", "link", "unlink", "cannot_tell", "undo"])
        who = order.choice(PEOPLE)
        linked = (await stands(projection))[1] if await self._there(projection) else None
        try:
            if what == "link":
                await link(projection, who)
                self.said.append(("link", who))
            elif what == "unlink":
                await unlink(projection, "another_person")
                linked = await self._last_left(projection)
                self.said.append(("unlink", linked))
            elif what == "cannot_tell":
                await say(projection, "cannot_tell")
                self.said.append(("cannot_tell", None))
            elif self.said:
                await undo(projection)
                self.said.pop()
        except (Refusal, AssertionError):
            pass  # nobody to link, nothing in doubt: nothing was said

    async def _there(self, projection: Projection) -> bool:
        async with projection.database.transaction() as tx:
            return await tx.get(Beneficiary, ROW) is not None

    async def _last_left(self, projection: Projection) -> UUID:
        async with projection.database.transaction() as tx:
            turns = select(History).where(History.aggregate_id == ROW).order_by(History.version.desc()).limit(1)
            turn = (await tx.scalars(turns)).one()
            return UUID(turn.change["from"]["individual_id"])

    def stands_for(self) -> tuple[UUID | None, bool, set[UUID]]:
        """Who it is, whether it cannot be told, and who it is not."""
        who, unsure, refused = None, False, set[UUID]()
        for what, whom in self.said:
            if what == "link":
                who, unsure, refused = whom, False, refused - {whom}
            elif what == "unlink":
                assert whom is not None
                who, unsure, refused = None, False, refused | {whom}
            else:
                who, unsure = None, True
        return who, unsure, refused


async def happen(projection: Projection, kind: str, what: Any, newest: dict[str, Any]) -> None:
    if kind == "household":
        # An event late or twice brings the household as it is by now: the newest the registry has made so far.
        known = newest.setdefault(what["id"], what)
        newest[what["id"]] = max(known, what, key=lambda one: one["version"])
        await projection.households(newest[what["id"]])
    elif kind == "row":
        await projection.enrollments(what, institution="partners")
    elif kind == "places":
        await projection.places(what)
    elif kind == "merge":
        async with projection.database.transaction() as tx:
            await put_merge(tx, *what)
    else:
        async with projection.database.transaction() as tx:
            await tx.execute(update(Beneficiary).values(link_status=LinkStatus.PENDING))


@pytest.mark.parametrize("seeds", [range(7), LONG])
async def test_whatever_happens_in_whatever_order_and_twice_the_decision_holds(another: Another, seeds: range) -> None:
    held = 0
    for seed in seeds:
        order = random.Random(seed)
        projection, person, newest = await another(), Person(), dict[str, Any]()
        await happen(projection, "row", row(), newest)
        events = a_history() * 2
        order.shuffle(events)
        for kind, what in events:
            await happen(projection, kind, what, newest)
            if order.random() < 0.4:
                await projection.link()
            if order.random() < 0.2:
                await person.say_something(projection, order)
        await projection.link()
        found = await stands(projection)

        who, unsure, refused = person.stands_for()
        now_is = {one: FINAL_MERGES.get(one, one) for one in PEOPLE}
        not_them = {now_is[one] for one in refused}
        if who is not None and now_is[who] not in not_them:
            assert found == ("linked", now_is[who], FINAL_PLACE[now_is[who]]), (seed, person.said)
            held += 1
        elif who is not None or unsure:
            assert found[0] != "linked", (seed, person.said)
        else:
            assert found[0] != "linked" or found[1] not in not_them, (seed, person.said)

        for kind, what in order.sample(a_history(), len(a_history())):
            await happen(projection, kind, what, newest)
        await projection.link()
        assert await stands(projection) == found, (seed, person.said)
        await projection.database.close()
    assert held >= len(seeds) * 2 // 7  # the seeds are worth their time


async def any_step(projection: Projection, order: random.Random) -> bool:
    """One of all the steps there are, by one of two officials; whether it could be taken."""
    what, who = order.choice(["same", "different", "cannot_tell", "skipped", "link", "unlink"]), order.choice(PEOPLE)
    person = official(order.choice(["WFP-1", "WFP-2"]))
    try:
        if what == "link":
            await link(projection, who, person)
        elif what == "unlink":
            await unlink(projection, order.choice(["another_person", "another_household", "mistake"]))
        else:
            await say(projection, what, who if what in ("same", "different") else None, person)
    except Refusal:
        return False
    return True


@pytest.mark.parametrize("seeds", [(*range(8), 16, 37), LONG])  # 16 and 37: the question lost who was chosen
async def test_any_steps_undone_one_by_one_leave_both_sides_as_they_were_before_each(
    another: Another, seeds: Sequence[int]
) -> None:
    taken = 0
    for seed in seeds:
        order, projection = random.Random(seed), await another()
        await in_doubt(projection, monthly_value_mru=order.choice(["1200.00", None]))
        before = [await both_sides(projection)]
        for _ in range(8):
            if await any_step(projection, order):
                before.append(await both_sides(projection))
        taken += len(before) - 1
        while before:
            assert await both_sides(projection) == before.pop(), seed
            if before:
                await undo(projection)
        await projection.database.close()
    assert taken >= 3 * len(seeds)
