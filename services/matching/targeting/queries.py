"""Reads of targeting lists: without names for those who decide, with names for the recipient of a released one."""

import hashlib
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.figures.list_counts import STAGES, list_counts
from services.matching.rules.targeting import ListStatus, mark_of, tie_seed
from services.matching.targeting.models import ListAccess, ListDisclosure, TargetedHousehold, TargetingList
from services.matching.targeting.schemas import (
    AreaCount,
    Boundary,
    CategoryCount,
    Counts,
    DisclosureOut,
    ExclusionCount,
    ListDetail,
    ListOut,
    ListTurn,
    MarkOut,
    OverlapCount,
    ReleaseOut,
)
from shared.errors import NotFound
from shared.history import History
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language, Text

Part = Literal["own", "to_review"]
OF_ROW = ("id", "version", "status", "partner", "official", "program", "provider", "purpose", "asked_at", "counted_at",
          "approved_at", "released_at", "revoked_at")  # fmt: skip
OF_ALL = ("day", *STAGES, "in_area", "chosen", "missing", "people", "top_up")
TIES = Text(
    ar="أسر متساوية الفقر: رُتبت بمفتاح HMAC-SHA-256 على معرّف القائمة ومعرّف الأسرة، ببذرة سحبتها المنصة عند الطلب.",
    fr="Ménages également pauvres : rangés par HMAC-SHA-256 de l'identifiant de la liste et de celui du ménage, sous une graine"
    " que la plateforme a tirée à la demande.",
    en="Households equally poor: ordered by HMAC-SHA-256 of the list's id and the household's, under a seed that the platform"
    " drew when the list was asked for.",
)


async def lists(
    tx: AsyncSession, by: Caller, part: Part, status: ListStatus | None, limit: int, cursor: str | None
) -> Page[ListOut]:
    """The caller's own lists, or those of its data, newest first."""
    whose = TargetingList.partner if part == "own" else TargetingList.provider
    rows = select(TargetingList).where(whose == by.name).order_by(TargetingList.id.desc()).limit(limit + 1)
    if status is not None:
        rows = rows.where(TargetingList.status == status)
    if cursor:
        rows = rows.where(TargetingList.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[ListOut(**_told(one)) for one in found[:limit]], next_cursor=more)


async def detail(tx: AsyncSession, list_id: UUID, by: Caller, language: Language) -> ListDetail:
    """One list. NotFound where it is neither the caller's nor of its data."""
    found = await tx.get(TargetingList, list_id)
    if found is None or by.name not in (found.partner, found.provider):
        raise NotFound
    turns = await tx.scalars(select(History).where(History.aggregate_id == list_id).order_by(History.version))
    history = [
        ListTurn(
            version=one.version,
            at=one.changed_at,
            by=one.changed_by,
            official=one.change["official"],
            status=one.change["to"],
            reason=one.change["reason"],
        )
        for one in turns
    ]
    return ListDetail(
        **_told(found),
        legal_basis=found.agreement["legal_basis"],
        asked=found.asked,
        terms=found.terms,
        counts=None if found.counts is None else counts_out(_seen_by(found, by), language),
        history=history,
        seed_commitment=hashlib.sha256(tie_seed(found.seed)).hexdigest(),
        seed=tie_seed(found.seed).hex() if found.released_at is not None else None,
    )


def _seen_by(found: TargetingList, by: Caller) -> dict[str, Any]:
    """The counts; of other programs the recipient sees those its agreement covers, the provider of the data all."""
    counts = found.counts or {}
    if by.name == found.provider:
        return counts
    covered = {found.program, *found.agreement["programs"]}
    return counts | {"overlaps": [one for one in counts["overlaps"] if one["program"] in covered]}


def _told(one: TargetingList) -> dict[str, Any]:
    return {name: getattr(one, name) for name in OF_ROW} | {
        "agreement_id": one.agreement["id"],
        "agreement_version": one.agreement["version"],
        "agreement_until": date.fromisoformat(one.agreement["not_after"]),
        "number": one.terms["number"],
    }


