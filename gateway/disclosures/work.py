"""What the log has waiting for a person, for the health page and the dashboard."""

from sqlalchemy import func, select

from gateway.disclosures.breaking_glass import REVIEWED_WITHIN
from gateway.disclosures.oversight_models import BreakGlass, Erasure, ReadingAlert
from shared.clock import now
from shared.platform import Platform


async def disclosures_to_decide(platform: Platform) -> dict[str, int]:
    """Alerts and erasures that nobody has decided, break-glass not yet reviewed, and those that should have been."""
    late = BreakGlass.opened_at < now() - REVIEWED_WITHIN
    unreviewed = select(func.count()).select_from(BreakGlass).where(BreakGlass.reviewed_at.is_(None))
    counts = {
        "reading_alerts": select(func.count()).select_from(ReadingAlert).where(ReadingAlert.reviewed_at.is_(None)),
        "erasures_to_decide": select(func.count()).select_from(Erasure).where(Erasure.decided_at.is_(None)),
        "break_glass_to_review": unreviewed.where(~late),
        "break_glass_overdue": unreviewed.where(late),
    }
    async with platform.database.transaction() as tx:
        return {kind: await tx.scalar(count) or 0 for kind, count in counts.items()}
