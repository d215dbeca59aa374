"""Matching put together."""

from pathlib import Path

from fastapi import FastAPI

from services.matching import (
    adjudication_routes,
    case_routes,
    internal_routes,
    list_routes,
    matrix_routes,
    rebuild_routes,
    referral_routes,
    routes,
    training_routes,
)
from services.matching.clustering import cluster_worker, clusters_waiting
from services.matching.consumers import consumers
from services.matching.deduplicating import duplicates_worker
from services.matching.eligibility import routes as eligibility_routes
from services.matching.eligibility.replaying import replay_worker, replays_waiting
from services.matching.file_kinds import KindsImporter
from services.matching.gaps import gaps_waiting, sweep_gaps
from services.matching.grievances import routes as grievance_routes
from services.matching.grievances.reminding import remind_of_grievances
from services.matching.indexing import have_kernels, keep_index, members_to_index
from services.matching.learning import train_models
from services.matching.life import routes as life_routes
from services.matching.life.proposing import changes_waiting, propose_hand_overs
from services.matching.linking import link_pending, pending
from services.matching.list_queries import MatchesExporter
from services.matching.listing import ListImporter, prune_lists
from services.matching.overlap_cases import case_worker
from services.matching.projection_rebuilding import projections_waiting, projections_worker
from services.matching.rebuilding import marks_left, rebuild_worker
from services.matching.reminding import remind_of_cases, remind_of_referrals, reminder
from services.matching.responses import plan_routes
from services.matching.responses import routes as response_routes
from services.matching.responses.computing import plan_responses, plans_waiting
from services.matching.responses.importing import AnalysesKind
from services.matching.rules.phases import KIND as CADRE_HARMONISE
from services.matching.scenarios import routes as scenario_routes
from services.matching.scenarios.running import run_scenarios, scenarios_waiting
from services.matching.settings import MatchingSettings
from services.matching.snapshots import report_routes as snapshot_report_routes
from services.matching.snapshots import routes as snapshot_routes
from services.matching.snapshots.making import snapshots_waiting, snapshots_worker
from services.matching.targeting import routes as targeting_routes
from services.matching.targeting.counting import count_lists, lists_waiting
from services.matching.targeting.remarks import KIND as REMARKS
from services.matching.targeting.remarks import RemarksKind
from shared.exporting.writing import export_worker, exports_waiting
from shared.importing.applying import import_worker, imports_waiting
from shared.importing.ending import prune_imports
from shared.importing.routers import ROUTERS as IMPORT_ROUTERS
from shared.importing.routers import take_files
from shared.platform import Platform
from shared.service import create_service

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: MatchingSettings) -> FastAPI:
    importer = KindsImporter({CADRE_HARMONISE: AnalysesKind(), REMARKS: RemarksKind()}, others=ListImporter())
    app = create_service(
        settings,
        title="Matching",
        description="Links between programs' beneficiaries and the registry; overlaps and gaps between programs; referrals; lists matched.",
        routers=[
            routes.router,
            matrix_routes.router,
            case_routes.router,
            grievance_routes.router,
            adjudication_routes.router,
            rebuild_routes.router,
            referral_routes.router,
            life_routes.router,
            list_routes.router,
            list_routes.files,
            training_routes.router,
            response_routes.router,
            targeting_routes.router,
            scenario_routes.router,
            plan_routes.router,
            plan_routes.disclosures,
            eligibility_routes.router,
            snapshot_routes.router,
            snapshot_report_routes.router,
            *IMPORT_ROUTERS,
            internal_routes.router,
        ],
        migrations=MIGRATIONS,
        consumers=consumers,
        workers=[
            keep_index,
            link_pending,
            case_worker,
            sweep_gaps,
            propose_hand_overs,
            replay_worker,
            reminder(remind_of_referrals, remind_of_cases, remind_of_grievances),
            rebuild_worker,
            projections_worker,
            cluster_worker,
            duplicates_worker,
            train_models,
            count_lists,
            plan_responses,
            snapshots_worker,
            import_worker(importer),
            prune_imports,
            prune_lists,
            run_scenarios,
            export_worker(MatchesExporter()),
        ],
        waiting=_work_waiting,
        first=have_kernels,
    )
    take_files(app, importer)
    return app


async def _work_waiting(platform: Platform) -> dict[str, int]:
    work: dict[str, int] = {}
    for waiting in (
        pending,
        gaps_waiting,
        changes_waiting,
        replays_waiting,
        members_to_index,
        marks_left,
        projections_waiting,
        clusters_waiting,
        lists_waiting,
        snapshots_waiting,
        imports_waiting,
        exports_waiting,
        scenarios_waiting,
        plans_waiting,
    ):
        work |= await waiting(platform)
    return work
