"""The rules matrix as a printed page."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.errors import MatrixTooLargeToPrint
from services.matching.matrix import in_force
from services.matching.matrix_models import MatrixDecision
from services.matching.models import Program
from services.matching.printing import TEMPLATES
from services.matching.printing.words import CLASSES
from services.matching.rules.matrix import pair_of
from shared.printing import pdf
from shared.text import Language, Text

MOST_PRINTED = 20
"""Programs on one page: with more, no name can be read in its column."""
TITLE = Text(
    ar="مصفوفة القواعد بين البرامج", fr="Matrice des règles entre programmes", en="Rules matrix between programs"
)
SUBTITLE = Text(ar="كما هي سارية في \u2066{day}\u2069", fr="En vigueur le {day}", en="As in force on {day}")
FOOT = Text(
    ar="التقاطع الممنوع حالة يراجعها موظف، ولا يُقصى به أحد آليا.",
    fr="Un cumul interdit est un cas à examiner par une personne ; nul n'est exclu automatiquement.",
    en="A forbidden overlap is a case for a person to review; nobody is excluded by it automatically.",
)
NOTE = Text(
    ar="* لأسر تستوفي شروطا معينة صنف آخر، وهو مذكور أدناه.",
    fr="* Une autre règle vaut pour les ménages qui remplissent des conditions ; elles sont dites ci-dessous.",
    en="* Households that meet certain conditions have another class; it is said below.",
)
HEADINGS = {
    "decisions": Text(ar="القرارات ونصوصها القانونية", fr="Décisions et textes", en="Decisions and their legal texts"),
    "from": Text(ar="من", fr="à partir du", en="from"),
    "version": Text(ar="الإصدار", fr="version", en="version"),
    "where": Text(ar="إذا كان:", fr="si :", en="where:"),
}
AND = Text(ar="، و", fr=" et ", en=" and ")


async def printed(tx: AsyncSession, day: date, language: Language) -> bytes:
    """The matrix of a day as a PDF. MatrixTooLargeToPrint."""
    programs = {one.code: one for one in await tx.scalars(select(Program).order_by(Program.code))}
    if len(programs) > MOST_PRINTED:
        raise MatrixTooLargeToPrint(most=MOST_PRINTED)
    decided = list(await tx.scalars(in_force(day)))
    data = page_of(programs, decided, day, language)
    return await asyncio.to_thread(pdf, TEMPLATES / "matrix.typ", data, language)


def page_of(
    programs: dict[str, Program], decided: Sequence[MatrixDecision], day: date, language: Language
) -> dict[str, Any]:
    """What the template prints."""
    rules = {(one.program_a, one.program_b): one for one in decided}
    names = {code: one.names.get(language) or code for code, one in programs.items()}

    def cell(one: str, other: str) -> dict[str, Any] | None:
        if one == other:
            return None
        found = rules.get(pair_of(one, other))
        return {
            "class": found.overlap_class if found else "undecided",
            "exempted": bool(found and found.exemptions),
        }

    return {
        "title": TITLE.in_(language),
        "subtitle": SUBTITLE.format(day=day).in_(language),
        "foot": FOOT.in_(language),
        "note": NOTE.in_(language) if any(one.exemptions for one in decided) else "",
        "words": {code: word.in_(language) for code, word in CLASSES.items()},
        "headings": {code: word.in_(language) for code, word in HEADINGS.items()},
        "programs": [{"name": names[code], "classes": [cell(code, other) for other in programs]} for code in programs],
        "decisions": [
            {
                "pair": f"{names[one.program_a]} – {names[one.program_b]}",
                "class": one.overlap_class,
                "version": str(one.version),
                "valid_from": str(one.valid_from),
                "language": one.language,
                "legal_text": one.legal_text,
                "exemptions": [
                    {
                        "class": each["overlap_class"],
                        "where": AND.in_(language).join(said["label"][language] for said in each["conditions"]),
                    }
                    for each in one.exemptions
                ],
            }
            for one in decided
        ],
    }
