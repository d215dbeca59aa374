"""Dead letters of a process, for the operator: what failed for good, and giving it its effect after all."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from shared.bus import EventGone
from shared.consuming import DeadLetter, is_of_the_surroundings
from shared.database import Tx
from shared.errors import NotFound, Refusal, Unavailable
from shared.identity import INTERNAL, permitted
from shared.logs import log
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page, decode_cursor, encode_cursor
from shared.platform import Platform
from shared.text import Text

router = APIRouter(prefix="/internal/dead-letters", dependencies=[permitted(INTERNAL)], tags=["internal"])


class LetterEventGone(Refusal):
    code, status = "dead_letter_event_gone", 409
    text = Text(
        ar="لم يعد الحدث موجودا في التدفق. اطلبوا من صاحب البيانات نشره من جديد.",
        fr="L'événement n'est plus dans le flux. Demandez à son émetteur de le republier.",
        en="The event is no longer in the stream. Ask its publisher to publish it again.",
    )


class RedriveFailed(Refusal):
    code, status = "redrive_failed", 409
    text = Text(
        ar="فشل الحدث مرة أخرى ({reason}). التفاصيل في سجل العملية؛ أصلحوا السبب ثم أعيدوا المحاولة.",
        fr="L'événement a encore échoué ({reason}). Le détail est dans le journal du processus ; corrigez, puis réessayez.",
        en="The event failed again ({reason}). The process's log has the details; mend the cause, then try again.",
    )


class DeadLetterOut(BaseModel):
    """An event whose effect failed again and again: where it is in its stream and why; never its content."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    consumer: str
    event_id: UUID
    type: str
    stream: str
    sequence: int
    tries: int
    reason: str
    trace: str
    died_at: datetime


@router.get("")
async def list_dead_letters(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[DeadLetterOut]:
    """Dead letters that nobody has redriven yet, oldest first."""
    rows = select(DeadLetter).where(DeadLetter.redriven_at.is_(None)).order_by(DeadLetter.id).limit(limit + 1)
    if cursor:
        rows = rows.where(DeadLetter.id > decode_cursor(cursor, UUID)[0])
    found = list((await tx.scalars(rows)).all())
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[DeadLetterOut.model_validate(one) for one in found[:limit]], next_cursor=more)


@router.post("/{letter_id}/redrive", status_code=204, response_class=Response)
async def redrive_dead_letter(request: Request, letter_id: UUID) -> None:
    """Give a dead letter its effect after all; done once, however often it is asked for."""
    platform: Platform = request.app.state.platform
    try:
        for one in platform.consuming:
            if await one.redrive(letter_id):
                return
    except EventGone:
        raise LetterEventGone from None
    except Exception as fault:
        if is_of_the_surroundings(fault):
            log.warning("redrive_waits", letter_id=str(letter_id), reason=type(fault).__name__)
            raise Unavailable from None
        log.error("redrive_failed", letter_id=str(letter_id), exc_info=fault)
        raise RedriveFailed(reason=type(fault).__name__) from None
    raise NotFound
