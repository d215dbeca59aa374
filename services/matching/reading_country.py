"""The country read from PostgreSQL into columns: a few large statements, of which COPY gives the rows.

Households, members' ages, enrollments and spans are those of the day asked about as they are known now; places, scores,
categories, links and why somebody is not enrolled are as they stand now. What was known then is asked of its owners (eligibility replays).
"""

import asyncio
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import polars as pl
from sqlalchemy import BigInteger, Date, Integer, Select, and_, case, cast, func, literal, not_, or_, select, text, true
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from services.matching.deliveries import paid_households, reporting
from services.matching.eligible import chosen_on, documents
from services.matching.figures import values
from services.matching.figures.baskets import Basket, baskets_in, read_baskets
from services.matching.figures.country import HOUSEHOLDS, PAID, STANDING, Country, twelve_months
from services.matching.figures.eligible import eligible_households
from services.matching.figures.programs import open_days, program_facts
from services.matching.household_facts import households_on, spans_held
from services.matching.matrix import classes
from services.matching.models import Beneficiary, Household, LinkStatus, School
from services.matching.rules.deciding import LINK
from services.matching.rules.gap_reasons import OF_STATUS, GapReason
from shared.clock import now
from shared.copying import driver_of

DATA = Path(__file__).parent / "data"
READING_TIMEOUT_MS = 300_000
"""A statement over the whole country may take longer than one of a request; it locks nothing that others wait for."""
LARGEST_BASKET = 20
"""Baskets are laid out for households up to this size, or to the country's largest."""


async def read_country(tx: AsyncSession, day: date, today: date | None = None) -> Country:
    """The country on `day`, with the twelve months that end with it. The same data give the same frames, row by row.

    `today` is the day on which institutions' own monthly values are true: the present one where it is not given.
    """
    await tx.execute(text(f"SET LOCAL statement_timeout = {READING_TIMEOUT_MS}"))
    months = twelve_months(day)
    published = await documents(tx)
    matrix = await classes(tx, day)
    households = await _copied(tx, households_on(day).order_by("household_id"))
    enrollments = await _copied(tx, _enrollments(months, day))
    standing = await _copied(tx, _standing(day))
    paid = await _copied(tx, paid_households(months[0], day))
    reports = await reporting(tx)
    canteens = [(school, opens, closes) for school, opens, closes in await tx.execute(_canteens())]
    return await asyncio.to_thread(
        _country,
        households,
        enrollments,
        standing,
        paid,
        published,
        canteens=canteens,
        reports=reports,
        matrix=matrix,
        period=values.Period(months, today or now().date()),
        day=day,
    )


async def monthly_values(
    tx: AsyncSession, household_ids: Collection[UUID], day: date
) -> Callable[[], list[tuple[UUID, str, int]]]:
    """What households receive by certain links, by program, in hundredths of an MRU in a month in which it gives.

    Read here; the function it returns works it out, which takes too long for the loop.
    """
    published = await documents(tx)
    asked = list(household_ids)
    households = await _copied(tx, households_on(day).where(Household.id.in_(asked)).order_by("household_id"))
    enrollments = await _copied(tx, _enrollments((), day, asked))

    def work_out() -> list[tuple[UUID, str, int]]:
        living = _households(households)
        listed = _listed(enrollments, living)
        programs = tuple(program_facts(one, (day.replace(day=1),)) for one in published)
        found = values.enrolled(listed, living.select("household", "size"), programs, day, day).filter("certain")
        rows = found.join(living.select("household", "household_id"), on="household").sort("household_id", "program")
        return [
            (UUID(id_), program, value)
            for id_, program, value in rows.select("household_id", "program", "value").rows()
        ]

    return work_out


@cache
def baskets() -> tuple[Basket, ...]:
    """The baskets that ship, read once. BasketUnsound where the file cannot be right."""
    return read_baskets(orjson.loads((DATA / "baskets.json").read_bytes()))


def _enrollments(months: Sequence[date], day: date, of: Collection[UUID] | None = None) -> Select[Any]:
    """Every enrollment with a household, or with one of some, and in which months it counts: a bit each, and one for the day."""
    days = [*enumerate(min(_last_of(month), day) for month in months), (values.DAY_BIT, day)]
    spans = spans_held()
    bits: list[ColumnElement[int]] = [
        cast(spans.contains(cast(literal(one), Date)), Integer).op("<<")(place) for place, one in days
    ]
    counted = bits[0]
    for bit in bits[1:]:
        counted = counted.op("|")(bit)
    found = and_(_has_household(), true() if of is None else Beneficiary.household_id.in_(of))
    enrollments = (
        select(
            Beneficiary.household_id,
            Beneficiary.program,
            _certain(),
            cast(Beneficiary.monthly_value_mru * 100, BigInteger).label("own"),
            counted.label("months"),
            _school(Beneficiary.institution, Beneficiary.listed["school_key"].astext).label("school"),
        )
        .where(found)
        .subquery()
    )
    return select(enrollments).where(enrollments.c.months != 0)


def _has_household() -> ColumnElement[bool]:
    decided = Beneficiary.decided_as.in_((LinkStatus.LINKED, LinkStatus.TO_ADJUDICATE))
    return and_(Beneficiary.household_id.is_not(None), decided)


def _certain() -> ColumnElement[bool]:
    return (Beneficiary.decided_as == LinkStatus.LINKED).label("certain")


