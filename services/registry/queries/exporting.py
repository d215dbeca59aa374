"""The rows of an export, at a moment: one statement each, read by a cursor of the database."""

import json
from collections.abc import AsyncIterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Select, Subquery, cast, func, literal_column, select, union_all
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Household, Identifier, Individual, Membership, PastState, Place, QualityRun
from services.registry.models.states import Record
from services.registry.queries.findings import communes_of
from services.registry.queries.moments import Moment, believed_at, holds, member_at
from services.registry.queries.quality import figures_of
from services.registry.rules.exports import read_columns
from shared.exporting.cells import Column
from shared.exporting.files import Row
from shared.exporting.models import Export
from shared.exporting.writing import batches_of

HOUSEHOLD_COLUMNS = (
    "commune_code", "village", "village_code", "vulnerability_category", "score", "formula_version", "scored_on",
    "score_valid_until", "surveyed_on", "phones", "questionnaire_version", "answers", "status", "left_reason",
)  # fmt: skip
INDIVIDUAL_COLUMNS = (
    "name_fr", "name_ar", "sex", "birth_date", "birth_precision", "disability", "questionnaire_version", "answers",
    "status", "died_on",
)  # fmt: skip


@cache
def export_columns() -> dict[str, tuple[Column, ...]]:
    """Every column of every export, in order, as it ships with this version."""
    return read_columns(json.loads((files("services.registry") / "data" / "export_columns.json").read_text("utf-8")))


def columns_of(export: Export) -> list[Column]:
    """The columns asked for, in the order in which the file has them."""
    return [column for column in export_columns()[export.what] if column.name in export.columns]


def _states(table: type[Record], kind: str, names: Sequence[str], moment: Moment) -> Subquery:
    """Records of a kind as they were at a moment, with these facts."""
    columns = table.__table__.c
    current = select(table.id, table.number, table.version, table.source, *(columns[name] for name in names))
    if moment.is_now:
        return current.subquery()
    facts = [
        (PastState.state[name] if isinstance(columns[name].type, JSONB) else PastState.state[name].astext)
        for name in names
    ]
    then = (
        select(
            table.id,
            table.number,
            PastState.version,
            PastState.source,
            *(cast(fact, columns[name].type).label(name) for name, fact in zip(names, facts, strict=True)),
        )
        .join(PastState, PastState.record_id == table.id)
        .where(PastState.kind == kind, holds(PastState, moment))
    )
    held = current.where(table.true_from <= moment.day, table.known_from <= moment.known)
    return union_all(held, then).subquery()


class RegistryExporter:
    """What the worker writes into a file of the registry."""

    async def columns(self, tx: AsyncSession, export: Export) -> Sequence[Column]:
        return columns_of(export)

    async def batches(self, tx: AsyncSession, export: Export) -> AsyncIterator[Sequence[Row]]:
        names = [column.name for column in columns_of(export)]
        if export.what == "quality":
            yield [[*(row[name] for name in names), None] for row in await quality_rows(tx, export)]
            return
        of_whom = "individual_id" if export.what == "individuals" else "household_id"
        async for rows in batches_of(tx, await rows_of(tx, export), [*names, of_whom]):
            yield rows


async def rows_of(tx: AsyncSession, export: Export) -> Select[Any]:
    """The statement whose rows, by column name, are the export's."""
    moment = Moment(export.as_of, export.known_at)
    statement = {"households": _households, "individuals": _individuals, "memberships": _memberships}[export.what](
        moment
    )
    where = await _living(tx, export.filters)
    made: Select[Any] = statement(export.filters, where)
    return made


async def _living(tx: AsyncSession, filters: dict[str, Any]) -> dict[str, Any]:
    """The places of a filter, as the column of a household and its values."""
    if "place" not in filters:
        return {}
    place = await tx.get_one(Place, filters["place"])
    if place.kind == "village":
        return {"village_code": [place.code]}
    return {"commune_code": [one.code for one in await communes_of(tx, place.code)]}


def _narrowed(rows: Select[Any], household: Subquery, where: dict[str, Any], category: str | None) -> Select[Any]:
    for name, values in where.items():
        rows = rows.where(household.c[name].in_(values))
    return rows.where(household.c.vulnerability_category == category) if category else rows


