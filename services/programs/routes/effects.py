"""What a checked list would do, beside the routes of imports."""

from uuid import UUID

from fastapi import APIRouter

from services.programs.queries import effects as queries
from services.programs.schemas.effects import EffectsOut
from shared.database import Tx
from shared.importing.asking import Importing, own_import

router = APIRouter(prefix="/v1/imports", tags=["imports"])


@router.get("/{import_id}/effects")
async def get_effects(import_id: UUID, tx: Tx, by: Importing) -> EffectsOut:
    """What a list sent with `dry_run` would do: who is new, active already, returning, also in another program of the
    institution, and who of the program's active beneficiaries the list does not name."""
    await own_import(tx, import_id, by)
    return await queries.effects(tx, import_id)
