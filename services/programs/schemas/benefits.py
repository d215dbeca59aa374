"""Cycles, entitlements and the ledger on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.programs.models import CycleStatus
from services.programs.rules.benefits import EntryKind, State
from services.programs.rules.explaining import NothingDue
from services.programs.rules.reading import LARGEST_HOUSEHOLD
from shared.money import Mru

Reason = Annotated[str, Field(min_length=3, max_length=500)]


class PeriodOut(BaseModel):
    """A period of a program, both days included, in the Gregorian and in the Hijri (Umm al-Qura) calendar.

    A local sighting of the moon may differ from the Hijri dates by a day. `school_days` where meals are given;
    `cycle_id`: the cycle issued for it, if there is one.
    """

    starts_on: date
    ends_on: date
    starts_on_hijri: str
    ends_on_hijri: str
    late_after: date
    value_from: date
    amount_mru: Mru
    per: Literal["household", "person", "pupil"]
    school_days: int | None
    cycle_id: UUID | None


class CycleAsked(BaseModel):
    """`starts_on` is the first day of a period. Sizes of households count as of `sizes_on`, else of that first day."""

    model_config = ConfigDict(extra="forbid")

    program: Annotated[str, Field(max_length=64)]
    starts_on: date
    sizes_on: date | None = None


class CycleOut(BaseModel):
    """A cycle. While it is `issuing`, `percent` of `to_issue` are done; `waiting` says in the caller's language what for.

    `due` and `held` count entitlements, `skipped` enrollments of the period to whom nothing falls due: the suspended, and
    pupils whose canteen has no day in it. `amount_mru` is the sum of what is due. Where nothing fell due,
    `nothing_due` says why in the caller's language.
    """

    id: UUID
    program: str
    starts_on: date
    ends_on: date
    starts_on_hijri: str
    late_after: date
    status: CycleStatus
    version: int
    sizes_on: date
    known_at: datetime
    program_version: int
    value_from: date
    to_issue: int
    due: int
    held: int
    skipped: int
    percent: int
    amount_mru: Mru
    waiting_code: str | None
    waiting: str | None
    nothing_due_code: NothingDue | None
    nothing_due: str | None
    created_at: datetime
    created_by: str
    issued_at: datetime | None
    closed_at: datetime | None
    cancelled_at: datetime | None


class LineOut(BaseModel):
    """Goods or meals: how many, the subsidy or cost of one in MRU, and the sum."""

    what: str
    quantity: Decimal
    each_mru: Decimal
    sum_mru: Mru


class EntitlementOut(BaseModel):
    """What is due to one enrollment in one cycle; `handed_over_mru` is what deliveries, corrected, add up to.

    `state` compares the two: `missing` where nothing was and the cycle is closed. `amount_mru` is null where the size of the
    household is not known.
    """

    id: UUID
    cycle_id: UUID
    enrollment_id: UUID
    program: str
    status: Literal["due", "held", "cancelled"]
    hold_reason: str | None
    version: int
    people: int | None
    people_source: Literal["registry", "list", "person"] | None
    amount_mru: Mru | None
    lines: list[LineOut] | None
    state: State
    handed_over_mru: Mru
    explanation: list[str]
    """How the sum came about, in the caller's language."""


class Release(BaseModel):
    """`people`: the size of the household, where it was not known."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    people: Annotated[int, Field(ge=1, le=LARGEST_HOUSEHOLD)] | None = None


class Hold(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hold_reason: Literal["deceased", "conditions_not_met", "under_review"]
    reason: Reason


class Balance(BaseModel):
    """What is due of one thing in a cycle, what was handed over, and what remains: quantities and their worth."""

    what: str
    due: Decimal
    delivered: Decimal
    outstanding: Decimal
    due_mru: Mru
    delivered_mru: Mru
    outstanding_mru: Mru


class Reconciliation(BaseModel):
    """What was due in a cycle beside what was handed over.

    `entitlements` counts them by state. `findings` counts deliveries, as corrected, by what does not agree;
    `unknown` counts lines of the reports of this cycle that name nobody of the program.
    """

    cycle_id: UUID
    program: str
    status: CycleStatus
    entitlements: dict[State, int]
    deliveries: int
    findings: dict[str, int]
    unknown: int
    due_mru: Mru
    delivered_mru: Mru
    outstanding_mru: Mru
    by_what: list[Balance]


class LedgerEntryOut(BaseModel):
    """An entry of the ledger. `balance_mru` is due minus handed over, in all entries up to this one."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: EntryKind
    cycle_id: UUID | None
    enrollment_id: UUID | None
    entitlement_id: UUID | None
    delivery_id: UUID | None
    school: str | None
    what: str
    quantity: Decimal
    amount_mru: Mru
    balance_mru: Mru
    on_day: date
    corrects: UUID | None
    recorded_at: datetime
    recorded_by: str
