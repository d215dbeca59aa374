"""Matching put together."""

from pathlib import Path

from fastapi import FastAPI

from services.matching import adjudication_routes, internal_routes, referral_routes, routes
from services.matching.consumers import consumers
from services.matching.linking import link_pending, pending
from services.matching.settings import MatchingSettings
from shared.service import create_service

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: MatchingSettings) -> FastAPI:
    return create_service(
        settings,
        title="Matching",
        description="Links between programs' beneficiaries and the registry; overlaps and gaps between programs; referrals.",
        routers=[routes.router, adjudication_routes.router, referral_routes.router, internal_routes.router],
        migrations=MIGRATIONS,
        consumers=consumers,
        workers=[link_pending],
        waiting=pending,
    )
