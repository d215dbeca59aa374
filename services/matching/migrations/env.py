"""Alembic's entry: the tables this service's database has."""

import services.matching.case_models
import services.matching.decision_models
import services.matching.delivery_models
import services.matching.eligibility.models
import services.matching.gap_models
import services.matching.grievances.models
import services.matching.life.models
import services.matching.list_models
import services.matching.matrix_models
import services.matching.projection_models
import services.matching.responses.models
import services.matching.responses.plan_models
import services.matching.scenarios.models
import services.matching.snapshots.models
import services.matching.targeting.models
import services.matching.training_models  # noqa: F401
import shared.consuming
import shared.exporting.members
import shared.history
import shared.idempotency
import shared.outbox  # noqa: F401 - the imports define tables
from services.matching.models import Base
from shared.database import PlatformBase
from shared.exporting.models import ExportsBase
from shared.importing.models import ImportsBase
from shared.migrating import run_migrations

run_migrations(PlatformBase.metadata, ImportsBase.metadata, ExportsBase.metadata, Base.metadata)
