"""How many households of an area may be told: 1 to 4 are not, nor what would tell them by difference."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.matching.rules.suppressing import Sum, told_by_table

COUNTED = ("households", "enrolled", "not_enrolled")


@dataclass(frozen=True, slots=True)
class Counts:
    """Registry households of a place, their people, and how many are enrolled or not; None: not told."""

    households: int | None
    people: int | None
    enrolled: int | None
    not_enrolled: int | None


def told(area: Counts, parts: Sequence[Counts]) -> tuple[Counts, list[Counts]]:
    """An area and its parts, which add up to it, as they may be shown."""
    places = [area, *parts]
    counts = {(at, name): getattr(one, name) or 0 for at, one in enumerate(places) for name in COUNTED}
    sums: list[Sum[tuple[int, str]]] = [
        ((at, "households"), [(at, "enrolled"), (at, "not_enrolled")]) for at in range(len(places))
    ]
    sums += [((0, name), [(at, name) for at in range(1, len(places))]) for name in COUNTED]
    shown = told_by_table(counts, sums, [], [[(0, name) for name in COUNTED], list(counts)])
    whole, *rest = [_shown(one, {name: shown[at, name] for name in COUNTED}) for at, one in enumerate(places)]
    return whole, rest


def _shown(one: Counts, shown: dict[str, int | None]) -> Counts:
    return Counts(people=None if shown["households"] is None else one.people, **shown)
