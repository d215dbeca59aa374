"""The models that links are made by: trained, promoted, rolled back. Which is in force is read in each transaction."""

from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching import rebuilding
from services.matching.engine.models import Models
from services.matching.locking import hold_linking_lock
from services.matching.rules.promoting import promoted
from services.matching.settings import MODELS, REPORTS
from services.matching.training_errors import (
    ModelInForce,
    ModelNotReady,
    NothingToRollBack,
    OwnModel,
    TrainingEnded,
    TrainingRunning,
)
from services.matching.training_models import LinkageModel, ModelPromotion
from services.matching.training_schemas import ModelDetail, ModelOut, PromotionOut
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor

TRAINING, READY, CANCELLED = "training", "ready", "cancelled"
SHIPPER = "tekamoul"
_KEPT = 4
"""Sets that a process keeps read: the one in force, and a few that are compared with it."""


async def start(tx: AsyncSession, official: str, *, by: Caller) -> LinkageModel:
    """Have a set trained, in the background. TrainingRunning."""
    begun = LinkageModel(
        version=await _next_version(tx),
        status=TRAINING,
        progress=0.0,
        created_by=by.name,
        official=official,
        created_at=now(),
    )
    try:
        async with tx.begin_nested():
            tx.add(begun)
    except IntegrityError as taken:
        raise TrainingRunning from taken
    return begun


async def _next_version(tx: AsyncSession) -> str:
    """The day, and which of the day: versions come in the order in which they were asked for."""
    day = f"{now():%Y-%m-%d}"
    taken = await tx.scalars(select(LinkageModel.version).where(LinkageModel.version.like(f"{day}-%")))
    return f"{day}-{max((int(one.removeprefix(f'{day}-')) for one in taken), default=0) + 1:03}"


async def cancel(tx: AsyncSession, version: str) -> LinkageModel:
    """Train no further. NotFound, TrainingEnded."""
    found = await tx.get(LinkageModel, version, with_for_update=True)
    if found is None:
        raise NotFound
    if found.status != TRAINING:
        raise TrainingEnded
    found.status, found.ended_at = CANCELLED, now()
    await tx.flush()
    return found


async def promote(tx: AsyncSession, version: str, official: str, *, by: Caller) -> None:
    """Put a set in force and have everybody compared anew by it. NotFound, ModelNotReady, ModelInForce, OwnModel."""
    await hold_linking_lock(tx)
    found = await tx.get(LinkageModel, version)
    if found is None:
        raise NotFound
    if found.status != READY or await tx.scalar(select(LinkageModel.report).filter_by(version=version)) is None:
        raise ModelNotReady
    if version == await version_in_force(tx):
        raise ModelInForce
    if (found.created_by, found.official) == (by.name, official):
        raise OwnModel(pointer="/official")
    await _turn(tx, version, None, official, by)


async def roll_back(tx: AsyncSession, official: str, *, by: Caller) -> str:
    """Put back in force what was before the last promotion; which that is. NothingToRollBack."""
    await hold_linking_lock(tx)
    rows = await tx.execute(select(ModelPromotion.version, ModelPromotion.rolled_back).order_by(ModelPromotion.id))
    stack = promoted((version, back) for version, back in rows)
    if not stack:
        raise NothingToRollBack
    before = stack[-2] if len(stack) > 1 else newest_shipped().version
    await _turn(tx, before, stack[-1], official, by)
    return before


async def _turn(tx: AsyncSession, version: str, rolled_back: str | None, official: str, by: Caller) -> None:
    told = {"promoted_by": by.name, "official": official, "promoted_at": now()}
    tx.add(ModelPromotion(version=version, rolled_back=rolled_back, **told))
    await rebuilding.start_over(tx, by=by)


async def promotions(tx: AsyncSession, limit: int, cursor: str | None) -> Page[PromotionOut]:
    """Every turn of the version in force, the last first."""
    rows = select(ModelPromotion).order_by(ModelPromotion.id.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(ModelPromotion.id < decode_cursor(cursor, int)[0])
    found = list(await tx.scalars(rows))
    return Page(
        items=[PromotionOut.model_validate(one, from_attributes=True) for one in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None,
    )


async def models(tx: AsyncSession, limit: int, cursor: str | None) -> Page[ModelOut]:
    """Every set, the last asked for first."""
    rows = select(LinkageModel).order_by(LinkageModel.version.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(LinkageModel.version < decode_cursor(cursor, str)[0])
    found, in_force = list(await tx.scalars(rows)), await version_in_force(tx)
    return Page(
        items=[ModelOut(**_told(one, in_force)) for one in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].version) if len(found) > limit else None,
    )


async def model(tx: AsyncSession, version: str) -> ModelDetail:
    """One set with its report. NotFound."""
    found = await tx.get(LinkageModel, version)
    if found is None:
        raise NotFound
    report = await tx.scalar(select(LinkageModel.report).filter_by(version=version))
    return ModelDetail(**_told(found, await version_in_force(tx)), report=report)


def _told(found: LinkageModel, in_force: str) -> dict[str, Any]:
    own = {name: getattr(found, name) for name in ModelOut.model_fields if name != "in_force"}
    return own | {"in_force": found.version == in_force}


async def file_of(tx: AsyncSession, version: str) -> bytes:
    """A set as a file. NotFound, ModelNotReady."""
    body = (await tx.execute(select(LinkageModel.body).filter_by(version=version))).scalar_one_or_none()
    if body is None:
        raise NotFound if await tx.get(LinkageModel, version) is None else ModelNotReady
    return body


# ---- which is in force -----------------------------------------------------------------------------------


async def version_in_force(tx: AsyncSession) -> str:
    last = select(ModelPromotion.version).order_by(ModelPromotion.id.desc()).limit(1)
    rolled_to: str | None = await tx.scalar(last)
    return rolled_to or newest_shipped().version


async def models_in_force(tx: AsyncSession) -> Models:
    """The set in force. A promotion is committed under the linking lock: whoever holds it sees no other."""
    version = await version_in_force(tx)
    if version == newest_shipped().version:
        return newest_shipped()
    return _READ.get(version) or _remember(version, Models.from_json(await file_of(tx, version)))


_READ: dict[str, Models] = {}


def _remember(version: str, read: Models) -> Models:
    while len(_READ) >= _KEPT:
        _READ.pop(next(iter(_READ)))
    _READ[version] = read
    return read


@lru_cache(maxsize=1)
def newest_shipped() -> Models:
    return Models.newest(MODELS.glob("*.json"))


async def put_shipped(tx: AsyncSession) -> None:
    """The sets that ship are rows as the others are, from the first start of a release on."""
    for path in sorted(MODELS.glob("*.json")):
        report = REPORTS / path.name
        row = {
            "version": path.stem,
            "status": READY,
            "progress": 1.0,
            "body": path.read_bytes(),
            "report": orjson.loads(report.read_bytes()) if report.exists() else None,
            "created_by": SHIPPER,
            "official": "",
            "created_at": now(),
            "ended_at": now(),
        }
        await tx.execute(upsert(LinkageModel).values(row).on_conflict_do_nothing())
