"""Enrollments under an agreement: of the programs and places it reaches, the columns of what it allows and no others."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment
from services.programs.queries.checking import enrolled
from services.programs.rules.shared_enrollments import Telling
from services.programs.rules.status import LinkStatus, Status
from services.programs.schemas.checking import EnrolledOut
from services.programs.schemas.shared_enrollments import SharedEnrolled, SharedEnrollment
from shared.agreements import Agreement
from shared.clock import now
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.sharing import forms_asked, refuse_asked_by

_TABLE = Enrollment.__table__.c
WILAYA_SIGNS = 4
"""Of a p-code: MR011-C02 lies in the moughataa MR011, and that one in the wilaya MR01."""


async def enrollment(
    tx: AsyncSession, enrollment_id: UUID, agreement: Agreement, fields: str | None
) -> SharedEnrollment:
    """NotFound also where it lies outside of the agreement's population; FieldsNotShared."""
    telling = Telling(forms_asked(agreement, fields), now().date())
    read = (await tx.execute(_wanted(telling, agreement).where(_TABLE.id == enrollment_id))).mappings().first()
    if read is None:
        raise NotFound
    return SharedEnrollment.model_validate(telling.enrollment(read))


async def enrollments(
    tx: AsyncSession,
    agreement: Agreement,
    limit: int,
    cursor: str | None,
    *,
    program: str | None = None,
    status: Status | None = None,
    link_status: LinkStatus | None = None,
    import_id: UUID | None = None,
    household_id: UUID | None = None,
    fields: str | None = None,
) -> Page[SharedEnrollment]:
    """Those that the agreement reaches, in the order in which they were recorded; at most as many as one question may bring.

    FieldsNotShared also where they are asked for by what the agreement does not tell in full.
    """
    asked_by = {"program": program, "enrollment_status": status, "import_id": import_id, "link_status": link_status}
    asked_by |= {"household_number": household_id}
    refuse_asked_by(agreement, [name for name, value in asked_by.items() if value is not None])
    telling = Telling(forms_asked(agreement, fields), now().date())
    limit = min(limit, agreement.volume_per_query)
    rows = _wanted(telling, agreement).order_by(_TABLE.id).limit(limit + 1)
    for column, value in (("program_code", program), ("status", status), ("registry_household_id", household_id)):
        if value is not None:
            rows = rows.where(_TABLE[column] == value)
    if cursor:
        rows = rows.where(_TABLE.id > decode_cursor(cursor, UUID)[0])
    read = (await tx.execute(rows)).mappings().all()
    return Page(
        items=[SharedEnrollment.model_validate(telling.enrollment(one)) for one in read[:limit]],
        next_cursor=encode_cursor(read[limit - 1]["id"]) if len(read) > limit else None,
    )


async def is_enrolled(
    tx: AsyncSession, program: str, by: str, value: str | UUID, agreement: Agreement
) -> SharedEnrolled:
    """NotFound where the agreement is not about that program. Who is outside of its places is as nobody."""
    if program not in agreement.programs:
        raise NotFound(pointer="/program")
    telling = Telling(agreement.forms(), now().date())
    answer = await enrolled(tx, program, by, value)
    # What is told of nobody is from nowhere: it reaches as far as the agreement does.
    place = min(agreement.places, default=None)
    if answer.enrollment_id is not None:
        within = select(_TABLE.place_code).where(_TABLE.id == answer.enrollment_id, reached(agreement))
        found = (await tx.execute(within)).first()
        if found is None:
            answer = EnrolledOut(program=program, enrolled=False)
        else:
            place = found.place_code
    return SharedEnrolled.model_validate(telling.enrolled(answer.model_dump(), program, place))


def reached(agreement: Agreement) -> ColumnElement[bool]:
    """Enrollments of the agreement's programs and places; where it names places, one without a place lies outside."""
    moughataa = func.split_part(_TABLE.place_code, "-", 1)
    codes = (_TABLE.place_code, moughataa, func.left(moughataa, WILAYA_SIGNS))
    return and_(
        _TABLE.program_code.in_(agreement.programs),
        or_(*(code.in_(agreement.places) for code in codes)) if agreement.places else true(),
    )


def _wanted(telling: Telling, agreement: Agreement) -> Select[Any]:
    return select(*(_TABLE[name] for name in telling.columns())).where(reached(agreement))
