"""All figures of a country at once, in one order."""

from collections.abc import Sequence

from services.matching.figures.cells import Cell
from services.matching.figures.counting import Counted, counting_cells
from services.matching.figures.country import Country
from services.matching.figures.equity import equity_cells
from services.matching.figures.gap_reasons import ByReason, gap_reason_cells, gaps_by_reason
from services.matching.figures.hiding import published
from services.matching.figures.over_time import over_time_cells
from services.matching.figures.received import amounts_of, value_cells
from services.matching.figures.states import EVERY_WAY, states_of


def exact_cells(country: Country, ways: Sequence[str] = EVERY_WAY) -> list[Cell]:
    """Every figure as it is, small ones too: for whoever computes on, never to be shown. `ways`: by which it is grouped."""
    return _computed(country, ways)[0]


def indicator_cells(country: Country) -> list[Cell]:
    """Every figure as it may be shown."""
    return published(*_computed(country, EVERY_WAY))


def _computed(country: Country, ways: Sequence[str]) -> tuple[list[Cell], Counted, dict[str, ByReason]]:
    states = states_of(country, ways)
    counted = Counted(states)
    amounts, reasons = amounts_of(states), gaps_by_reason(counted)
    found = [
        *counting_cells(counted),
        *gap_reason_cells(counted, reasons),
        *value_cells(amounts),
        *over_time_cells(amounts),
        *equity_cells(amounts),
    ]
    return sorted(found, key=lambda one: one[:7]), counted, reasons
