"""Forbidden overlaps as cases: opened, opened again and ended with what is in force and what is linked, whoever looks and how
often. Nobody is excluded by one."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, tuple_, union
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.case_models import OverlapCase
from services.matching.household_facts import households_on
from services.matching.locking import hold_linking_lock
from services.matching.matrix import in_force, rules_on
from services.matching.matrix_conditions import cannot_tell, class_of
from services.matching.models import Household, Overlap
from services.matching.rules.matrix import Pair, PairRule
from services.matching.rules.overlap_cases import ANSWER_WITHIN, CaseEnd, CaseStatus
from shared.clock import now
from shared.contracts.matching import OverlapCasesChanged
from shared.history import History
from shared.ids import new_id
from shared.outbox import record
from shared.platform import Platform

ITSELF = "matching"
CHUNK = 25
"""Households looked at in one transaction: the linker waits for it, for less than a tenth of a second where each has a case
to open, which is a millisecond's work."""
LISTED = 5_000
"""Households of a sweep that are listed at once, before anybody has to wait."""
LOOK_SECONDS = 1.0
CURRENT = OverlapCase.ended_at.is_(None)
WAITING = (CaseStatus.OPEN, CaseStatus.DISPUTED)


async def settle_cases(tx: AsyncSession, household_ids: Collection[UUID]) -> None:
    """Bring the cases of these households in line with their overlaps and with the rules of today. The caller holds the
    linking lock, or is the linker."""
    today = now().date()
    rules = {pair: rule for pair, rule in (await rules_on(tx, today)).items() if rule.may_be("forbidden")}
    held = select(OverlapCase.program_a, OverlapCase.program_b).where(
        CURRENT, OverlapCase.household_id.in_(household_ids)
    )
    pairs = {*rules, *((a, b) for a, b in await tx.execute(held.distinct()))}
    for pair in sorted(pairs):
        await _settle_pair(tx, pair, rules.get(pair), today, household_ids)


async def _settle_pair(
    tx: AsyncSession, pair: Pair, rule: PairRule | None, today: date, household_ids: Collection[UUID]
) -> None:
    overlapping = await _overlapping(tx, pair, household_ids)
    forbidden = await _forbidden(tx, rule, today, overlapping) if rule else {}
    rows = select(OverlapCase).where(
        (OverlapCase.program_a == pair[0]) & (OverlapCase.program_b == pair[1]),
        OverlapCase.household_id.in_(household_ids),
    )
    held = {one.household_id: one for one in await tx.scalars(rows.order_by(OverlapCase.id).with_for_update())}
    turns = Turns(pair, now())
    for household_id, unknown in sorted(forbidden.items()):
        turns.forbid(tx, household_id, held.get(household_id), unknown=unknown)
    for household_id, case in held.items():
        if case.ended_at is None and household_id not in forbidden:
            gone = CaseEnd.NO_LONGER_FORBIDDEN if household_id in overlapping else CaseEnd.OVERLAP_CEASED
            turns.end(tx, case, gone)
    turns.announce(tx)


async def _overlapping(tx: AsyncSession, pair: Pair, household_ids: Collection[UUID]) -> set[UUID]:
    rows = select(Overlap.household_id).where(
        Overlap.household_id.in_(household_ids),
        Overlap.program_a == pair[0],
        Overlap.program_b == pair[1],
        Overlap.ceased_at.is_(None),
    )
    return set(await tx.scalars(rows))


async def _forbidden(
    tx: AsyncSession, rule: PairRule, today: date, household_ids: Collection[UUID]
) -> Mapping[UUID, bool]:
    """Of these households, those for which the rule forbids; and whether it cannot be told if they are exempt."""
    if not rule.exemptions:
        return dict.fromkeys(household_ids, False)
    known = households_on(today).where(Household.id.in_(household_ids)).subquery("known")
    rows = select(known.c.household_id, cannot_tell(rule, known)).where(class_of(rule, known) == "forbidden")
    return dict((await tx.execute(rows)).all())


