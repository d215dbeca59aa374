"""What the first start finds in the database of agreements: the examples that ship, and each partner's mandate."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.agreements.commands import add_version, remember
from gateway.agreements.models import AgreementRow
from gateway.agreements.rules.lifecycle import State, Step
from gateway.agreements.terms import LARGEST_DAY, LARGEST_VOLUME, OPERATIONS, AgreementId, LegalBasis, Terms, Volume
from gateway.changes import announce
from gateway.partners.file import UNREADABLE, WRONG, NotConfigured, Partners
from shared.logs import log

SEEDING_LOCK = 0x7EC4_0021
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2099, 12, 31)
OWN_DATA = "own_data"
"""The purpose of a mandate."""
MANDATE_BASIS = LegalBasis(type="law", reference="Loi 2017-020; missions propres de l'institution")
MANDATE_RETENTION_DAYS = 3660


class Example(BaseModel):
    """An agreement as a file has it, in force: who signed for each party, and who approved it for the provider."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=1)
    """That it is invented, or where it is from."""
    id: AgreementId
    version: int = Field(ge=1)
    drafted_by: str
    signed_by: dict[str, str]
    """Partner: its official's number."""
    approved_by: str
    terms: Terms


def load_examples(folder: Path, partners: Partners) -> list[Example]:
    """The files of a folder whose parties there are. NotConfigured names the first wrong key."""
    programs = {code for one in partners.values() for code in (*one.programs, *one.subscribes)}
    found: dict[str, Example] = {}
    absent: list[str] = []
    for file in sorted(folder.glob("*.json")):
        example = _read(file)
        terms = example.terms
        if example.id in found:
            raise _wrong(file, "id", f"{example.id} stands twice")
        if not {terms.provider, terms.recipient} <= set(partners):
            absent.append(example.id)
            continue
        if unknown := sorted(set(terms.population.programs) - programs):
            raise _wrong(file, "terms.population.programs", f"nobody keeps {', '.join(unknown)}")
        if set(example.signed_by) != {terms.provider, terms.recipient}:
            raise _wrong(file, "signed_by", "both parties and nobody else")
        if terms.kind == "sharing" and example.approved_by == example.drafted_by:
            raise _wrong(file, "approved_by", "who wrote it does not approve it")
        found[example.id] = example
    if absent:
        log.info("agreements_without_their_parties", agreements=absent)
    return list(found.values())


def _read(file: Path) -> Example:
    try:
        return Example.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        raise _wrong(file, ".".join(str(part) for part in first["loc"]), first["msg"]) from fault
    except (OSError, ValueError) as fault:
        raise NotConfigured(UNREADABLE.format(file=file, reason=fault)) from fault


def _wrong(file: Path, key: str, reason: str) -> NotConfigured:
    return NotConfigured(WRONG.format(file=file, key=key, reason=reason))


async def seed(tx: AsyncSession, examples: list[Example]) -> None:
    """Enter the examples that the database does not know; what became of those it knows is its own to say."""
    await tx.execute(select(func.pg_advisory_xact_lock(SEEDING_LOCK)))  # several gateways may start at once
    known = set(await tx.scalars(select(AgreementRow.id)))
    for example in examples:
        if example.id not in known:
            await _enter(tx, example)
    await announce(tx)


async def _enter(tx: AsyncSession, example: Example) -> None:
    terms = example.terms
    tx.add(_row(example.id, terms))
    version = await add_version(tx, example.id, example.version, terms, State.ACTIVE)
    remember(tx, version, Step.DRAFT, terms.provider, example.drafted_by, example.note)
    for party, official in example.signed_by.items():
        remember(tx, version, Step.SIGN, party, official, None)
    remember(tx, version, Step.APPROVE, terms.provider, example.approved_by, None)


async def give_mandates(tx: AsyncSession, partners: Mapping[str, object]) -> int:
    """A mandate for each partner that has none, now and whenever one is added; how many."""
    await tx.execute(select(func.pg_advisory_xact_lock(SEEDING_LOCK)))
    have = set(await tx.scalars(select(AgreementRow.recipient).where(AgreementRow.kind == "mandate")))
    missing = sorted(set(partners) - have)
    for partner in missing:
        id_, terms = f"MANDATE-{partner.upper()}", mandate(partner)
        tx.add(_row(id_, terms))
        version = await add_version(tx, id_, 1, terms, State.ACTIVE)
        remember(tx, version, Step.DRAFT, partner, partner, None)
    if missing:
        await announce(tx)
    return len(missing)


def mandate(partner: str) -> Terms:
    """An institution's own right to what it keeps itself."""
    return Terms(
        kind="mandate",
        provider=partner,
        recipient=partner,
        legal_basis=MANDATE_BASIS,
        purposes=(OWN_DATA,),
        operations=OPERATIONS,
        volume=Volume(per_day=LARGEST_DAY, per_query=LARGEST_VOLUME),
        retention_days=MANDATE_RETENTION_DAYS,
        not_before=FIRST_DAY,
        not_after=LAST_DAY,
    )


def _row(id_: str, terms: Terms) -> AgreementRow:
    return AgreementRow(id=id_, kind=terms.kind, provider=terms.provider, recipient=terms.recipient, revision=1)
