"""Routes of reviews: what the registry learned that touches an enrollment, and what a person decides about it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.programs.commands.deciding import decide_review
from services.programs.queries import reviews as queries
from services.programs.routes.asking import AskedLanguage, institution_of
from services.programs.rules.reviewing import ReviewKind
from services.programs.schemas.reviews import Decision, ReviewOut
from shared.database import Tx
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["reviews"])
Reading = Annotated[Caller, permitted("enrollments:read")]


@router.get("/reviews")
async def list_reviews(
    tx: Tx,
    by: Reading,
    language: AskedLanguage,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    program: Annotated[str | None, Query(max_length=64)] = None,
    status: Literal["open", "decided"] | None = None,
    kind: ReviewKind | None = None,
    enrollment_id: UUID | None = None,
) -> Page[ReviewOut]:
    """What waits for a person, and what was decided, oldest first. A program that is not the caller's has none."""
    about = {"status": status, "kind": kind, "enrollment_id": enrollment_id}
    return await queries.reviews(tx, by, program, limit, cursor, language, **about)  # type: ignore[arg-type]


@router.get("/reviews/{review_id}")
async def get_review(review_id: UUID, tx: Tx, by: Reading, language: AskedLanguage) -> ReviewOut:
    """One review, explained in the caller's language."""
    return await queries.review(tx, review_id, by.programs, language)


@router.post("/reviews/{review_id}/decide", response_model=ReviewOut)
async def decide(
    request: Request,
    review_id: UUID,
    body: Decision,
    once: OnceOnly,
    tx: Tx,
    by: Annotated[Caller, permitted("enrollments:write")],
    language: AskedLanguage,
) -> Response:
    """Decide an open review by one of its `decisions`; one that was decided or lifted meanwhile is refused.

    `succession` hands the enrollment to another member of the household; `keep` lets it go on as it is; `suspend` and
    `exit` do what the routes of enrollments do. Where the enrollment goes on, what was held is due again when no other
    review holds it.
    """

    async def run() -> ReviewOut:
        decided = await decide_review(
            tx,
            review_id,
            decision=body.decision,
            beneficiary=body.beneficiary,
            by=by,
            institution=institution_of(request),
        )
        return ReviewOut.of(decided, language)

    return await once.answer(run, status=200, body=body.model_dump_json().encode())
