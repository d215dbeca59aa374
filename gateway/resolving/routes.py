"""Many records in one request."""

from typing import Annotated

from fastapi import APIRouter, Request

from gateway.resolving.asking import Reply, resolve
from gateway.resolving.schemas import Answered, Question
from shared.identity import Caller, permitted

router = APIRouter(prefix="/v1", tags=["records"])
PROGRAMS = "programs-"


@router.post("/records:resolve")
async def resolve_records(
    question: Question, request: Request, by: Annotated[Caller, permitted("enrollments:read")]
) -> Answered:
    """Households, individuals and enrollments, up to 200, each as a single read under the same headers would give it. Another
    institution's need an agreement with the operation `bulk`.

    A service that does not answer leaves its records `unanswered` and is named in `missing`; the others' are there.
    """
    gateway = request.app.state.gateway

    async def read(address: str) -> Reply:
        reply: Reply = await gateway.read_as_caller(request.scope, address)
        return reply

    processes = request.app.state.platform.settings.service_urls
    institutions = [name.removeprefix(PROGRAMS) for name in processes if name.startswith(PROGRAMS)]
    return await resolve(read, question.records, institutions)
