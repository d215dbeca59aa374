"""How a partner stands, gathered from the tables that are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.agreements import queries as agreements
from gateway.agreements.queries import NOTICE
from gateway.directory.counts import Numbers
from gateway.directory.schemas import (
    AgreementLine,
    DifferenceOut,
    DisclosuresOut,
    FaultLine,
    HourLine,
    KeyLine,
    OverviewOut,
    QuotaOut,
)
from gateway.partners import queries as partners
from gateway.partners.differing import differences
from gateway.partners.file import Names, Partner
from gateway.partners.models import PartnerRow
from gateway.partners.schemas import CredentialOut
from gateway.traffic import counting
from shared.identity import Caller

MOST_AGREEMENTS = 100
LEFT = text(
    "SELECT floor(LEAST(:burst, tokens + :rate * GREATEST(0, extract(epoch FROM statement_timestamp() - refilled_at))))"
    " FROM quotas WHERE partner = :partner"
)


@dataclass(frozen=True, slots=True)
class Sections:
    """Which parts of a partner's page somebody may read; how much was asked, how fast and what failed is for all who see it."""

    agreements: bool
    credentials: bool
    disclosures: bool
    file: bool


ALL_OF_ONES_OWN = Sections(agreements=True, credentials=True, disclosures=True, file=False)
"""For the person who looks at the page of her institution."""


def sections_of_partner(caller: Caller) -> Sections:
    """By what its token may be used for."""
    return Sections(caller.may("agreements:read"), caller.may("credentials:write"), disclosures=True, file=False)


def sections_of_person(caller: Caller) -> Sections:
    """By her role."""
    credentials = caller.may("partners:read")
    return Sections(caller.may("agreements:read"), credentials, caller.may("disclosures:read"), file=credentials)


async def overview(
    tx: AsyncSession, partner: PartnerRow, at: datetime, sections: Sections, seed: Partner | None, numbers: Numbers
) -> OverviewOut:
    """`seed`: the partner as the file of this version has it."""
    counted = numbers.traffic
    held = await _agreements(tx, partner.id, at) if sections.agreements else None
    return OverviewOut(
        id=partner.id,
        names=Names(**partner.names),
        sandbox=partner.sandbox,
        suspended_at=partner.suspended_at,
        at=at,
        counted_since=counted.since,
        agreements=held[:MOST_AGREEMENTS] if held is not None else None,
        more_agreements=held is not None and len(held) > MOST_AGREEMENTS,
        quota=await _quota(tx, partner, counted),
        credentials=await _credentials(tx, partner.id) if sections.credentials else None,
        faults=[_fault(one) for one in counted.faults],
        hours=[
            HourLine(hour=one.hour, service=one.service, requests=one.requests, faults=one.faults)
            for one in counted.hours
        ],
        disclosures=_disclosures(numbers) if sections.disclosures else None,
        file=_file(seed, partner) if sections.file and seed is not None else None,
    )


async def _agreements(tx: AsyncSession, partner: str, at: datetime) -> list[AgreementLine]:
    day = at.date()
    held = await agreements.in_force_of(tx, partner, day, MOST_AGREEMENTS + 1)
    used = await agreements.used_on(tx, [row.id for row, _ in held], day)
    return [
        AgreementLine(
            id=row.id,
            kind=row.kind,
            provider=row.provider,
            recipient=row.recipient,
            state=version.state,
            version=version.version,
            not_after=version.not_after,
            days_left=(version.not_after - day).days,
            ends_soon=version.not_after <= day + NOTICE,
            used_today=used.get(row.id, 0),
            per_day=version.said.volume.per_day,
        )
        for row, version in held
    ]


async def _quota(tx: AsyncSession, partner: PartnerRow, counted: counting.Counted) -> QuotaOut:
    values = {"partner": partner.id, "burst": float(partner.burst), "rate": partner.requests_per_second}
    left = await tx.scalar(LEFT, values)
    return QuotaOut(
        requests_per_second=partner.requests_per_second,
        burst=partner.burst,
        concurrent=partner.concurrent,
        left=partner.burst if left is None else int(left),
        last_minute=counted.last_minute,
        today=counted.today,
    )


async def _credentials(tx: AsyncSession, partner: str) -> list[KeyLine]:
    rows: Sequence[CredentialOut] = [CredentialOut.of(row) for row in await partners.credentials(tx, partner)]
    return [KeyLine.model_validate(row) for row in rows]


def _fault(one: counting.Fault) -> FaultLine:
    page = None if one.code.isdecimal() else f"/docs/errors/{one.code}"
    return FaultLine(code=one.code, requests=one.requests, last_at=one.last_at, page=page)


def _disclosures(numbers: Numbers) -> DisclosuresOut:
    rows = numbers.disclosures
    counts = {decision: (count, people) for decision, count, people, _ in rows}
    return DisclosuresOut(
        allowed=counts.get("allowed", (0, 0))[0],
        people=counts.get("allowed", (0, 0))[1],
        refused=counts.get("refused", (0, 0))[0],
        last_at=max((row[3] for row in rows), default=None),
    )


def _file(seed: Partner, partner: PartnerRow) -> list[DifferenceOut]:
    return [
        DifferenceOut(field=one.field, only_in_file=list(one.only_in_file), only_in_database=list(one.only_in_database))
        for one in differences(seed, partner)
    ]
