"""Matching put together."""

from pathlib import Path

from fastapi import FastAPI

from services.matching import adjudication_routes, internal_routes, rebuild_routes, referral_routes, routes
from services.matching.clustering import cluster_worker, clusters_waiting
from services.matching.consumers import consumers
from services.matching.linking import link_pending, pending
from services.matching.rebuilding import marks_left, rebuild_worker
from services.matching.settings import MatchingSettings
from shared.platform import Platform
from shared.service import create_service

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: MatchingSettings) -> FastAPI:
    return create_service(
        settings,
        title="Matching",
        description="Links between programs' beneficiaries and the registry; overlaps and gaps between programs; referrals.",
        routers=[
            routes.router,
            adjudication_routes.router,
            rebuild_routes.router,
            referral_routes.router,
            internal_routes.router,
        ],
        migrations=MIGRATIONS,
        consumers=consumers,
        workers=[link_pending, rebuild_worker, cluster_worker],
        waiting=_work_waiting,
    )


async def _work_waiting(platform: Platform) -> dict[str, int]:
    work: dict[str, int] = {}
    for waiting in (pending, marks_left, clusters_waiting):
        work |= await waiting(platform)
    return work