def _standing(day: date) -> Select[Any]:
    """Every enrollment with a household that is not enrolled on a day, and why not.

    Statuses are kept as they are now, days as spans. Who was enrolled after the day alone had not been yet. Who was enrolled
    before it and again after it had left in between; whether it was suspended instead, its institution alone knows.
    """
    spans, at = spans_held(), cast(literal(day), Date)
    begun, ended = func.lower(spans), func.upper(spans)
    status = Beneficiary.listed["status"].astext
    reason = case(
        (begun > at, None),
        (or_(ended > at, func.upper_inf(spans)), GapReason.EXITED.value),
        *((status == one, reason.value) for one, reason in OF_STATUS.items()),
        else_=case((begun.is_not(None), GapReason.EXITED.value)),
    )
    rows = select(Beneficiary.household_id, Beneficiary.program, reason.label("reason"), _certain())
    found = rows.where(_has_household(), not_(spans.contains(at))).subquery()
    return select(found).where(found.c.reason.is_not(None))


def _school(institution: ColumnElement[str] | Any, key: ColumnElement[str] | Any) -> ColumnElement[str]:
    """Of which school somebody is; null of who has none."""
    return institution + "/" + key


def _canteens() -> Select[str, date | None, date | None]:
    """The schools that institutions list, and from when to when each has a canteen."""
    return select(_school(School.institution, School.key).label("school"), School.canteen_from, School.canteen_to)


def _last_of(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


async def _copied(tx: AsyncSession, rows: Select[Any]) -> bytes:
    """The rows as CSV, as PostgreSQL writes them: five times faster than rows made in Python."""
    statement = str(rows.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]
    written = io.BytesIO()
    driver = await driver_of(tx, begun=True)
    await driver.copy_from_query(statement, output=written, format="csv", header=True)
    return written.getvalue()


def _country(
    households: bytes,
    enrollments: bytes,
    standing: bytes,
    paid: bytes,
    published: Sequence[Mapping[str, Any]],
    *,
    canteens: Sequence[tuple[str, date | None, date | None]],
    reports: frozenset[str],
    matrix: Any,
    period: values.Period,
    day: date,
) -> Country:
    living = _households(households)
    listed = _listed(enrollments, living)
    programs = tuple(program_facts(one, period.months) for one in published)
    sizes = living.select("household", "size")
    largest = int(living["size"].max() or 0)  # type: ignore[arg-type]
    return Country(
        day=day,
        months=period.months,
        households=living,
        receipts=values.receipts(listed, sizes, programs, period, open_days(published, canteens, period.months)),
        enrolled=values.enrolled(listed, sizes, programs, day, period.today),
        eligible=eligible_households(living, {one.code: one.rule.group for one in chosen_on(published, day)}),
        baskets=baskets_in(baskets(), period.months, max(LARGEST_BASKET, largest)),
        programs=programs,
        matrix=matrix,
        threshold=LINK,
        standing=_who_stands(standing, living),
        paid=_paid(paid, living),
        reporting=reports,
    )


def _households(written: bytes) -> pl.DataFrame:
    kinds = {name: kind for name, kind in HOUSEHOLDS.items() if name != "household"}
    read = pl.read_csv(written, schema_overrides=kinds)
    return read.with_row_index("household").select(pl.col(name).cast(kind) for name, kind in HOUSEHOLDS.items())


def _listed(written: bytes, households: pl.DataFrame) -> pl.DataFrame:
    """Enrollments by the number of their household's row."""
    kinds = {"household_id": pl.String, "program": pl.String, "certain": pl.String, "own": pl.Int64, "months": pl.Int32,
             "school": pl.String}  # fmt: skip
    read = pl.read_csv(written, schema_overrides=kinds).with_columns(certain=pl.col("certain") == "t")
    numbered = read.join(households.select("household", "household_id"), on="household_id")
    return numbered.select(pl.col(name).cast(kind) for name, kind in values.ENROLLMENTS.items())


def _who_stands(written: bytes, households: pl.DataFrame) -> pl.DataFrame:
    """Once for each household and program: by a certain link where there is one, and by the reason that comes first."""
    kinds = {"household_id": pl.String, "program": pl.String, "reason": pl.String, "certain": pl.String}
    read = pl.read_csv(written, schema_overrides=kinds).with_columns(certain=pl.col("certain") == "t")
    numbered = read.join(households.select("household", "household_id"), on="household_id")
    order = pl.Enum([one.value for one in OF_STATUS.values()])
    first = numbered.with_columns(pl.col("reason").cast(order)).sort(
        "household", "program", "certain", "reason", descending=[False, False, True, False]
    )
    once = first.unique(["household", "program"], keep="first", maintain_order=True)
    return once.select(pl.col(name).cast(kind) for name, kind in STANDING.items())


def _paid(written: bytes, households: pl.DataFrame) -> pl.DataFrame:
    """Who was paid, by the number of their household's row."""
    kinds = {"household_id": pl.String, "program": pl.String, "month": pl.Date, "certain": pl.String}
    read = pl.read_csv(written, schema_overrides=kinds).with_columns(certain=pl.col("certain") == "t")
    numbered = read.join(households.select("household", "household_id"), on="household_id")
    return numbered.select(pl.col(name).cast(kind) for name, kind in PAID.items()).sort("household", "program", "month")
