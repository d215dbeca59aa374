"""A rebuild compares everybody anew, chunk by chunk; what persons decided stands."""

import pytest
from decision_cases import ELSEWHERE, ROW, WFP, in_doubt, link, row, stands
from sqlalchemy import func, select

from matching_cases import Projection, enrollment, household, program
from services.matching import rebuilding
from services.matching.decision_errors import RebuildEnded, RebuildRunning
from services.matching.errors import ProgramUnknown
from services.matching.models import Beneficiary, LinkStatus
from services.matching.rebuilding import mark_some
from shared.errors import NotFound
from shared.history import History
from shared.ids import new_id


async def pending(projection: Projection) -> int:
    async with projection.database.transaction() as tx:
        rows = select(func.count()).select_from(Beneficiary).where(Beneficiary.link_status == LinkStatus.PENDING)
        return await tx.scalar(rows) or 0


async def test_everybody_is_compared_anew_and_a_decision_stands(
    projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "CHUNK", 2)
    await in_doubt(projection)
    await projection.enrollments(*(row(n) for n in range(2, 6)), institution="partners")
    await projection.link()
    await link(projection, ELSEWHERE)
    async with projection.database.transaction() as tx:
        turns = await tx.scalar(select(func.count()).select_from(History))
        begun = await rebuilding.start(tx, None, by=WFP)
        told = await rebuilding.progress(tx, begun.id)
    assert (told.status, told.total, told.marked, told.compared) == ("running", 5, 0, 0)

    seen = []
    for _ in range(8):
        async with projection.database.transaction() as tx:
            await mark_some(tx)
        async with projection.database.transaction() as tx:
            await mark_some(tx)  # nobody else is marked while these wait
        seen.append(await pending(projection))
        async with projection.database.transaction() as tx:
            halfway = await rebuilding.progress(tx, begun.id)
        assert halfway.compared == halfway.marked - seen[-1]
        await projection.link()
    async with projection.database.transaction() as tx:
        told = await rebuilding.progress(tx, begun.id)
        assert await tx.scalar(select(func.count()).select_from(History)) == turns
    assert [count for count in seen if count] == [2, 2, 1]
    assert (told.status, told.marked, told.compared) == ("done", 5, 5)
    assert (await stands(projection, ROW))[:2] == ("linked", ELSEWHERE)


async def test_one_rebuild_at_a_time_of_a_known_program_until_it_is_cancelled(projection: Projection) -> None:
    await projection.programs(program("TEKAVOUL", "taazour"))
    await projection.households(household(1))
    await projection.enrollments(enrollment("TEKAVOUL", 1, 1), enrollment("TEMWINE", 1, 1))
    await projection.link()
    async with projection.database.transaction() as tx:
        with pytest.raises(ProgramUnknown):
            await rebuilding.start(tx, "NOBODYS", by=WFP)
        begun = await rebuilding.start(tx, "TEKAVOUL", by=WFP)
        with pytest.raises(RebuildRunning):
            await rebuilding.start(tx, None, by=WFP)
        assert (await rebuilding.progress(tx, begun.id)).total == 1
        await mark_some(tx)
        await rebuilding.cancel(tx, begun.id)
        with pytest.raises(RebuildEnded):
            await rebuilding.cancel(tx, begun.id)
        for ask in (rebuilding.cancel, rebuilding.progress):
            with pytest.raises(NotFound):
                await ask(tx, new_id())

    assert await pending(projection) == 1
    async with projection.database.transaction() as tx:
        assert await mark_some(tx) == 0
        await rebuilding.start(tx, None, by=WFP)
