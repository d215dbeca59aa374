"""HTTP of the models that links are made by."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.matching import modeling
from services.matching.training_schemas import ByOfficial, ModelDetail, ModelOut, PromotionOut
from shared.database import Tx
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["models"])
Reading = Annotated[Caller, permitted("models:read")]
Training = Annotated[Caller, permitted("models:train")]
Promoting = Annotated[Caller, permitted("models:promote")]
Version = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,60}$", description="Of a set of models.")]


@router.get("/models")
async def list_models(tx: Tx, by: Reading, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[ModelOut]:
    """Every set of models: those that ship, and those trained here, with the one in force marked."""
    return await modeling.models(tx, limit, cursor)


@router.post("/models", status_code=202, response_model=ModelDetail)
async def train_models(body: ByOfficial, once: OnceOnly, tx: Tx, by: Training) -> Response:
    """Have a set learned from the records held here, which never leave: from national ids and from persons' decisions. In the
    background; one at a time."""

    async def begin() -> ModelDetail:
        return await modeling.model(tx, (await modeling.start(tx, body.official, by=by)).version)

    return await once.answer(begin, status=202, body=body.model_dump_json().encode())


@router.get("/models/{version}")
async def get_model(version: Version, tx: Tx, by: Reading) -> ModelDetail:
    """One set with its report: how right it is at each threshold, for each group of rows, beside the set before it."""
    return await modeling.model(tx, version)


@router.get("/models/{version}/file", response_class=Response)
async def get_model_file(version: Version, tx: Tx, by: Reading) -> Response:
    """A set as a file. It tells of no person: a part of a name that few bear does not stand in it."""
    return Response(await modeling.file_of(tx, version), media_type="application/json")


@router.post("/models/{version}/cancel")
async def cancel_training(version: Version, tx: Tx, by: Training) -> ModelDetail:
    """Train no further."""
    await modeling.cancel(tx, version)
    return await modeling.model(tx, version)


@router.post("/models/{version}/promote")
async def promote_model(version: Version, body: ByOfficial, tx: Tx, by: Promoting) -> ModelDetail:
    """Put a set in force: everybody is compared anew by it, and what persons decided stands above it. Whoever trained it does
    not promote it."""
    await modeling.promote(tx, version, body.official, by=by)
    return await modeling.model(tx, version)


@router.post("/models/roll-back")
async def roll_back_model(body: ByOfficial, tx: Tx, by: Promoting) -> ModelDetail:
    """Put back in force what was before the last promotion that stands; everybody is compared anew."""
    return await modeling.model(tx, await modeling.roll_back(tx, body.official, by=by))


@router.get("/model-promotions")
async def list_promotions(
    tx: Tx, by: Reading, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[PromotionOut]:
    """Which set was in force from when, and who said so; the last first."""
    return await modeling.promotions(tx, limit, cursor)
