"""What a list that was only checked would do: counted beside the enrollments, before anything is applied."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import ImportEffects
from services.programs.rules.beneficiary_key import beneficiary_key
from services.programs.rules.listed import Listed
from services.programs.rules.program import Program
from services.programs.schemas.effects import Effects
from shared.copying import copy_rows
from shared.household_number import is_household_number
from shared.importing.models import Import
from shared.values import nni_check_holds

MOST_MISSING = 200
"""Of those whom a list does not name, kept one by one; the count has no bound."""

LISTED = ("beneficiary_key", "household_number", "nni")
TABLE = "CREATE TEMPORARY TABLE listed (beneficiary_key text, household_number text, nni text) ON COMMIT DROP"

STANDING = sql("""
    SELECT COALESCE(active.status, CASE WHEN past.reason IS NULL THEN 'new' ELSE 'returning' END) AS standing,
           CASE WHEN active.status IS NULL THEN past.reason END AS reason, count(*) AS people
    FROM (SELECT DISTINCT beneficiary_key FROM listed) AS named
    LEFT JOIN enrollments AS active ON active.program_code = :program AND active.status <> 'exited'
         AND active.beneficiary_key = named.beneficiary_key
    LEFT JOIN (
        SELECT DISTINCT ON (beneficiary_key) beneficiary_key, COALESCE(reason, 'unknown') AS reason FROM enrollments
        WHERE program_code = :program AND status = 'exited' ORDER BY beneficiary_key, exited_on DESC, id DESC
    ) AS past ON past.beneficiary_key = named.beneficiary_key
    GROUP BY 1, 2
""")
OVERLAPS = sql("""
    SELECT program_code, count(DISTINCT beneficiary_key) AS people FROM (
        SELECT others.program_code, listed.beneficiary_key FROM listed
        JOIN enrollments AS others USING (household_number)
        WHERE others.program_code <> :program AND others.status <> 'exited'
        UNION
        SELECT others.program_code, listed.beneficiary_key FROM listed
        JOIN enrollments AS others USING (nni)
        WHERE others.program_code <> :program AND others.status <> 'exited'
    ) AS found GROUP BY program_code
""")
MISSING = sql("""
    SELECT count(*) OVER () AS people, CAST(id AS text) AS id FROM enrollments
    WHERE program_code = :program AND status <> 'exited'
      AND NOT EXISTS (SELECT FROM listed WHERE listed.beneficiary_key = enrollments.beneficiary_key)
    ORDER BY enrollments.id LIMIT :most
""")


async def count_effects(
    tx: AsyncSession, import_: Import, program: Program, rows: AsyncIterator[Sequence[Listed]]
) -> None:
    """Count what the rows of a checked list would do and keep it with its import; counted again, it is replaced."""
    await tx.execute(sql(TABLE))
    of_everybody = not program.list_form.delta
    async for some in rows:
        of_everybody = of_everybody and all(row.action == "add" for row in some)
        named = [_named(program, row) for row in some if row.action == "add"]
        await copy_rows(tx, "listed", LISTED, named)
    await tx.execute(sql("ANALYZE listed"))
    effects, missing = await _effects(tx, program, of_everybody=of_everybody)
    kept: dict[str, Any] = {"effects": effects.model_dump() | {"missing_ids": missing}, "counted_at": func.now()}
    made = insert(ImportEffects).values(import_id=import_.id, **kept)
    await tx.execute(made.on_conflict_do_update(index_elements=[ImportEffects.import_id], set_=kept))


def _named(program: Program, row: Listed) -> tuple[str, str | None, str | None]:
    """Numbers that are none prove nothing: they are left out."""
    number, nni = row.household_number, row.nni
    return (
        beneficiary_key(program.unit, row),
        number if number and is_household_number(number) else None,
        nni if nni and nni_check_holds(nni) else None,
    )


async def _effects(tx: AsyncSession, program: Program, *, of_everybody: bool) -> tuple[Effects, list[str]]:
    of_program = {"program": program.code}
    new, active, returning = 0, {}, {}
    for standing, reason, people in await tx.execute(STANDING, of_program):
        if standing == "new":
            new = people
        elif standing == "returning":
            returning[reason] = people
        else:
            active[standing] = people
    overlaps = {code: people for code, people in await tx.execute(OVERLAPS, of_program)}  # noqa: C416 - rows are no pairs
    missing: int | None = None
    first: list[str] = []
    if of_everybody:
        found = (await tx.execute(MISSING, of_program | {"most": MOST_MISSING})).all()
        missing, first = (found[0].people if found else 0), [one.id for one in found]
    return Effects(new=new, active=active, returning=returning, overlaps=overlaps, missing=missing), first
