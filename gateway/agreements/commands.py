"""Agreements written, signed, put in force and ended. A party acts through its system, and names the official who does."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.agreements import errors
from gateway.agreements.models import AgreementRow, StepRow, VersionRow
from gateway.agreements.queries import of_party, signatures, version_row
from gateway.agreements.rules.lifecycle import IN_FORCE, OPEN, REVIEW_WITHIN, State, Step, after, allowed
from gateway.agreements.schemas import DraftIn, StepIn
from gateway.agreements.terms import OPERATIONS, PUSH, Terms
from gateway.changes import announce
from shared.clock import now
from shared.etags import refuse_stale
from shared.ids import new_id

NUMBERING_LOCK = 0x7EC4_0020
BY_ITSELF = "gateway"
"""In the place of partner and official, where nobody took the step but the day."""


@dataclass(frozen=True, slots=True)
class Known:
    """Who there is: each partner with the programs it keeps, and the one that keeps the registry."""

    programs: Mapping[str, frozenset[str]]
    keeper: str


async def draft(tx: AsyncSession, said: DraftIn, *, by: str, known: Known) -> AgreementRow:
    """Write an agreement; an emergency is in force at once. NotAParty, PartyUnknown, ProgramNotKnown, EnrolledElsewhere,
    PushNotWritten, KindNotWritten, AgreementOver; of an emergency OwnerAlone, ReasonNeeded."""
    terms = said.terms
    if by not in (terms.provider, terms.recipient):
        raise errors.NotAParty(pointer="/terms/recipient")
    _refuse_unsound(terms, known)
    if terms.kind == "mandate":
        raise errors.KindNotWritten(pointer="/terms/kind")
    emergency = terms.kind == "emergency"
    if emergency and by != terms.provider:
        raise errors.OwnerAlone(provider=terms.provider)
    if emergency and said.reason is None:
        raise errors.ReasonNeeded(pointer="/reason")

    row = AgreementRow(
        id=await _next_id(tx, terms), kind=terms.kind, provider=terms.provider, recipient=terms.recipient, revision=1
    )
    tx.add(row)
    state = State.ACTIVE if emergency else State.DRAFT
    version = await add_version(tx, row.id, 1, terms, state)
    version.review_until = now() + REVIEW_WITHIN if emergency else None
    remember(tx, version, Step.DRAFT, by, said.official, said.reason)
    await announce(tx)
    return row


async def change(
    tx: AsyncSession, agreement_id: str, said: DraftIn, *, by: str, if_match: str, known: Known
) -> AgreementRow:
    """Write a new version; one that is open is replaced. What is in force stays so until the new one is approved.

    NotFound, PreconditionFailed, PartiesStay, KindNotWritten, ProgramNotKnown, EnrolledElsewhere, PushNotWritten,
    AgreementOver.
    """
    row = await of_party(tx, agreement_id, by, lock=True)
    refuse_stale(if_match, row.revision)
    terms = said.terms
    if (terms.kind, terms.provider, terms.recipient) != (row.kind, row.provider, row.recipient):
        raise errors.PartiesStay(pointer="/terms")
    if row.kind != "sharing":
        raise errors.KindNotWritten(pointer="/terms/kind")
    _refuse_unsound(terms, known)

    newest = await tx.scalar(select(func.max(VersionRow.version)).where(VersionRow.agreement_id == row.id)) or 0
    await _replace(tx, row.id, OPEN, by, said.official)
    version = await add_version(tx, row.id, newest + 1, terms, State.DRAFT)
    remember(tx, version, Step.DRAFT, by, said.official, said.reason)
    await _count(tx, row)
    return row


async def take(
    tx: AsyncSession, agreement_id: str, step: Step, said: StepIn, *, by: str, if_match: str
) -> AgreementRow:
    """Sign, approve, review, suspend, resume or terminate a version. NotFound, PreconditionFailed, StepNotAllowed, and what
    each step refuses."""
    row = await of_party(tx, agreement_id, by, lock=True)
    refuse_stale(if_match, row.revision)
    version = await version_row(tx, agreement_id, said.version)
    state = after(State(version.state), step)
    if state is None or (step is Step.REVIEW and version.review_until is None):
        accepted = [one for one in allowed(State(version.state)) if one is not Step.REVIEW or version.review_until]
        raise errors.StepNotAllowed(version=version.version, state=version.state, accepted=", ".join(accepted) or "—")
    if step in (Step.APPROVE, Step.REVIEW, Step.RESUME) and by != row.provider:
        raise errors.OwnerAlone(provider=row.provider)
    if step in (Step.SUSPEND, Step.TERMINATE) and said.reason is None:
        raise errors.ReasonNeeded(pointer="/reason")
    if step is Step.SIGN:
        state = await _after_signature(tx, row, version, by)
    if step in (Step.APPROVE, Step.REVIEW):
        await _refuse_author(tx, version, by, said.official)
    if step is Step.APPROVE:
        await _make_room(tx, row, version, by, said.official)
    if step is Step.REVIEW:
        version.review_until = None

    version.state = state
    remember(tx, version, step, by, said.official, said.reason)
    await _count(tx, row)
    return row


async def end_what_is_over(tx: AsyncSession) -> int:
    """Write down that versions have expired and that emergencies were not reviewed in time; how many. The decision does
    not wait for this: it goes by the day."""
    moment = now()
    past = VersionRow.not_after < moment.date()
    unreviewed = VersionRow.review_until <= moment
    rows = select(VersionRow).where(VersionRow.state.in_(OPEN | IN_FORCE), past | unreviewed)
    found = list(await tx.scalars(rows.with_for_update(skip_locked=True)))
    for version in found:
        expired = version.not_after < moment.date()
        version.state = State.EXPIRED if expired else State.TERMINATED
        step = Step.EXPIRE if expired else Step.TERMINATE
        remember(tx, version, step, BY_ITSELF, BY_ITSELF, None if expired else "not reviewed within a day")
        row = await tx.get_one(AgreementRow, version.agreement_id)
        row.revision += 1
    if found:
        await announce(tx)
    return len(found)


async def add_version(tx: AsyncSession, agreement_id: str, number: int, terms: Terms, state: State) -> VersionRow:
    await tx.flush()  # the agreement before its version, and that before its steps: the session does not sort them
    told, population = terms.stored()
    version = VersionRow(
        agreement_id=agreement_id,
        version=number,
        state=state,
        terms=told,
        population=population,
        fingerprint=terms.fingerprint(),
        not_before=terms.not_before,
        not_after=terms.not_after,
    )
    tx.add(version)
    await tx.flush()
    return version


def remember(
    tx: AsyncSession, version: VersionRow, step: Step, partner: str, official: str, reason: str | None
) -> None:
    tx.add(
        StepRow(
            id=new_id(),
            agreement_id=version.agreement_id,
            version=version.version,
            step=step,
            state=version.state,
            partner=partner,
            official=official,
            reason=reason,
            at=now(),
        )
    )


def _refuse_unsound(terms: Terms, known: Known) -> None:
    for field in ("provider", "recipient"):
        if getattr(terms, field) not in known.programs:
            raise errors.PartyUnknown(pointer=f"/terms/{field}", party=getattr(terms, field))
    programs = frozenset[str]().union(*known.programs.values())
    for place, program in enumerate(terms.population.programs):
        if program not in programs:
            raise errors.ProgramNotKnown(
                pointer=f"/terms/population/programs/{place}", program=program, accepted=", ".join(sorted(programs))
            )
    # Who is given households of a program learns who is in it: that is told by who keeps the program, or known already.
    own = known.programs[terms.provider] | known.programs[terms.recipient] if terms.provider == known.keeper else ()
    for place, program in enumerate(terms.population.enrolled_in):
        if program not in own:
            raise errors.EnrolledElsewhere(
                pointer=f"/terms/population/enrolled_in/{place}",
                program=program,
                keeper=known.keeper,
                accepted=", ".join(sorted(own)) or "—",
            )
    # Of agreements written before this was refused, it stays among the words that were signed, and opens nothing.
    if PUSH in terms.operations:
        accepted = ", ".join(one for one in OPERATIONS if one != PUSH)
        raise errors.PushNotWritten(pointer=f"/terms/operations/{terms.operations.index(PUSH)}", accepted=accepted)
    if terms.not_after < now().date():
        raise errors.AgreementOver(pointer="/terms/not_after", day=terms.not_after)


async def _next_id(tx: AsyncSession, terms: Terms) -> str:
    """PROVIDER-RECIPIENT-YEAR-NN: numbered by pair, so that its number tells neither of the other's other agreements."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": NUMBERING_LOCK})
    stem = f"{terms.provider}-{terms.recipient}-{now().year}-".upper()
    taken = await tx.scalar(select(func.count()).where(AgreementRow.id.startswith(stem, autoescape=True))) or 0
    return f"{stem}{taken + 1:02d}"


