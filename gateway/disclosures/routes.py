"""Routes of those who watch over the log: what was told to whom, and the report for the citizen who asks."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from gateway.acting import CASE, acting
from gateway.disclosures import queries
from gateway.disclosures.acts import Person
from gateway.disclosures.disclosure import Decision, Disclosure
from gateway.disclosures.errors import MomentsReversed
from gateway.disclosures.file_members import files_of
from gateway.disclosures.queries import Filter, Told
from gateway.disclosures.recording import Recorder
from gateway.disclosures.reporting import MOST_ENTRIES, as_page, citizen_report
from gateway.disclosures.schemas import CitizenReport, DisclosureOut, Reference
from gateway.partners.file import Partners
from shared.clock import now
from shared.database import Tx
from shared.identity import Caller, permitted
from shared.importing.asking import AskedLanguage
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page, decode_cursor, encode_cursor
from shared.printing.answering import FILES, Format, printed
from shared.text import Language
from shared.tracing import current_trace_id

router = APIRouter(prefix="/v1", tags=["disclosures"])
Watching = Annotated[Caller, permitted("disclosures:read")]
Code = Annotated[str | None, Query(max_length=120)]
Moment = Annotated[AwareDatetime | None, Query()]
MOST_NAMES = 20
Also = Annotated[
    list[Reference],
    Query(max_length=MOST_NAMES, description="Her household, her enrollments: ids or numbers, once for each."),
]
LOG = "disclosures"
"""What somebody is told of who reads the log: its rows, which name people."""


@router.get("/disclosures")
async def list_disclosures(
    request: Request,
    tx: Tx,
    by: Watching,
    partner: Code = None,
    official: Code = None,
    subject: Annotated[Reference | None, Query()] = None,
    agreement: Code = None,
    purpose: Code = None,
    decision: Decision | None = None,
    break_glass: Code = None,
    since: Moment = None,
    until: Moment = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[DisclosureOut]:
    """The log, newest first: every use of an agreement, every refusal, every act on the log itself.

    `subject` is an id or a number and finds both. Who reads the log stands in it too.
    """
    _refuse_reversed(since, until)
    before = decode_cursor(cursor, _position)[0] if cursor else None
    asked = Filter(partner, official, subject, agreement, purpose, decision, break_glass, since, until)
    rows = await queries.page(tx, asked, limit, before)
    await _record(request, by, "GET /v1/disclosures", [subject] if subject else [])
    shown = [_out(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=shown, next_cursor=encode_cursor(shown[-1].position) if more else None)


@router.get("/citizen-reports/{subject}")
async def report_citizen(
    request: Request,
    subject: Reference,
    tx: Tx,
    by: Watching,
    language: AskedLanguage,
    also: Also = [],  # noqa: B006 - FastAPI copies it
    since: Moment = None,
    until: Moment = None,
) -> CitizenReport:
    """What the platform told others of one citizen: when, whom, why, and which attributes; also in the files that were given in
    which she stood. A service that does not say so is named in `unanswered`, and the report is `partial`.

    `subject` is an id or a number (of a household, as on its card) and finds both.
    """
    return await _report(request, tx, by, [subject, *also], since, until, language)


@router.get("/citizen-reports/{subject}/printed", response_class=Response, responses=FILES)
async def print_citizen_report(
    request: Request,
    subject: Reference,
    tx: Tx,
    by: Watching,
    asked: AskedLanguage,
    also: Also = [],  # noqa: B006
    since: Moment = None,
    until: Moment = None,
    format: Format = "pdf",
    language: Annotated[Language | None, Query()] = None,
) -> Response:
    """The same to be handed over: PDF, or one page of HTML without a script. `language` goes before the Accept-Language header."""
    spoken = language or asked
    report = await _report(request, tx, by, [subject, *also], since, until, spoken)
    return await printed(as_page(report, spoken), format, "disclosures")  # a file's name travels: it says nobody's


async def _report(
    request: Request,
    tx: Tx,
    by: Caller,
    said: Sequence[str],
    since: AwareDatetime | None,
    until: AwareDatetime | None,
    language: Language,
) -> CitizenReport:
    _refuse_reversed(since, until)
    members = await files_of(request.app.state.platform, said)  # no transaction is open meanwhile
    held, given = await queries.commitments_of(tx, members.names), await queries.files_given(tx, members.files)
    rows = await queries.about(tx, held, given, since, until, MOST_ENTRIES)
    await _record(request, by, "GET /v1/citizen-reports/{subject}", said if held or given else [])
    partners: Partners = request.app.state.partners
    names = {partner.id: partner.names for partner in partners.values()}
    return citizen_report(said, rows, names, language, now(), members)


async def _record(request: Request, by: Caller, route: str, subjects: Sequence[str]) -> None:
    """A row for whoever reads the log, before she does; Unavailable where it cannot be written."""
    recorder: Recorder = request.app.state.recorder
    person = Person.of(by, dict(request.scope))
    reader = Disclosure(
        partner=person.partner,
        route=route,
        request=current_trace_id(),
        official=person.official,
        case=acting(dict(request.scope), CASE) or "",
        subjects=len(subjects),
        attributes=(LOG,),
    )
    await recorder.record([reader._replace(subject_kind=LOG, subject=one, subjects=1) for one in subjects] or [reader])


def _out(told: Told) -> DisclosureOut:
    row, subject, official = told
    return DisclosureOut(
        position=row.position,
        at=row.at,
        partner=row.partner,
        official=official.partition("/")[2] if official is not None else None,
        case=row.case,
        purpose=row.purpose,
        legal_basis=row.legal_basis,
        agreement=row.agreement,
        version=row.version,
        subject_kind=row.subject_kind,
        subject=subject,
        subjects=row.subjects,
        attributes=row.attributes,
        decision=row.decision,
        code=row.code,
        break_glass=row.break_glass,
        request=row.request,
        route=row.route,
    )


def _position(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise ValueError
    return value


def _refuse_reversed(since: AwareDatetime | None, until: AwareDatetime | None) -> None:
    if since is not None and until is not None and until <= since:
        raise MomentsReversed(pointer="/until")
