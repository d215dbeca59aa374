"""The rows of the exports of a programs service: one statement each, read by a cursor of the database."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Label, Select, Text, case, func, literal, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Cycle, CycleStatus, Delivery, Enrollment, Entitlement, LedgerEntry
from services.programs.queries.programs import published
from services.programs.rules.benefits import HANDED_OVER, MEAL, Outcome, State
from services.programs.rules.exports import ADDED, beneficiary_fields, columns_of
from services.programs.rules.program import ListForm
from services.programs.rules.status import Status
from shared.exporting.cells import Column
from shared.exporting.files import Row
from shared.exporting.models import Export
from shared.exporting.writing import batches_of
from shared.text import Language


class ProgramsExporter:
    """What the worker writes into a file of a programs service."""

    async def columns(self, tx: AsyncSession, export: Export) -> Sequence[Column]:
        program = await published(tx, export.filters["program"])
        headed = None if export.format == "parquet" else cast(Language, export.filters["language"])
        return columns_of(program, export.what, export.columns, headed)

    async def batches(self, tx: AsyncSession, export: Export) -> AsyncIterator[Sequence[Row]]:
        form = (await published(tx, export.filters["program"])).list_form
        statement = {
            "enrollments": _enrollments,
            "entitlements": _entitlements,
            "deliveries": _deliveries,
            "reconciliation": _reconciliation,
        }[export.what](export, _beneficiary(export, form))
        # The columns were put into the file's order when the export was asked for.
        async for rows in batches_of(tx, statement, [*export.columns, "enrollment_id"]):
            yield rows


def _beneficiary(export: Export, form: ListForm) -> list[Label[Any]]:
    """A beneficiary by the fields of its program's list. What no column of ours holds is as it was sent."""
    columns = Enrollment.__table__.c
    known: dict[str, ColumnElement[Any]] = {
        "phone": Enrollment.phones[0].astext,
        "phone_2": Enrollment.phones[1].astext,
        "amount": columns.amount_mru,
        "action": literal(ADDED.in_(cast(Language, export.filters["language"]))),
        "effective_on": columns.enrolled_on,
    }
    return [
        (known[name] if name in known else columns[name] if name in columns else Enrollment.listed[name].astext).label(
            name
        )
        for name in beneficiary_fields(form, export.what)
        if export.what == "enrollments" or name != "amount"
    ]


def _enrollments(export: Export, beneficiary: list[Label[Any]]) -> Select[Any]:
    columns = Enrollment.__table__.c
    own = ("status", "reason", "exited_on", "monthly_value_mru", "link_status", "registry_household_id", "enrolled_on")
    rows: Select[Any] = (
        select(*beneficiary, *(columns[name] for name in own), columns.id.label("enrollment_id"))
        .where(columns.program_code == export.filters["program"])
        .order_by(columns.id)
    )
    status = export.filters.get("status")
    return rows.where(columns.status == status if status else columns.status != Status.EXITED)


def _entitlements(export: Export, beneficiary: list[Label[Any]]) -> Select[Any]:
    return (
        select(
            *beneficiary,
            Entitlement.amount_mru.label("amount"),
            Cycle.starts_on.label("period"),
            Cycle.ends_on,
            Entitlement.status,
            Entitlement.hold_reason,
            Entitlement.people,
            Entitlement.lines,
            Entitlement.id.label("entitlement_id"),
            Entitlement.enrollment_id,
        )
        .join(Cycle, Cycle.id == Entitlement.cycle_id)
        .join(Enrollment, Enrollment.id == Entitlement.enrollment_id)
        .where(
            Entitlement.cycle_id == export.filters["cycle_id"],
            Entitlement.status == export.filters.get("status", "due"),
        )
        .order_by(Entitlement.enrollment_id)
    )


def _or_as_sent(column: Label[Any]) -> ColumnElement[Any]:
    """A fact of the beneficiary; of one whom nobody here knows, as the report has it."""
    as_sent = Delivery.as_sent[column.name].astext
    known = column.element if isinstance(column.type, Text) else None
    return (column if known is None else func.coalesce(known, as_sent)).label(column.name)


def _deliveries(export: Export, beneficiary: list[Label[Any]]) -> Select[Any]:
    own = ("delivered_on", "outcome", "channel", "agent", "reference", "lines", "findings", "corrects")
    columns = Delivery.__table__.c
    rows: Select[Any] = (
        select(
            *(_or_as_sent(one) for one in beneficiary),
            Delivery.amount_mru.label("amount"),
            *(columns[name] for name in own),
            columns.id.label("delivery_id"),
            columns.entitlement_id,
            columns.enrollment_id,
        )
        .outerjoin(Enrollment, Enrollment.id == Delivery.enrollment_id)
        .where(columns.program_code == export.filters["program"])
        .order_by(columns.id)
    )
    cycle = export.filters.get("cycle_id")
    return rows.where(columns.cycle_id == cycle) if cycle else rows


def _reconciliation(export: Export, beneficiary: list[Label[Any]]) -> Select[Any]:
    handed_over = LedgerEntry.kind.in_(HANDED_OVER)
    nothing = literal(0)
    summed = (
        select(
            LedgerEntry.entitlement_id,
            func.sum(case((handed_over, nothing), else_=LedgerEntry.amount_mru)).label("due_mru"),
            func.sum(case((handed_over, LedgerEntry.amount_mru), else_=nothing)).label("delivered_mru"),
            func.max(case((handed_over, LedgerEntry.on_day), else_=null())).label("last_delivered_on"),
        )
        .where(LedgerEntry.cycle_id == export.filters["cycle_id"], LedgerEntry.entitlement_id.is_not(None))
        .group_by(LedgerEntry.entitlement_id)
        .subquery()
    )
    due, delivered = func.coalesce(summed.c.due_mru, 0), func.coalesce(summed.c.delivered_mru, 0)
    told = (
        select(Delivery.outcome)
        .where(Delivery.entitlement_id == Entitlement.id)
        .order_by(Delivery.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    # The words of rules.benefits.State; meals are reported by school, so what became of one pupil's cannot be told.
    state = case(
        (Entitlement.status != "due", Entitlement.status),
        (Entitlement.lines[0]["what"].astext == MEAL, State.DUE.value),
        (delivered > due, State.OVER.value),
        ((delivered == due) & (delivered > 0), State.DELIVERED.value),
        (delivered > 0, State.PARTLY.value),
        (told.in_([Outcome.ABSENT.value, Outcome.REJECTED.value]), told),
        (Cycle.status == CycleStatus.CLOSED, State.MISSING.value),
        else_=State.DUE.value,
    )
    return (
        select(
            *beneficiary,
            Cycle.starts_on,
            Cycle.ends_on,
            due.label("due_mru"),
            delivered.label("delivered_mru"),
            (due - delivered).label("balance_mru"),
            state.label("state"),
            summed.c.last_delivered_on,
            Entitlement.id.label("entitlement_id"),
            Entitlement.enrollment_id,
        )
        .join(Cycle, Cycle.id == Entitlement.cycle_id)
        .join(Enrollment, Enrollment.id == Entitlement.enrollment_id)
        .outerjoin(summed, summed.c.entitlement_id == Entitlement.id)
        .where(Entitlement.cycle_id == export.filters["cycle_id"])
        .order_by(Entitlement.enrollment_id)
    )
