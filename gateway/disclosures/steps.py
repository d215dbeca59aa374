"""From an answer on its way out, and from a refusal, to the rows of the log."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from gateway.disclosures.disclosure import FILE, Disclosure
from gateway.disclosures.recording import Recorder
from gateway.files.rules import as_found
from gateway.releasing import Answer

EMERGENCY = "emergency"
"""The purpose of what is read under a break-glass: no agreement names it."""


class Recording:
    """Writes what leaves, and what was refused, before the caller hears of it. Raises Unavailable: then nothing leaves."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def record(self, answer: Answer) -> None:
        """The last step of an answer: a row for each subject it tells of; of a file one row. Ids are the services' own here."""
        await self._recorder.record(disclosures_of(answer))

    async def refused(self, answer: Answer, code: str) -> None:
        """Somebody asked for people and was refused: who and why, without whom."""
        await self._recorder.record([_disclosure(answer, decision="refused", code=code, subjects=0)])


def disclosures_of(answer: Answer) -> list[Disclosure]:
    if (spooled := answer.spooled) is not None and answer.found is not None:
        file = as_found(answer.found, answer.route.file, spooled.sha256, answer.file)
        named = f"{address_of(answer.path, answer.query, answer.route.file.parts)}#sha256={file.sha256}"
        told = {"subjects": file.subjects, "attributes": file.attributes}
        return [_disclosure(answer, subject_kind=FILE, subject=named, **told)]
    return [
        _disclosure(answer, subject_kind=one.kind, subject=one.id, number=one.number, attributes=one.attributes)
        for one in answer.subjects()
    ]


def address_of(path: str, query: bytes, parts: Sequence[str]) -> str:
    """Which file it was: of the query only what says so, and of a parameter that stands twice the last, as a service reads it."""
    said = dict(parse_qsl(query.decode("latin-1")))
    told = {name: said[name] for name in parts if name in said}
    return f"{path}?{urlencode(told)}" if told else path


def _disclosure(answer: Answer, **told: Any) -> Disclosure:
    allowed, emergency = answer.allowed, answer.emergency
    purpose = allowed.purpose if allowed else ""
    legal_basis = allowed.under.terms.legal_basis.reference if allowed else ""
    agreement, version = (allowed.under.id, allowed.under.version) if allowed else ("", 0)
    if (grant := answer.grant) is not None and allowed and allowed.under.terms.kind == "mandate":
        # Not its own people: a service let it read them, and says by which right.
        agreement, version, purpose, legal_basis = grant.id, 1, grant.purpose, grant.legal_basis
    return Disclosure(
        partner=answer.partner.id,
        route=f"{answer.route.method} /{answer.route.service}{answer.route.path}",
        request=answer.request_id,
        official=answer.official or "",
        case=answer.case or "",
        purpose=EMERGENCY if emergency else purpose,
        break_glass=emergency.id if emergency else "",
        legal_basis=legal_basis,
        agreement=agreement,
        version=version,
        **told,
    )
