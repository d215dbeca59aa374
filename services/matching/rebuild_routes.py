"""HTTP of rebuilds, and of the clusters of rows without an anchor in the registry."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.matching import clustering, rebuilding
from services.matching.decision_schemas import ClusterDetail, ClusterOut, RebuildIn, RebuildOut
from shared.database import Tx
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1")
Rebuilding = Annotated[Caller, permitted("links:rebuild")]
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