@dataclass(slots=True)
class Turns:
    """What becomes of the cases of a pair in one transaction, told in one event."""

    pair: Pair
    at: datetime
    batch_id: UUID | None = None
    counts: Counter[str] | None = None

    def forbid(self, tx: AsyncSession, household_id: UUID, case: OverlapCase | None, *, unknown: bool) -> None:
        """A forbidden overlap there is: a case, opened again where it had ended."""
        if case is None:
            opened = OverlapCase(
                id=new_id(),
                version=0,
                household_id=household_id,
                program_a=self.pair[0],
                program_b=self.pair[1],
                times_opened=0,
            )
            tx.add(opened)
            self._open(tx, opened, unknown=unknown)
        elif case.ended_at is not None:
            self._open(tx, case, unknown=unknown)
        else:
            case.unknown = unknown

    def _open(self, tx: AsyncSession, case: OverlapCase, *, unknown: bool) -> None:
        again = case.times_opened > 0
        for side in ("a", "b"):
            setattr(case, f"answer_{side}", None)
            setattr(case, f"reference_{side}", None)
            setattr(case, f"answered_{side}_at", None)
            setattr(case, f"answered_{side}_by", None)
        case.outcome = case.resolved_at = case.settled_by = case.settled_reference = None
        case.ended_at = case.ended_because = None
        case.unknown, case.opened_at, case.due_at = unknown, self.at, self.at + ANSWER_WITHIN
        case.times_opened += 1
        self.turn(tx, case, CaseStatus.OPEN, "reopened" if again else "opened", ITSELF)

    def end(self, tx: AsyncSession, case: OverlapCase, because: CaseEnd) -> None:
        """The overlap is no matter any more; what persons resolved stays resolved."""
        case.ended_at, case.ended_because = self.at, because
        status = CaseStatus.CEASED if case.status in WAITING else case.status
        self.turn(tx, case, status, "ceased", ITSELF, reason=because)

    def turn(
        self, tx: AsyncSession, case: OverlapCase, status: CaseStatus, what: str, by: str, reason: str | None = None
    ) -> None:
        """A version of a case, with its row of history."""
        self.batch_id = self.batch_id or new_id()
        self.counts = self.counts or Counter()
        self.counts[what] += 1
        change = {"from": case.status, "to": str(status), "what": what, "reason": reason and str(reason)}
        case.status, case.version = status, case.version + 1
        tx.add(
            History(aggregate_id=case.id, version=case.version, batch_id=self.batch_id, changed_by=by, change=change)
        )

    def announce(self, tx: AsyncSession) -> None:
        if self.batch_id is not None and self.counts:
            a, b = self.pair
            record(tx, OverlapCasesChanged(batch_id=self.batch_id, program_a=a, program_b=b, **self.counts))


async def case_worker(platform: Platform) -> None:
    """The worker: looks at every forbidden overlap anew where another rule is in force, or another day has come, on which
    somebody is of another age. What else changes a case is seen with the link that changes it."""
    seen: object = None
    while True:
        async with platform.database.transaction() as tx:
            today = now().date()
            rules = [(one.program_a, one.program_b, one.version) for one in await tx.scalars(in_force(today))]
        if (today, rules) != seen:
            await sweep(platform)
            seen = (today, rules)
        await asyncio.sleep(LOOK_SECONDS)


async def sweep(platform: Platform) -> None:
    """Look at all households that are in two programs, or have a case, chunk by chunk."""
    async with platform.database.transaction() as tx:
        await hold_linking_lock(tx)  # whoever links by the rules of before has ended, and what it wrote is listed
    reached: UUID | None = None
    while some := await _next_households(platform, reached):
        for first in range(0, len(some), CHUNK):
            async with platform.database.transaction() as tx:
                await hold_linking_lock(tx)
                await settle_cases(tx, some[first : first + CHUNK])
        reached = some[-1]


async def _next_households(platform: Platform, after: UUID | None) -> Sequence[UUID]:
    """The next households, by id, of the pairs that a rule forbids or that have a case. One whose overlaps change after it was
    listed is settled with the link that changes them."""
    async with platform.database.transaction() as tx:
        return await _listed_after(tx, after)


async def _listed_after(tx: AsyncSession, after: UUID | None) -> Sequence[UUID]:
    today = now().date()
    pairs = [pair for pair, rule in (await rules_on(tx, today)).items() if rule.may_be("forbidden")]
    overlapping = select(Overlap.household_id).where(
        Overlap.ceased_at.is_(None), tuple_(Overlap.program_a, Overlap.program_b).in_(pairs)
    )
    with_case = select(OverlapCase.household_id).where(CURRENT)
    if after is not None:
        overlapping, with_case = (
            overlapping.where(Overlap.household_id > after),
            with_case.where(OverlapCase.household_id > after),
        )
    both = union(overlapping, with_case).subquery()
    return list(await tx.scalars(select(both.c.household_id).order_by(both.c.household_id).limit(LISTED)))
