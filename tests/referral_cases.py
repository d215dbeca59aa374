"""A program's list and an insurance, for tests of referrals: who is insured, who is not, and of whom nobody can tell."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from matching_cases import Projection, enrollment, household, id_of, program
from services.matching import referring
from services.matching.schemas import ReferralsIn, ReferralsSent
from shared.database import Database
from shared.identity import Caller
from shared.outbox import OutboxRow

CASH, INSURANCE, FOOD = "DISABILITY_CASH", "HEALTH_INSURANCE", "EL_MAOUNA"
MASEF = Caller("masef", frozenset(), frozenset({CASH}), frozenset({CASH, INSURANCE, FOOD}))
CNAM = Caller("cnam", frozenset(), frozenset({INSURANCE}), frozenset({INSURANCE}))
CSA = Caller("csa", frozenset(), frozenset({FOOD}), frozenset({FOOD, INSURANCE}))


def cash(number: int, of: int | None, **listed: Any) -> dict[str, Any]:
    """Line `number` of MASEF's list, of household `of`; a stranger's where that is None."""
    told = {} if of is not None else {"name": "Penda Mint Samba", "sex": "F"}
    return enrollment(CASH, number, of, **told | listed)


def insured(number: int, of: int | None, **listed: Any) -> dict[str, Any]:
    told = {} if of is not None else {"name": f"Penda Mint Samba {number}", "sex": "F"}
    return enrollment(INSURANCE, number, of, unit="household", **told | listed)


async def a_country(projection: Projection) -> None:
    """Seven households, 0 to 6. MASEF's list: lines 0 to 5 are of households 0 to 5, line 6 is household 5 again, line 7 a
    stranger, line 8 household 6, who has left. Insured: household 0; household 1 is suspended; and a stranger.
    """
    await projection.programs(program(CASH, "masef"), program(INSURANCE, "taazour"), program(FOOD, "csa"))
    await projection.households(*(household(n) for n in range(7)))
    await projection.enrollments(
        *(cash(n, n) for n in range(6)), cash(6, 5), cash(7, None), cash(8, 6, status="exited"), institution="masef"
    )
    await projection.enrollments(insured(0, 0), insured(1, 1, status="suspended"), insured(2, None))
    await projection.link()


def line(number: int) -> UUID:
    """The enrollment of line `number` of MASEF's list."""
    return id_of(f"{CASH} {number}")


async def refer(database: Database, *lines: int, by: Caller = MASEF, most: int = 10_000, **told: Any) -> ReferralsSent:
    """MASEF refers lines of its list to the insurance; all that lack it where none is named."""
    body = {"from_program": CASH, "to_program": INSURANCE, "reason": "not_in_program"} | told
    asked = ReferralsIn.model_validate({"enrollments": [line(n) for n in lines] or "all"} | body)
    async with database.transaction() as tx:
        return await referring.refer(tx, asked, by=by, most=most)


async def announced(database: Database) -> list[dict[str, Any]]:
    """Per announcement of referrals, oldest first, what it counts."""
    async with database.transaction() as tx:
        rows = await tx.scalars(
            select(OutboxRow).where(OutboxRow.type == "matching.referrals.changed.v1").order_by(OutboxRow.position)
        )
        return [
            {name: count for name, count in row.data.items() if name not in ("version", "batch_id") and count}
            for row in rows
        ]