async def _after_signature(tx: AsyncSession, row: AgreementRow, version: VersionRow, by: str) -> State:
    parties = {one.partner for one in await signatures(tx, row.id, version.version)}
    if by in parties:
        raise errors.SignedAlready
    return State.SIGNED if parties | {by} >= {row.provider, row.recipient} else State.DRAFT


async def _refuse_author(tx: AsyncSession, version: VersionRow, by: str, official: str) -> None:
    author = select(StepRow.partner, StepRow.official).where(
        StepRow.agreement_id == version.agreement_id,
        StepRow.version == version.version,
        StepRow.step == Step.DRAFT,
    )
    # Staff numbers are compared without case: `a-1` and `A-1` are one person's.
    wrote = [(partner, number.casefold()) for partner, number in await tx.execute(author)]
    if (by, official.casefold()) in wrote:
        raise errors.SecondPersonNeeded


async def _make_room(tx: AsyncSession, row: AgreementRow, version: VersionRow, by: str, official: str) -> None:
    """The version in force before gives way. BeginsLater where there would be days without either; AgreementOver."""
    today: date = now().date()
    if version.not_after < today:
        raise errors.AgreementOver(day=version.not_after)
    in_force = select(VersionRow.version).where(
        VersionRow.agreement_id == row.id, VersionRow.state.in_(IN_FORCE), VersionRow.not_after >= today
    )
    if version.not_before > today and await tx.scalar(in_force) is not None:
        raise errors.BeginsLater(day=version.not_before)
    await _replace(tx, row.id, IN_FORCE, by, official)


async def _replace(tx: AsyncSession, agreement_id: str, states: Collection[State], by: str, official: str) -> None:
    rows = select(VersionRow).where(VersionRow.agreement_id == agreement_id, VersionRow.state.in_(states))
    for old in await tx.scalars(rows):
        old.state = State.TERMINATED
        remember(tx, old, Step.REPLACE, by, official, None)
    await tx.flush()


async def _count(tx: AsyncSession, row: AgreementRow) -> None:
    row.revision += 1
    await announce(tx)
