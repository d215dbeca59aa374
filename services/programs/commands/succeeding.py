"""Another member of the household receives from now on."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.changes import Change, announce_changes
from services.programs.errors.enrollments import EnrollmentExited
from services.programs.errors.reviews import SuccessorRefused
from services.programs.models import Enrollment
from services.programs.queries.programs import published
from services.programs.rules.reading import read_row
from services.programs.rules.status import Status
from shared.clock import now
from shared.identity import Caller
from shared.text import Cell

SUCCEEDED = "succession"
OF_THE_PERSON = ("name", "father_name", "nni", "phones", "sex", "birth_date", "birth_precision")


async def transfer_enrollment(
    tx: AsyncSession, enrollment: Enrollment, facts: Mapping[str, Cell], *, by: Caller, institution: str
) -> None:
    """Let another person receive under an enrollment (locked). `facts` by the fields of the program's list."""
    if enrollment.status == Status.EXITED:
        raise EnrollmentExited
    program = await published(tx, enrollment.program_code)
    form = program.list_form.model_copy(update={"delta": False, "filled": ("name",)})
    read, findings = read_row(0, dict(facts), form, "MRU", now().date())
    if read is None:
        wrong = next(one for one in findings if one.severity == "error")
        raise SuccessorRefused(pointer=f"/beneficiary/{wrong.field}", reason=wrong.reason.en)
    for name in OF_THE_PERSON:
        value = getattr(replace(read), name)
        setattr(enrollment, name, list(value) if name == "phones" else value)
    enrollment.listed = enrollment.listed | read.listed
    status = Status(enrollment.status)
    change = Change.of(enrollment.id, enrollment.version + 1, status, status, SUCCEEDED)
    enrollment.version = change.version
    await tx.flush()
    await announce_changes(tx, institution, enrollment.program_code, [change], by=by.name)