def counts_out(counts: dict[str, Any], language: Language) -> Counts:
    """The counts as they may be shown: cells of one to four are null, and so is one more where it would tell them."""
    shown = list_counts(counts)
    return Counts(
        **{name: shown[name] for name in OF_ALL},
        exclusions=[ExclusionCount(**one) for one in shown["exclusions"]],
        by_commune=[AreaCount(**one) for one in shown["by_commune"]],
        by_category=[CategoryCount(**one) for one in shown["by_category"]],
        boundaries=[Boundary(**one, explanation=TIES.in_(language)) for one in shown["boundaries"]],
        overlaps=[
            OverlapCount(**one | {"overlap_class": one["overlap_class"] or "undecided"}) for one in shown["overlaps"]
        ],
    )


async def releases(tx: AsyncSession, by: Caller, limit: int, cursor: str | None) -> Page[ReleaseOut]:
    """Every list of the caller's data that was ever released, newest first, with how much of it was read."""
    last = func.max(ListAccess.at)
    looks = (
        select(ListAccess.list_id, func.count().label("looks"), last.label("last"))
        .group_by(ListAccess.list_id)
        .subquery()
    )
    households = _count_of(TargetedHousehold)
    disclosed = _count_of(ListDisclosure)
    rows = (
        select(TargetingList, households, disclosed, looks.c.looks, looks.c.last)
        .outerjoin(looks, looks.c.list_id == TargetingList.id)
        .where(TargetingList.provider == by.name, TargetingList.released_at.is_not(None))
        .order_by(TargetingList.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(TargetingList.id < decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    items = [_release(one, count, told, looked, at) for one, count, told, looked, at in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].list_id) if len(found) > limit else None)


def _count_of(table: type[TargetedHousehold] | type[ListDisclosure]) -> Any:
    return select(func.count()).where(table.list_id == TargetingList.id).correlate(TargetingList).scalar_subquery()


def _release(one: TargetingList, households: int, disclosed: int, looks: int | None, last: Any) -> ReleaseOut:
    names = ("status", "version", "partner", "program", "purpose", "approved_by", "approving_official", "released_at",
             "revoked_at")  # fmt: skip
    return ReleaseOut(
        **{name: getattr(one, name) for name in names},
        list_id=one.id,
        agreement_id=one.agreement["id"],
        legal_basis=one.agreement["legal_basis"],
        fields=one.terms["fields"],
        households=households,
        disclosed=disclosed,
        accesses=looks or 0,
        last_access_at=last,
    )


async def disclosures(
    tx: AsyncSession, by: Caller, list_id: UUID | None, household_id: UUID | None, limit: int, cursor: str | None
) -> Page[DisclosureOut]:
    """Who was told of whom, of the caller's data; of one list, or of one household."""
    rows = (
        select(ListDisclosure)
        .join(TargetingList, TargetingList.id == ListDisclosure.list_id)
        .where(TargetingList.provider == by.name)
        .order_by(ListDisclosure.list_id, ListDisclosure.household_id)
        .limit(limit + 1)
    )
    for column, wanted in ((ListDisclosure.list_id, list_id), (ListDisclosure.household_id, household_id)):
        if wanted is not None:
            rows = rows.where(column == wanted)
    if cursor:
        after, at = decode_cursor(cursor, UUID, UUID)
        later = ListDisclosure.list_id == after, ListDisclosure.household_id > at
        rows = rows.where(or_(ListDisclosure.list_id > after, later[0] & later[1]))
    found = list(await tx.scalars(rows))
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[DisclosureOut.model_validate(one) for one in found[:limit]],
        next_cursor=None if last is None else encode_cursor(last.list_id, last.household_id),
    )


async def marked(tx: AsyncSession, list_id: UUID, mark: str, by: Caller) -> MarkOut:
    """NotFound where no row of the list has this mark, or the list is not of the caller's data."""
    found = await tx.get(TargetingList, list_id)
    if found is None or found.provider != by.name or found.released_at is None:
        raise NotFound
    rows = await tx.execute(
        select(TargetedHousehold.household_id, TargetedHousehold.position).where(TargetedHousehold.list_id == list_id)
    )
    position = next((place for id_, place in rows if mark_of(found.seed, list_id, id_) == mark), None)
    if position is None:
        raise NotFound
    return MarkOut(list_id=list_id, partner=found.partner, released_at=found.released_at, position=position)
