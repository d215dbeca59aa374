"""The plan and the after-action report of a shock response as printed pages, in one of three languages. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.matching.printing import TEMPLATES
from services.matching.printing.words import CATEGORIES
from services.matching.responses.page_words import (
    CLASS_WORDS,
    FOOT,
    FROM_WORDS,
    HOW_WORDS,
    LABELS,
    NOTES,
    PART_WORDS,
    SIGNATURES,
    STATUS_LABELS,
)
from services.matching.responses.plan_schemas import (
    AfterAction,
    ExclusionOut,
    FiguresOut,
    OverlapOut,
    ResponseDetail,
    TimelinessOut,
)
from services.matching.responses.schemas import PlaceName
from services.matching.rules.responding import month_after
from shared.errors import NotFound
from shared.printing import pdf
from shared.text import Language, Text

NOT_TOLD = "–"
"""What 1 to 4 households would be told by; what is not known yet."""
Cell = dict[str, str]
TEMPLATE = TEMPLATES / "response.typ"


def plan_page(found: ResponseDetail, language: Language) -> bytes:
    """NotFound while the plan is not computed."""
    if found.figures is None:
        raise NotFound
    say = _saying(language)
    return pdf(TEMPLATE, plan_data(found, found.figures, say, language), language)


def after_action_page(found: AfterAction, language: Language) -> bytes:
    return pdf(TEMPLATE, after_action_data(found, _saying(language), language), language)


Say = Callable[[Text], str]


def _saying(language: Language) -> Say:
    return lambda text: text.in_(language)


def plan_data(found: ResponseDetail, figures: FiguresOut, say: Say, language: Language) -> dict[str, Any]:
    """What the template prints of a plan."""
    first = date.fromisoformat(found.design["first_month"])
    last = month_after(first, figures.months - 1)
    facts = [
        _fact(say, "status", _word(say(STATUS_LABELS[found.status]))),
        _fact(say, "areas", _word(_places(found.areas, language))),
        _fact(say, "program", _number(found.program)),
        _fact(say, "months", _number(f"{first:%Y-%m} → {last:%Y-%m}")),
        _fact(say, "budget", _money(figures.budget_mru)),
        _fact(say, "spent", _money(figures.spent_mru)),
        _fact(say, "remainder", _money(figures.remainder_mru)),
        _fact(say, "next_amount", _money(figures.next_amount_mru)),
        _fact(say, "in_area", _counts(figures.households_in_area, figures.people_in_area)),
        _fact(say, "planned", _counts(figures.households, figures.people)),
        _fact(say, "already_in_program", _count(figures.already_in_program)),
        _fact(say, "in_other_responses", _count(found.in_other_responses)),
        _fact(say, "unreached", _arrow(figures.reach.unreached_before, figures.reach.unreached_after)),
        _fact(say, "poor_unreached", _arrow(figures.reach.poor_unreached_before, figures.reach.poor_unreached_after)),
        _fact(
            say,
            "eligible_unreached",
            _arrow(figures.reach.eligible_unreached_before, figures.reach.eligible_unreached_after),
        ),
        _fact(say, "day", _number(figures.day.isoformat())),
        _fact(say, "approved_by", _number(_approval(found))),
    ]
    tables = [
        _table(say, "by_part", ("part", "households", "people", "amount", "left_out"), _part_rows(figures, say)),
        _table(say, "by_commune", ROW_HEADS, _area_rows(figures.by_commune, language)),
        _table(say, "by_category", ROW_HEADS, _category_rows(figures, say)),
        _exclusions(say, figures.exclusions),
        _overlaps(say, figures.overlaps),
    ]
    notes = [say(NOTES[name]) for name in ("order", "hidden", "doubtful", "registry")]
    if figures.boundary is not None:
        drawn = NOTES["boundary"].format(alike=figures.boundary.alike, taken=figures.boundary.taken)
        notes.append(say(drawn))
    return {
        "title": say(LABELS["plan"]),
        "subtitle": found.title,
        "foot": say(FOOT),
        "code": f"{found.id} · v{found.version}",
        "facts": facts,
        "tables": tables,
        "notes": notes,
        "signatures": [say(one) for one in SIGNATURES],
    }


def after_action_data(found: AfterAction, say: Say, language: Language) -> dict[str, Any]:
    """What the template prints of an after-action report."""
    facts = [
        _fact(say, "status", _word(say(STATUS_LABELS[found.status]))),
        _fact(say, "areas", _word(_places(found.areas, language))),
        _fact(say, "program", _number(found.program)),
        *(
            _fact(say, name, _count(getattr(found, value)))
            for name, value in (
                ("households_planned", "planned"),
                ("households_listed", "listed"),
                ("households_enrolled", "enrolled"),
                ("households_paid", "paid"),
            )
        ),
        _fact(say, "budget", _money(found.budget_mru)),
        _fact(say, "spent", _money(found.planned_mru)),
        _fact(say, "remainder", _money(found.remainder_mru)),
        _fact(say, "paid_from", _word(say(FROM_WORDS[found.paid_from or found.timeliness.first_payment_from]))),
        _fact(say, "paid_mru", _money(found.paid_mru)),
        _fact(say, "unpaid", _money(found.unpaid_mru)),
        *_timeliness(say, found.timeliness),
    ]
    communes = [
        [_word(_place(one.commune, language)), _count(one.listed), _count(one.enrolled)] for one in found.by_commune
    ]
    return {
        "title": say(LABELS["after_action"]),
        "subtitle": found.title,
        "foot": say(FOOT),
        "code": str(found.response_id),
        "facts": facts,
        "tables": [
            _table(say, "by_commune", ("commune", "households_listed", "households_enrolled"), communes),
            _exclusions(say, found.exclusions),
            _overlaps(say, found.overlaps),
        ],
        "notes": [say(NOTES[name]) for name in ("hidden", "enrolled", "registry")],
        "signatures": [],
    }


ROW_HEADS = ("name", "households_there", "vertical", "horizontal", "people", "amount", "left_out")


def _part_rows(figures: FiguresOut, say: Say) -> list[list[Cell]]:
    return [
        [
            _word(say(PART_WORDS[one.part])),
            _count(one.households),
            _count(one.people),
            _money(one.amount_mru, unit=""),
            _count(one.left_out),
        ]
        for one in figures.parts
    ]


def _area_rows(rows: Sequence[Any], language: Language) -> list[list[Cell]]:
    return [[_word(_place(one.commune, language)), *_row(one)] for one in rows]


def _category_rows(figures: FiguresOut, say: Say) -> list[list[Cell]]:
    order = list(CATEGORIES)
    rows = sorted(figures.by_category, key=lambda one: order.index(one.category) if one.category in order else 99)
    return [
        [_word(say(CATEGORIES[one.category]) if one.category in order else one.category), *_row(one)] for one in rows
    ]


def _row(one: Any) -> list[Cell]:
    counts = [_count(getattr(one, name)) for name in ("households_there", "vertical", "horizontal", "people")]
    return [*counts, _money(one.amount_mru, unit=""), _count(one.left_out)]


def _exclusions(say: Say, rows: Sequence[ExclusionOut]) -> dict[str, Any]:
    cells = [
        [
            _number(one.program),
            _word(say(HOW_WORDS[one.paid_by or ("calendar" if one.how == "paid" else None)])),
            _count(one.households),
            _count(one.poor),
            _count(one.doubtful),
        ]
        for one in rows
    ]
    return _table(say, "exclusions", ("program", "how", "households", "poor", "doubtful"), cells)


def _overlaps(say: Say, rows: Sequence[OverlapOut]) -> dict[str, Any]:
    cells = [
        [
            _number(one.program),
            _count(one.households),
            _count(one.doubtful),
            _word(say(CLASS_WORDS[one.overlap_class])),
        ]
        for one in rows
    ]
    return _table(say, "overlaps", ("program", "households", "doubtful", "overlap_class"), cells)


def _timeliness(say: Say, told: TimelinessOut) -> list[dict[str, Any]]:
    return [
        _fact(say, "triggered_at", _number(told.triggered_at.date().isoformat())),
        _fact(say, "days_to_list", _count(told.days_to_list)),
        _fact(say, "days_to_first_payment", _count(told.days_to_first_payment)),
    ]


def _table(say: Say, title: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> dict[str, Any]:
    return {
        "title": say(LABELS[title]),
        "head": [say(LABELS[name]) for name in head],
        "rows": rows,
        "empty": say(LABELS["nobody"]),
    }


def _fact(say: Say, name: str, value: Cell) -> dict[str, Any]:
    return {"label": say(LABELS[name]), "value": value}


def _word(text: str) -> Cell:
    return {"kind": "word", "text": text}


def _number(text: str) -> Cell:
    return {"kind": "number", "text": text}


def _count(count: int | None) -> Cell:
    return _number(NOT_TOLD if count is None else _grouped(count))


def _counts(households: int | None, people: int | None) -> Cell:
    return _number(" / ".join(NOT_TOLD if one is None else _grouped(one) for one in (households, people)))


def _arrow(before: int | None, after: int | None) -> Cell:
    return _number(" → ".join(NOT_TOLD if one is None else _grouped(one) for one in (before, after)))


def _money(amount: Decimal | None, unit: str = "\N{NO-BREAK SPACE}MRU") -> Cell:
    if amount is None:
        return _number(NOT_TOLD)
    whole, _, cents = f"{amount:.2f}".partition(".")
    return _number(f"{_grouped(int(whole))},{cents}{unit}")


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def _approval(found: ResponseDetail) -> str:
    if found.approved_at is None:
        return NOT_TOLD
    return f"{found.approved_by} {found.approved_official} · {_day(found.approved_at)}"


def _day(moment: datetime | date) -> str:
    return f"{moment:%Y-%m-%d}"


def _places(places: Sequence[PlaceName], language: Language) -> str:
    return ("، " if language == "ar" else ", ").join(_place(one, language) for one in places)


def _place(place: PlaceName, language: Language) -> str:
    names: Mapping[str, str | None] = {"ar": place.name_ar or place.name_fr}
    return names.get(language, place.name_fr) or place.code
