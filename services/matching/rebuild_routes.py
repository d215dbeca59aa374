"""HTTP of rebuilds of links and of projections, of searches for duplicates, and of the clusters of rows without an anchor in the registry."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.matching import clustering, deduplicating, projection_rebuilding, rebuilding
from services.matching.decision_schemas import (
    ClusterDetail,
    ClusterOut,
    DuplicateSearchOut,
    ListedTwice,
    RebuildIn,
    RebuildOut,
)
from services.matching.projection_schemas import ProjectionRebuildIn, ProjectionRebuildOut
from shared.database import Tx
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1")
Rebuilding = Annotated[Caller, permitted("links:rebuild")]
Searching = Annotated[Caller, permitted("duplicates:search")]
Reading = Annotated[Caller, permitted("clusters:read")]


@router.post("/rebuild", tags=["rebuild"], status_code=202, response_model=RebuildOut)
async def start_rebuild(body: RebuildIn, once: OnceOnly, tx: Tx, by: Rebuilding) -> Response:
    """Have the beneficiaries of a program, or all, compared anew, beside what comes in. What persons decided stands."""

    async def begin() -> RebuildOut:
        return await rebuilding.progress(tx, (await rebuilding.start(tx, body.program, by=by)).id)

    return await once.answer(begin, status=202, body=body.model_dump_json().encode())


@router.get("/rebuild/{rebuild_id}", tags=["rebuild"])
async def get_rebuild(rebuild_id: UUID, tx: Tx, by: Rebuilding) -> RebuildOut:
    """How far a rebuild is."""
    return await rebuilding.progress(tx, rebuild_id)


@router.post("/rebuild/{rebuild_id}/cancel", tags=["rebuild"])
async def cancel_rebuild(rebuild_id: UUID, tx: Tx, by: Rebuilding) -> RebuildOut:
    """Mark no more rows; those that are marked are still compared."""
    await rebuilding.cancel(tx, rebuild_id)
    return await rebuilding.progress(tx, rebuild_id)


@router.post("/projection-rebuilds", tags=["rebuild"], status_code=202, response_model=ProjectionRebuildOut)
async def start_projection_rebuild(
    request: Request, body: ProjectionRebuildIn, once: OnceOnly, tx: Tx, by: Rebuilding
) -> Response:
    """Read what matching holds of others anew from its owners, or some parts of it, beside what comes in: what is missing or is
    not as they tell it takes its place, and what no owner knows is dropped."""
    platform = request.app.state.platform

    async def begin() -> ProjectionRebuildOut:
        begun = await projection_rebuilding.start(tx, body.what, platform, by=by)
        return await projection_rebuilding.progress(tx, begun.id)

    answer = await once.answer(begin, status=202, body=body.model_dump_json().encode())
    platform.wake_after(tx)
    return answer


@router.get("/projection-rebuilds/{rebuild_id}", tags=["rebuild"])
async def get_projection_rebuild(rebuild_id: UUID, tx: Tx, by: Rebuilding) -> ProjectionRebuildOut:
    """How far a rebuild of projections is, and how many rows were not as their owner tells them."""
    return await projection_rebuilding.progress(tx, rebuild_id)


@router.post("/projection-rebuilds/{rebuild_id}/cancel", tags=["rebuild"])
async def cancel_projection_rebuild(rebuild_id: UUID, tx: Tx, by: Rebuilding) -> ProjectionRebuildOut:
    """Read no further; what was read stays."""
    await projection_rebuilding.cancel(tx, rebuild_id)
    return await projection_rebuilding.progress(tx, rebuild_id)


@router.post("/duplicate-searches", tags=["duplicates"], status_code=202, response_model=DuplicateSearchOut)
async def start_duplicate_search(once: OnceOnly, tx: Tx, by: Searching) -> Response:
    """Look for people whom the registry holds twice; each pair becomes a request to merge, which its officials decide."""

    async def begin() -> DuplicateSearchOut:
        return await deduplicating.progress(tx, (await deduplicating.start(tx, by=by)).id)

    return await once.answer(begin, status=202, body=b"")


@router.get("/duplicate-searches/{search_id}", tags=["duplicates"])
async def get_duplicate_search(search_id: UUID, tx: Tx, by: Searching) -> DuplicateSearchOut:
    """How far a search is, and how many pairs it has proposed."""
    return await deduplicating.progress(tx, search_id)


@router.post("/duplicate-searches/{search_id}/cancel", tags=["duplicates"])
async def cancel_duplicate_search(search_id: UUID, tx: Tx, by: Searching) -> DuplicateSearchOut:
    """Look no further; what was proposed stays."""
    await deduplicating.cancel(tx, search_id)
    return await deduplicating.progress(tx, search_id)


@router.get("/programs/{program}/duplicates", tags=["duplicates"])
async def list_listed_twice(
    program: Annotated[str, Path(max_length=64)],
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[ListedTwice]:
    """Who stands twice in a program of the caller's, by its active enrollments. Nobody is excluded by it."""
    return await deduplicating.listed_twice(tx, program, by, limit, cursor)


@router.get("/clusters", tags=["clusters"])
async def list_clusters(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    min_programs: Annotated[int, Query(ge=1, le=100)] = 2,
) -> Page[ClusterOut]:
    """Rows of the caller's lists that are one person with others, whom the registry does not know: by how many programs."""
    return await clustering.clusters(tx, by, min_programs, limit, cursor)


@router.get("/clusters/{cluster_id}", tags=["clusters"])
async def get_cluster(cluster_id: UUID, tx: Tx, by: Reading) -> ClusterDetail:
    """One cluster with the caller's own rows. Its id is that of its smallest row, and changes with it."""
    return await clustering.cluster(tx, cluster_id, by)
