"""The pages of a response: in three languages, with nothing in them that the figures do not tell."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args
from uuid import UUID

import pytest

from services.matching.responses import pages
from services.matching.responses.page_words import LABELS, NOTES
from services.matching.responses.plan_schemas import AfterAction, FiguresOut, ResponseDetail, TimelinessOut
from services.matching.responses.schemas import PlaceName
from services.matching.responses.showing import figures_out
from services.matching.rules.responding import ResponseStatus
from shared.errors import NotFound
from shared.text import Language

AMOURJ = PlaceName(code="MR011-C01", name_fr="Amourj", name_ar="آمرج")
ROW = {
    "households_there": 40,
    "people_there": 200,
    "vertical": 3,
    "horizontal": 20,
    "people": 100,
    "amount": 10_000_050,
}
FIGURES = {
    "day": "2026-06-30",
    "households_in_area": 80, "people_in_area": 400, "candidates": 60, "households": 46, "people": 230, "months": 4,
    "budget": 20_000_100, "spent": 20_000_000, "remainder": 100, "next_amount": 5_000, "stopped_by": "budget",
    "wanted": 30_000_000, "already_in_program": 2,
    "parts": [
        {"part": "vertical", "households": 6, "people": 30, "amount": 300, "left_out": 0},
        {"part": "horizontal", "households": 40, "people": 200, "amount": 700, "left_out": 14},
    ],
    "by_commune": [{"commune": "MR011-C01", **ROW, "left_out": 7}, {"commune": "MR011-C02", **ROW, "left_out": 7}],
    "by_category": [{"category": "poor", **{name: 2 * count for name, count in ROW.items()}, "left_out": 14}],
    "exclusions": [{"program": "TEKAVOUL", "how": "paid", "households": 9, "people": 50, "poor": 7, "doubtful": 3}],
    "overlaps": [{"program": "TEMWINE", "households": 12, "doubtful": 0, "overlap_class": "forbidden"}],
    "unreached": {"before": 70, "after": 24, "poor_before": 60, "poor_after": 20},
    "eligible": None,
    "boundary": {"score": 2.5, "category": "poor", "alike": 12, "taken": 6},
}  # fmt: skip


def shown() -> FiguresOut:
    return figures_out(FIGURES, {"MR011-C01": AMOURJ})


def response(figures: FiguresOut | None) -> ResponseDetail:
    moment = datetime(2026, 5, 20, tzinfo=UTC)
    blank = dict.fromkeys(ResponseDetail.model_fields)
    told = {
        "id": UUID(int=7), "version": 3, "title": "Soudure", "status": ResponseStatus.DRAFT, "program": "EL_MAOUNA",
        "planning": "ready", "requested_by": "csa", "authors": ["csa-1"], "created_at": moment, "areas": [AMOURJ],
        "design": {"first_month": "2026-06-01"}, "figures": figures, "timeliness": timeliness(),
    }  # fmt: skip
    return ResponseDetail.model_validate(blank | told)


def timeliness() -> TimelinessOut:
    return TimelinessOut(
        triggered_at=datetime(2026, 5, 1, tzinfo=UTC),
        days_to_list=9,
        days_to_first_payment=None,
        first_paid_on=None,
        first_payment_from=None,
    )


def test_small_counts_and_what_would_tell_them_are_left_out() -> None:
    found = shown()
    assert found.already_in_program is None
    assert [(one.vertical, one.horizontal, one.people, one.amount_mru) for one in found.by_commune] == [
        (None, 20, None, None),
        (None, 20, None, None),
    ]
    assert (found.exclusions[0].households, found.exclusions[0].poor, found.exclusions[0].doubtful) == (
        9,
        None,
        None,
    ), "two that are not poor would be told by seven of nine"
    assert (found.remainder_mru, found.next_amount_mru) == (Decimal(1), Decimal(50))
    few = figures_out(FIGURES | {"households": 3}, {})
    assert (few.households, few.people, few.spent_mru, few.remainder_mru) == (None, None, None, None)


@pytest.mark.parametrize("language", get_args(Language))
def test_the_plan_is_printed_in_each_language(language: Language) -> None:
    say = pages._saying(language)
    told = pages.plan_data(response(shown()), shown(), say, language)
    facts = {one["label"]: one["value"]["text"] for one in told["facts"]}
    assert facts[say(LABELS["budget"])] == "200\N{NO-BREAK SPACE}001,00\N{NO-BREAK SPACE}MRU"
    assert facts[say(LABELS["months"])] == "2026-06 → 2026-09"
    assert facts[say(LABELS["already_in_program"])] == pages.NOT_TOLD
    assert facts[say(LABELS["areas"])] == ("آمرج" if language == "ar" else "Amourj")
    assert told["notes"][-1] == say(NOTES["boundary"].format(alike=12, taken=6))
    assert pages.plan_page(response(shown()), language).startswith(b"%PDF")


def test_a_page_is_the_same_each_time_and_there_is_none_of_a_plan_not_computed() -> None:
    assert pages.plan_page(response(shown()), "fr") == pages.plan_page(response(shown()), "fr")
    with pytest.raises(NotFound):
        pages.plan_page(response(None), "fr")


def test_text_that_looks_like_markup_is_printed_as_it_is() -> None:
    found = response(shown()).model_copy(update={"title": '#panic("x") *gras* $x$ \\ "'})
    assert pages.plan_page(found, "ar").startswith(b"%PDF")


@pytest.mark.parametrize("language", get_args(Language))
def test_the_after_action_report_is_printed_in_each_language(language: Language) -> None:
    found = AfterAction.model_validate(
        dict.fromkeys(AfterAction.model_fields)
        | {
            "response_id": UUID(int=7), "title": "Soudure", "status": ResponseStatus.LISTED, "program": "EL_MAOUNA",
            "areas": [AMOURJ], "listed": 46, "timeliness": timeliness(), "exclusions": [], "by_commune": [],
            "overlaps": [], "paid_mru": Decimal("1234567.5"),
        }
    )  # fmt: skip
    say = pages._saying(language)
    facts = {one["label"]: one["value"]["text"] for one in pages.after_action_data(found, say, language)["facts"]}
    assert facts[say(LABELS["paid_mru"])].startswith("1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567,50")
    assert facts[say(LABELS["days_to_list"])] == "9"
    assert facts[say(LABELS["days_to_first_payment"])] == pages.NOT_TOLD
    assert pages.after_action_page(found, language).startswith(b"%PDF")


def test_the_day_of_the_figures_is_the_countrys() -> None:
    assert shown().day == date(2026, 6, 30)
