"""Deltas: the net changes of a program since its receiver was told last, as one numbered and frozen list."""

from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import DELTA_ACTIONS, Delta
from services.programs.queries.programs import published
from services.programs.rules.deltas import FACTS, delta_fields
from shared.clock import now
from shared.ids import new_id

WRITE_NEWS = sql(
    # What the receiver holds is what the deltas so far add up to; what there is now is compared with it by beneficiary,
    # so that who left and came back in between is no news.
    f"""
    WITH told AS (
        SELECT DISTINCT ON (beneficiary_key) beneficiary_key, action, enrollment_id, facts
        FROM delta_rows JOIN deltas ON deltas.id = delta_id
        WHERE program_code = :program AND receiver = :receiver
        ORDER BY beneficiary_key, number DESC
    ), held AS (
        SELECT * FROM told WHERE action <> 'remove'
    ), active AS (
        SELECT beneficiary_key, id, enrolled_on,
               jsonb_build_object({", ".join(f"'{name}', {name}" for name in FACTS)}) AS facts
        FROM enrollments WHERE program_code = :program AND status IN ('enrolled', 'suspended')
    ), ended AS (
        SELECT beneficiary_key, max(exited_on) AS exited_on FROM enrollments
        WHERE program_code = :program AND status = 'exited' GROUP BY beneficiary_key
    ), news AS (
        SELECT COALESCE(active.beneficiary_key, held.beneficiary_key) AS beneficiary_key,
               CASE WHEN held.beneficiary_key IS NULL THEN 'add'
                    WHEN active.beneficiary_key IS NULL THEN 'remove' ELSE 'change' END AS action,
               COALESCE(active.id, held.enrollment_id) AS enrollment_id,
               COALESCE(active.facts, held.facts) AS facts,
               active.enrolled_on
        FROM active FULL JOIN held USING (beneficiary_key)
        WHERE active.beneficiary_key IS NULL OR held.beneficiary_key IS NULL OR active.facts <> held.facts
    ), written AS (
        INSERT INTO delta_rows (delta_id, row, action, beneficiary_key, enrollment_id, effective_on, facts)
        SELECT CAST(:delta AS uuid),
               row_number() OVER (ORDER BY array_position(CAST(:actions AS text[]), action), beneficiary_key),
               action, beneficiary_key, enrollment_id,
               CASE action WHEN 'add' THEN COALESCE(news.enrolled_on, CAST(:day AS date))
                           WHEN 'remove' THEN COALESCE(ended.exited_on, CAST(:day AS date))
                           ELSE CAST(:day AS date) END,
               facts
        FROM news LEFT JOIN ended USING (beneficiary_key)
        RETURNING action
    )
    SELECT action, count(*) AS lines FROM written GROUP BY action
    """  # noqa: S608 - column names of ours
)


async def make_delta(tx: AsyncSession, program_code: str, receiver: str) -> Delta:
    """The next delta of a program for a receiver.

    Where nothing has changed the last one stands, so that two who ask at once, or one who asks twice, get one delta.
    """
    form = (await published(tx, program_code)).list_form
    who = f"deltas of {program_code} for {receiver}"
    await tx.execute(sql("SELECT pg_advisory_xact_lock(hashtext(:who))"), {"who": who})
    newest = select(Delta).where(Delta.program_code == program_code, Delta.receiver == receiver)
    last = await tx.scalar(newest.order_by(Delta.number.desc()).limit(1))
    made = Delta(
        id=new_id(),
        program_code=program_code,
        receiver=receiver,
        number=last.number + 1 if last else 1,
        fields=delta_fields(form),
        additions=0,
        removals=0,
        changes=0,
        made_at=now(),
    )
    tx.add(made)
    await tx.flush()
    values = {"program": program_code, "receiver": receiver, "delta": made.id, "day": made.made_at.date()}
    counted = await tx.execute(WRITE_NEWS, values | {"actions": list(DELTA_ACTIONS)})
    written: dict[str, int] = {one.action: one.lines for one in counted}
    if last is not None and not written:
        await tx.delete(made)
        await tx.flush()
        return last
    made.additions, made.removals, made.changes = (written.get(one, 0) for one in ("add", "remove", "change"))
    await tx.flush()
    return made
