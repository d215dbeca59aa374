"""Formulas, the score of a household, and scorings of a whole area."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.registry.catalog import formula_documents
from services.registry.commands.acting import Acting
from services.registry.commands.ranking import sources
from services.registry.commands.rescoring import begin_scoring, cancel_scoring
from services.registry.commands.scoring import score_household
from services.registry.queries import scorings as queries
from services.registry.queries.moments import NOW
from services.registry.queries.scores import household_score
from services.registry.routes.asking import AtMoment
from services.registry.routes.questionnaires import IfNoneMatch, Version, page_of, published
from services.registry.schemas.questionnaires import PublishedOut
from services.registry.schemas.scoring import FormulaOut, ScoreIn, ScoreOut, ScoringIn, ScoringOut
from shared.database import Tx
from shared.errors import NotFound
from shared.etags import IfMatch, tag
from shared.idempotency import OnceOnly
from shared.identity import Caller, open_to_all, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of

router = APIRouter(prefix="/v1", tags=["scores"])

Scorer = Annotated[Caller, permitted("households:score")]
SCORING = [permitted("households:score")]


async def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language"))


Language = Annotated[str, Depends(_language)]


@router.get("/formulas", dependencies=[open_to_all])
async def list_formulas(limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[PublishedOut]:
    """The versions of the formula by which this registry computes scores, oldest first."""
    return page_of(list(formula_documents().values()), limit, cursor)


@router.get("/formulas/{version}", dependencies=[open_to_all], response_model=FormulaOut)
async def get_formula(version: Version, if_none_match: IfNoneMatch = None) -> Response:
    """One version: its inputs with their weights, the cut-offs of the categories, how long a score holds, and its basis in law."""
    found = formula_documents().get(version)
    if found is None:
        raise NotFound
    return published(found, if_none_match)


@router.get("/households/{household_id}/score", dependencies=[permitted("households:read")])
async def get_score(household_id: UUID, tx: Tx, moment: AtMoment, language: Language, response: Response) -> ScoreOut:
    """The score that holds, and the same computed again from what was known when it was decided, input by input.

    `reproduces` says whether both are the same to the last digit. A score that came with a file cannot be computed again.
    """
    found = await household_score(tx, household_id, moment, language)
    tag(response, found.household_version)
    return found


@router.post("/households/{household_id}/score")
async def compute_score(
    household_id: UUID, body: ScoreIn, tx: Tx, by: Scorer, if_match: IfMatch, language: Language, response: Response
) -> ScoreOut:
    """Compute a household's score by a published formula and store it with its category, its validity and its inputs' hash."""
    acting = Acting(by.name, sources().source_of(by.name))
    await score_household(
        tx, household_id, if_match=if_match, version=body.formula_version, day=body.day, acting=acting
    )
    found = await household_score(tx, household_id, NOW, language)
    tag(response, found.household_version)
    return found


@router.post("/scorings", status_code=202, response_model=ScoringOut)
async def start_scoring(body: ScoringIn, request: Request, once: OnceOnly, tx: Tx, by: Scorer) -> Response:
    """Give every household of an area its score anew, in the background; a dry run only shows who would change category.

    Each hundred households are announced by one `registry.households.registered` event.
    """

    async def begin() -> ScoringOut:
        made = await begin_scoring(
            tx,
            version=body.formula_version,
            place=body.place,
            dry_run=body.dry_run,
            reason=body.reason,
            by=by.name,
        )
        return queries.scoring_out(made)

    return await once.answer(begin, status=202, body=body.model_dump_json().encode())


@router.get("/scorings", dependencies=SCORING)
async def list_scorings(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[ScoringOut]:
    """Scorings, newest first."""
    return await queries.scorings(tx, limit, cursor)


@router.get("/scorings/{scoring_id}", dependencies=SCORING)
async def get_scoring(scoring_id: UUID, tx: Tx) -> ScoringOut:
    """How far a scoring is, which households moved between categories, and what was missing of others."""
    return await queries.scoring(tx, scoring_id)


@router.post("/scorings/{scoring_id}/cancel", dependencies=SCORING)
async def cancel(scoring_id: UUID, tx: Tx) -> ScoringOut:
    """Stop a scoring. What it has scored stays; to take a batch back, undo its change."""
    return queries.scoring_out(await cancel_scoring(tx, scoring_id))
