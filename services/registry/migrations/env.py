"""Alembic's entry: the tables this service's database has."""

import shared.consuming
import shared.exporting.members
import shared.history
import shared.idempotency
import shared.outbox  # noqa: F401 - the imports define tables
from services.registry.models import Base
from shared.database import PlatformBase
from shared.exporting.models import ExportsBase
from shared.importing.models import ImportsBase
from shared.migrating import run_migrations

run_migrations(PlatformBase.metadata, ImportsBase.metadata, ExportsBase.metadata, Base.metadata)
