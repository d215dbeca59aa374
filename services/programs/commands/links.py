"""What matching found in the registry about our enrollments."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.enrollments import Asked, locked
from services.programs.errors.enrollments import EnrollmentNotLinked, LinkChanged
from services.programs.models import Enrollment, LinkRefusal
from services.programs.rules.status import LinkRefusalReason, LinkStatus, Status
from shared.contracts.programs import LinkRefused
from shared.ids import new_id
from shared.outbox import record


@dataclass(frozen=True, slots=True)
class Link:
    """What matching says of one enrollment; `version` grows with every new answer."""

    enrollment_id: UUID
    version: int
    status: LinkStatus
    individual_id: UUID | None
    household_id: UUID | None
    probability: Decimal | None


@dataclass(frozen=True, slots=True)
class Lost:
    """Records of the registry to which an enrollment was surely linked, and is no longer."""

    individuals: frozenset[UUID]
    households: frozenset[UUID]


async def links_lost(tx: AsyncSession, links: Sequence[Link]) -> Lost:
    """Whom these answers take a certain link away from; enrollments that have ended count no more."""
    newest = {one.enrollment_id: one for one in sorted(links, key=lambda link: link.version)}
    rows = await tx.execute(
        select(
            Enrollment.id, Enrollment.link_version, Enrollment.registry_individual_id, Enrollment.registry_household_id
        ).where(
            Enrollment.id.in_(newest), Enrollment.link_status == LinkStatus.LINKED, Enrollment.status != Status.EXITED
        )
    )
    individuals, households = set[UUID](), set[UUID]()
    for id_, version, individual_id, household_id in rows:
        answer = newest[id_]
        if answer.version <= version:
            continue
        linked = answer.status == LinkStatus.LINKED
        if individual_id is not None and not (linked and answer.individual_id == individual_id):
            individuals.add(individual_id)
        if household_id is not None and not (linked and answer.household_id == household_id):
            households.add(household_id)
    return Lost(frozenset(individuals), frozenset(households))


async def set_links(tx: AsyncSession, links: Sequence[Link]) -> None:
    """Keep the newest answer of matching on each enrollment; an older or repeated one changes nothing.

    Neither does one that names whom the institution has refused: matching had not yet heard of it.

    No new version of the enrollment, and nothing to announce: the institution's own record has not changed.
    """
    if not links:
        return
    table = Enrollment.__table__
    refused = exists().where(
        LinkRefusal.enrollment_id == table.c.id,
        or_(
            and_(
                LinkRefusal.individual_id == bindparam("new_individual"),
                LinkRefusal.person_version == table.c.person_version,
            ),
            LinkRefusal.household_id == bindparam("new_household"),
        ),
    )
    newer = (
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("new_enrollment"), table.c.link_version < bindparam("newest_version"), ~refused)
        .values(
            link_version=bindparam("newest_version"),
            link_status=bindparam("new_status"),
            registry_individual_id=bindparam("new_individual"),
            registry_household_id=bindparam("new_household"),
            link_probability=bindparam("new_probability"),
        )
    )
    connection = await tx.connection()
    await connection.execute(
        newer,
        [
            {
                "new_enrollment": one.enrollment_id,
                "newest_version": one.version,
                "new_status": one.status,
                "new_individual": one.individual_id,
                "new_household": one.household_id,
                "new_probability": one.probability,
            }
            # Always in one order, so that two batches never wait for each other's rows.
            for one in sorted(links, key=lambda link: (link.enrollment_id, link.version))
        ],
    )


async def refuse_link(
    tx: AsyncSession, asked: Asked, reason: LinkRefusalReason, household_id: UUID | None
) -> Enrollment:
    """The institution says that its beneficiary is not whom matching found: matching never finds the same again.

    Where another person receives since (a transfer), that person may be found, and is no longer where it is undone.

    `household_id`: the household the institution was shown; LinkChanged where it is another by now. No new version of
    the enrollment: the institution's own record stays as it was.
    """
    enrollment = await locked(tx, asked)
    individual, household = enrollment.registry_individual_id, enrollment.registry_household_id
    if individual is None and household is None:
        raise EnrollmentNotLinked
    if household_id not in (None, household):
        raise LinkChanged(pointer="/household_id")
    of_the_person = reason is LinkRefusalReason.ANOTHER_PERSON and individual is not None
    refusal = LinkRefusal(
        id=new_id(),
        enrollment_id=enrollment.id,
        individual_id=individual,
        household_id=None if of_the_person else household,
        person_version=enrollment.person_version,
        reason=reason,
        refused_by=asked.by.name,
    )
    tx.add(refusal)
    enrollment.link_status, enrollment.link_probability = LinkStatus.PENDING, None
    enrollment.registry_individual_id = enrollment.registry_household_id = None
    await tx.flush()
    record(tx, LinkRefused(institution=asked.institution, program=enrollment.program_code, refusal_id=refusal.id))
    return enrollment
