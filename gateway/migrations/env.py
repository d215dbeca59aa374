"""Alembic's entry: the tables the gateway's database has."""

import shared.consuming
import shared.history
import shared.idempotency
import shared.outbox  # noqa: F401 - the imports define tables
from gateway.models import Base
from shared.database import PlatformBase
from shared.migrating import run_migrations

run_migrations(PlatformBase.metadata, Base.metadata)