def _households(moment: Moment) -> Any:
    found = _states(Household, "household", HOUSEHOLD_COLUMNS, moment)
    size = select(func.count()).where(Membership.household_id == found.c.id, member_at(moment)).correlate(found)

    def statement(filters: dict[str, Any], where: dict[str, Any]) -> Select[Any]:
        rows: Select[Any] = select(
            *(found.c[name] for name in ("version", *HOUSEHOLD_COLUMNS, "source")),
            found.c.id.label("household_id"),
            found.c.number.label("household_number"),
            size.scalar_subquery().label("size"),
        ).order_by(found.c.id)
        rows = _narrowed(rows, found, where, filters.get("category"))
        return rows.where(found.c.status == filters["status"]) if "status" in filters else rows

    return statement


def _homes(moment: Moment) -> Subquery:
    return _states(Household, "household", ("commune_code", "village_code", "vulnerability_category"), moment)


def _individuals(moment: Moment) -> Any:
    found = _states(Individual, "individual", INDIVIDUAL_COLUMNS, moment)
    nni = select(func.min(Identifier.value)).where(
        Identifier.individual_id == found.c.id, Identifier.type == "NNI", believed_at(Identifier, moment)
    )
    numbers = (
        select(func.coalesce(func.jsonb_agg(Household.number), literal_column("'[]'::jsonb")))
        .join(Membership, Membership.household_id == Household.id)
        .where(Membership.individual_id == found.c.id, member_at(moment))
    )

    def statement(filters: dict[str, Any], where: dict[str, Any]) -> Select[Any]:
        rows: Select[Any] = select(
            *(found.c[name] for name in ("version", *INDIVIDUAL_COLUMNS, "source")),
            found.c.id.label("individual_id"),
            found.c.number.label("individual_number"),
            numbers.correlate(found).scalar_subquery().label("household_numbers"),
            nni.correlate(found).scalar_subquery().label("nni"),
        ).order_by(found.c.id)
        if where or "category" in filters:
            home = _homes(moment)
            living = select(Membership.individual_id).join(home, home.c.id == Membership.household_id)
            living = _narrowed(living.where(member_at(moment)), home, where, filters.get("category"))
            rows = rows.where(found.c.id.in_(living))
        return rows.where(found.c.status == filters["status"]) if "status" in filters else rows

    return statement


def _memberships(moment: Moment) -> Any:
    home = _homes(moment)

    def statement(filters: dict[str, Any], where: dict[str, Any]) -> Select[Any]:
        rows: Select[Any] = (
            select(
                Membership.household_id,
                home.c.number.label("household_number"),
                home.c.commune_code,
                Membership.individual_id,
                Individual.number.label("individual_number"),
                Membership.relationship,
                Membership.from_on,
                Membership.until_on,
            )
            .join(home, home.c.id == Membership.household_id)
            .join(Individual, Individual.id == Membership.individual_id)
            .where(member_at(moment))
            .order_by(Membership.id)
        )
        return _narrowed(rows, home, where, filters.get("category"))

    return statement


async def quality_rows(tx: AsyncSession, export: Export) -> list[dict[str, Any]]:
    """The figures of every place, of the last completed run; none before the first."""
    completed = select(QualityRun).where(QualityRun.status == "completed").order_by(QualityRun.id.desc()).limit(1)
    run = await tx.scalar(completed)
    if run is None:
        return []
    figures = await figures_of(tx, [run.id])
    within = export.filters.get("place")
    rows = []
    for place in figures.places:
        age = figures.ages.get((place.code, run.id))
        if within is None or within in figures.line(place.code):
            rows.append(
                {
                    "place_code": place.code,
                    "kind": place.kind,
                    "name_fr": place.name_fr,
                    "name_ar": place.name_ar,
                    "on_day": run.on_day,
                    "records": figures.records(place.code, run.id),
                    "index": figures.index(place.code, run.id),
                    "households": age.households if age is not None else 0,
                    "median_age_days": age.median_days if age is not None else None,
                    "stale_households": age.stale if age is not None else 0,
                    "findings": figures.findings[place.code],
                }
            )
    return rows
