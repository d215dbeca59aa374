"""Recording what was handed over: each line of a report is laid to what was due, and the ledger says both.

One batch is one transaction: deliveries, their entries of the ledger and the event that announces them. Nothing is ever
changed: a correction is another delivery, with entries that take the earlier ones back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.claims import Beneficiaries, Enrolled, Unclear, beneficiaries, claims_of
from services.programs.commands.known_deliveries import Correcting, Known, KnownDeliveries, known_deliveries
from services.programs.commands.ledger import Entry, parts, write_entries
from services.programs.commands.meals import Schools, schools_of
from services.programs.rules.benefits import MEAL, EntryKind
from services.programs.rules.program import Program
from services.programs.rules.reconciling import Claim, Judged, Reported, Said, judge, judge_meals
from shared.contracts.programs import DeliveriesRecorded
from shared.copying import copy_rows
from shared.ids import new_id, new_ids
from shared.outbox import record
from shared.values import Currency

COLUMNS = (
    "id", "batch_id", "program_code", "cycle_id", "entitlement_id", "enrollment_id", "school", "outcome", "amount_mru",
    "lines", "delivered_on", "channel", "agent", "reference", "findings", "as_sent", "corrects", "import_id",
    "source_line", "recorded_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the lines come from. `supersedes` are the imports whose deliveries these lines may correct.

    `tells_of_other_programs`: the sender is the institution itself, which may know in which of its programs somebody is.
    """

    institution: str
    by: str
    day: date
    """Nothing can have been handed over after it."""
    unit: Currency = "MRU"
    import_id: UUID | None = None
    supersedes: frozenset[UUID] = frozenset()
    corrects: UUID | None = None
    """The one delivery that the one line corrects, as a person asked."""

    @property
    def tells_of_other_programs(self) -> bool:
        return self.by == self.institution


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a line. `delivery_id` is the delivery recorded, or the one that was known already."""

    line: int
    status: Literal["recorded", "unchanged", "rejected"]
    delivery_id: UUID | None
    said: Sequence[Said] = ()


@dataclass(slots=True)
class _Batch:
    """What a batch works with, and what it is about to write."""

    program: Program
    source: Source
    id: UUID
    who: Beneficiaries
    elsewhere: Beneficiaries | None
    claims: Mapping[UUID, list[Claim]]
    schools: Schools | None
    known: KnownDeliveries
    ids: list[UUID]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    with_findings: int = 0


async def record_deliveries(
    tx: AsyncSession, program: Program, lines: Sequence[Reported], source: Source
) -> list[Result]:
    """Record what the lines report and announce it as one batch; what is known already changes nothing."""
    if not lines:
        return []
    await one_after_another(tx, program.code)
    batch = await _begin(tx, program, lines, source)
    results = [_record(batch, one) for one in lines]
    await copy_rows(tx, "deliveries", COLUMNS, batch.rows)
    await write_entries(tx, program.code, batch.entries, by=source.by)
    if batch.rows:
        event = DeliveriesRecorded(
            institution=source.institution,
            program=program.code,
            batch_id=batch.id,
            recorded=len(batch.rows),
            with_findings=batch.with_findings,
        )
        record(tx, event)
    return results


async def one_after_another(tx: AsyncSession, program: str) -> None:
    """Wait for whoever records deliveries of the program: who judges one must see the one before it."""
    await tx.execute(sql("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"deliveries {program}"})


async def _begin(tx: AsyncSession, program: Program, lines: Sequence[Reported], source: Source) -> _Batch:
    of_schools = program.benefit == "meal"
    who = Beneficiaries({}) if of_schools else await beneficiaries(tx, program.code, lines)
    meant: dict[int, Enrolled | None] = {one.line: _meant(who, one) for one in lines}
    nobody = [one for one in lines if meant[one.line] is None and not of_schools]
    ids = {one.id for one in meant.values() if one is not None}
    last = max(max(one.delivered_on, one.period_on or one.delivered_on) for one in lines)
    return _Batch(
        program=program,
        source=source,
        id=new_id(),
        who=who,
        elsewhere=await beneficiaries(tx, None, nobody) if nobody and source.tells_of_other_programs else None,
        claims=await claims_of(tx, program, ids, last),
        schools=await schools_of(tx, program, lines) if of_schools else None,
        known=await known_deliveries(
            tx, program.code, lines, ids, Correcting(source.import_id, source.supersedes, source.corrects)
        ),
        ids=new_ids(len(lines)),
    )


def _meant(who: Beneficiaries, one: Reported) -> Enrolled | None:
    try:
        return who.of(one)
    except Unclear:
        return None


def _record(batch: _Batch, one: Reported) -> Result:
    if one.delivered_on > batch.source.day:
        return _rejected(one, [Said.error("day_in_future", latest=batch.source.day)])
    if batch.schools is not None:
        if one.school is None:
            return _rejected(one, [Said.error("school_wanted")])
        if not batch.schools.knows(one.school):
            return _rejected(one, [Said.error("unknown_school")])
        return _record_meals(batch, batch.schools, one)
    try:
        who = batch.who.of(one)
    except Unclear as unclear:
        return _rejected(one, [Said.error(unclear.code)])
    if who is None:
        elsewhere = batch.elsewhere is not None and _meant(batch.elsewhere, one) is not None
        return _rejected(one, [Said.error("other_program_beneficiary" if elsewhere else "unknown_beneficiary")])
    claims = batch.claims.get(who.id, [])
    earlier, same = batch.known.like(one, who.id)
    if same is not None:
        return Result(one.line, "unchanged", same)
    by_id = {claim.entitlement_id: claim for claim in claims}
    _count(by_id, earlier, sign=-1)
    judged = judge(
        batch.program, claims, one, enrolled_on=who.enrolled_on, exited_on=who.exited_on, unit=batch.source.unit
    )
    reused = earlier is None and batch.known.reused(one)
    if judged.refused or reused:
        _count(by_id, earlier, sign=1)
        return _rejected(one, judged.said if judged.refused else [Said.error("reference_reused")])
    if judged.claim is not None:
        judged.claim.take(_parts(judged))
    cycle_id = judged.claim.cycle_id if judged.claim else None
    return _keep(batch, one, judged, earlier, enrollment_id=who.id, cycle_id=cycle_id)


def _record_meals(batch: _Batch, schools: Schools, one: Reported) -> Result:
    earlier, same = batch.known.like(one, None)
    if same is not None:
        return Result(one.line, "unchanged", same)
    cycle_id = schools.cycle_on(one.delivered_on)
    served = schools.served(one) - (earlier.meals if earlier and earlier.delivered_on == one.delivered_on else 0)
    judged = judge_meals(batch.program, cycle_id is not None, one, pupils=schools.pupils(one), served=served)
    if judged.refused or (earlier is None and batch.known.reused(one)):
        return _rejected(one, judged.said if judged.refused else [Said.error("reference_reused")])
    schools.serve(one, one.goods.get(MEAL, Decimal(0)))
    return _keep(batch, one, judged, earlier, enrollment_id=None, cycle_id=cycle_id)


def _count(claims: Mapping[UUID, Claim], earlier: Known | None, *, sign: int) -> None:
    claim = claims.get(earlier.entitlement_id) if earlier and earlier.entitlement_id else None
    if earlier is not None and claim is not None:
        claim.take([(entry.what, entry.quantity, entry.amount) for entry in earlier.entries], sign)


def _rejected(one: Reported, said: Sequence[Said]) -> Result:
    return Result(one.line, "rejected", None, said)


def _keep(
    batch: _Batch,
    one: Reported,
    judged: Judged,
    earlier: Known | None,
    *,
    enrollment_id: UUID | None,
    cycle_id: UUID | None,
) -> Result:
    id_ = batch.ids.pop()
    entitlement_id = judged.claim.entitlement_id if judged.claim else None
    source, codes = batch.source, [said.code for said in judged.said]
    batch.rows.append(
        (
            id_, batch.id, batch.program.code, cycle_id, entitlement_id, enrollment_id, one.school, one.outcome, judged.amount,
            judged.lines, one.delivered_on, one.channel, one.agent, one.reference, codes, dict(one.as_sent),
            earlier.id if earlier else None, source.import_id, one.line if source.import_id else None, source.by,
        )
    )  # fmt: skip
    for entry in earlier.entries if earlier else ():
        batch.entries.append(
            Entry(
                kind=EntryKind.CORRECTED,
                cycle_id=entry.cycle_id,
                enrollment_id=entry.enrollment_id,
                entitlement_id=entry.entitlement_id,
                delivery_id=id_,
                school=entry.school,
                what=entry.what,
                quantity=-entry.quantity,
                amount=-entry.amount,
                on_day=entry.on_day,
                corrects=entry.id,
            )
        )
    for what, quantity, amount in _parts(judged) if one.outcome.handed_over else ():
        batch.entries.append(
            Entry(
                kind=EntryKind.DELIVERED,
                cycle_id=cycle_id,
                enrollment_id=enrollment_id,
                entitlement_id=entitlement_id,
                delivery_id=id_,
                school=one.school,
                what=what,
                quantity=quantity,
                amount=amount,
                on_day=one.delivered_on,
            )
        )
    batch.with_findings += bool(codes)
    batch.known.remember(one, enrollment_id, id_, judged, earlier)
    return Result(one.line, "recorded", id_, judged.said)


def _parts(judged: Judged) -> list[tuple[str, Decimal, Decimal]]:
    return parts(judged.amount, judged.lines)
