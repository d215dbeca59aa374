"""Exports of a programs service: what may be asked for, and by whom."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.errors.exports import FilterMissing
from services.programs.models import Cycle
from services.programs.queries.programs import published
from services.programs.rules.exports import column_names
from services.programs.schemas.exports import ExportIn
from shared.errors import NotFound, NotPermitted
from shared.exporting.errors import FilterNotForThis
from shared.exporting.models import Export
from shared.exporting.writing import Asked, ask_for, columns_for
from shared.identity import Caller

FILTERS = {
    "enrollments": ("program", "status"),
    "entitlements": ("program", "cycle_id", "status"),
    "deliveries": ("program", "cycle_id"),
    "reconciliation": ("program", "cycle_id"),
}
NEEDED = {"enrollments": "program", "entitlements": "cycle_id", "deliveries": "program", "reconciliation": "cycle_id"}
STATUSES = {
    "enrollments": ("applied", "enrolled", "suspended", "exited"),
    "entitlements": ("due", "held", "cancelled"),
}


def refuse_export(by: Caller, what: str, program: str | None) -> None:
    """NotPermitted where the caller may not read payments, NotFound where the program is not the caller's."""
    if what != "enrollments" and not by.may("payments:read"):
        raise NotPermitted(permission="payments:read")
    if program not in by.programs:
        raise NotFound(pointer="/program")


async def request_export(tx: AsyncSession, body: ExportIn, *, by: Caller) -> Export:
    """Ask for a file; the worker writes it."""
    given = {name: str(value) for name in ("program", "cycle_id", "status") if (value := getattr(body, name))}
    for name in given:
        if name not in FILTERS[body.what]:
            raise FilterNotForThis(pointer=f"/{name}", filters=", ".join(FILTERS[body.what]))
    if NEEDED[body.what] not in given:
        raise FilterMissing(pointer=f"/{NEEDED[body.what]}", filter=NEEDED[body.what])
    if body.status is not None and body.status not in STATUSES[body.what]:
        raise FilterNotForThis(pointer="/status", filters=", ".join(STATUSES[body.what]))
    if body.cycle_id is not None:
        cycle = await tx.get(Cycle, body.cycle_id)
        if cycle is None or cycle.program_code != given.get("program", cycle.program_code):
            raise NotFound(pointer="/cycle_id")
        given["program"] = cycle.program_code
    refuse_export(by, body.what, given["program"])
    form = (await published(tx, given["program"])).list_form
    asked = Asked(by.name, body.what, body.format, given | {"language": body.language}, body.columns)
    return await ask_for(tx, asked, columns_for(by, column_names(form, body.what)))
