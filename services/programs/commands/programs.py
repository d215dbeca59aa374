"""Publishing programs: the catalog's when the service starts, an institution's own when it asks."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.seating import place_seated
from services.programs.errors.programs import ProgramCodeDiffers
from services.programs.models import Cycle, CycleStatus, ProgramRow, ProgramVersion
from services.programs.queries.programs import program_of
from services.programs.rules.program import Program, Terms
from services.programs.rules.publishing import IssuedCycle, in_order, refuse_rewriting, refuse_unsound
from shared.clock import now
from shared.contracts.programs import ProgramPublished
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.history import History
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import record


async def publish_catalog(tx: AsyncSession, institution: str, programs: Iterable[Program]) -> None:
    """Publish the programs of the catalog that are new or say something new since the catalog was last taken over.

    Once an institution has published a program itself, that program is its own: no edition of the catalog changes it.
    """
    for program in programs:
        known = await tx.get(ProgramRow, program.code, with_for_update=True)
        if known is not None and (known.catalog_hash == program.content_hash() or _its_own(known)):
            continue
        row = await publish_program(tx, institution, program, known, by=institution)
        row.catalog_hash = program.content_hash()


def _its_own(known: ProgramRow) -> bool:
    return known.catalog_hash is not None and known.content_hash != known.catalog_hash


async def publish_terms(
    tx: AsyncSession, institution: str, code: str, terms: Terms, *, by: Caller, if_match: str
) -> ProgramRow:
    """Publish a version of a program the caller keeps. NotFound where it is none of theirs."""
    known = await tx.get(ProgramRow, code, with_for_update=True)
    if known is None or code not in by.programs:
        raise NotFound
    refuse_stale(if_match, known.version)
    if terms.code != code:
        raise ProgramCodeDiffers(pointer="/code", code=code)
    refuse_unsound(terms)
    before = program_of(known.document)
    refuse_rewriting(before, terms, await _issued(tx, code))
    terms = terms.model_copy(update={"values": in_order(terms.values)})
    return await publish_program(tx, institution, Program.of(terms, before.list_form), known, by=by.name)


async def _issued(tx: AsyncSession, code: str) -> list[IssuedCycle]:
    """The cycles that stand, each with the value of the version of the program it was issued under."""
    rows = await tx.execute(
        select(Cycle.starts_on, Cycle.value_from_on, ProgramVersion.document)
        .join(
            ProgramVersion,
            (ProgramVersion.program_code == Cycle.program_code) & (ProgramVersion.version == Cycle.program_version),
        )
        .where(Cycle.program_code == code, Cycle.status != CycleStatus.CANCELLED)
        .order_by(Cycle.starts_on)
    )
    return [
        IssuedCycle(starts_on, value)
        for starts_on, value_from_on, document in rows
        for value in program_of(document).values
        if value.from_on == value_from_on
    ]


async def publish_program(
    tx: AsyncSession, institution: str, program: Program, known: ProgramRow | None, *, by: str
) -> ProgramRow:
    """Store and announce a version of a program; one that says nothing new changes nothing. `known` is locked."""
    if known is not None and known.content_hash == program.content_hash():
        return known
    row = known or ProgramRow(code=program.code, id=new_id(), version=0)
    row.version += 1
    row.name_ar, row.name_fr, row.name_en = program.names.ar, program.names.fr, program.names.en
    row.owner, row.unit, row.benefit = program.owner, program.unit, program.benefit
    row.legal_channel, row.targeting = program.legal_channel, program.targeting.model_dump(mode="json")
    row.document = program.model_dump(mode="json", by_alias=True)
    row.content_hash, row.published_at = program.content_hash(), now()
    tx.add(row)
    await tx.flush()
    tx.add(
        ProgramVersion(
            program_code=row.code,
            version=row.version,
            document=row.document,
            published_at=row.published_at,
            published_by=by,
        )
    )
    await place_seated(tx, program)
    change = {"kind": "published", "content": program.content_hash().hex()}
    tx.add(History(aggregate_id=row.id, version=row.version, batch_id=row.id, changed_by=by, change=change))
    record(tx, ProgramPublished(institution=institution, program=program.code, program_id=row.id, version=row.version))
    return row
