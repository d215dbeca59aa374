"""How many households of an area may be told: 1 to 4 are not, nor what would tell them by difference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.matching.rules.suppressing import is_small


@dataclass(frozen=True, slots=True)
class Counts:
    """Registry households of a place, their people, and how many are enrolled or not; None: not told."""

    households: int | None
    people: int | None
    enrolled: int | None
    not_enrolled: int | None


NOTHING_TOLD = Counts(None, None, None, None)


def told(area: Counts, parts: Sequence[Counts]) -> tuple[Counts, list[Counts]]:
    """An area and its parts, which add up to it, as they may be shown.

    A part that is not told is not told by the area minus the others: then the next smallest is not told either; where there is
    no other, the area is not.
    """
    shown = [_alone(part) for part in parts]
    whole = _alone(area)
    for hidden, kind in ((_hides_all, NOTHING_TOLD), (_hides_enrolled, None)):
        missing = [at for at, one in enumerate(shown) if hidden(one)]
        if len(missing) != 1:
            continue
        others = [at for at, one in enumerate(shown) if not hidden(one) and parts[at].households]
        if others:
            smallest = min(others, key=lambda at: (parts[at].households or 0, at))
            shown[smallest] = kind or _without_enrolled(shown[smallest])
        else:
            whole = kind or _without_enrolled(whole)
    return whole, shown


def _hides_all(one: Counts) -> bool:
    return one.households is None


def _hides_enrolled(one: Counts) -> bool:
    return one.enrolled is None


def _without_enrolled(one: Counts) -> Counts:
    return replace(one, enrolled=None, not_enrolled=None)


def _alone(one: Counts) -> Counts:
    if _few(one.households):
        return NOTHING_TOLD
    if _few(one.enrolled) or _few(one.not_enrolled):
        return _without_enrolled(one)
    return one


def _few(count: int | None) -> bool:
    return count is not None and is_small(count)


def column(counts: Sequence[int]) -> list[int | None]:
    """Counts that add up to a total which is told, as they may be told: 1 to 4 are not, nor the next smallest where one alone
    would be missing."""
    hidden = {at for at, count in enumerate(counts) if _few(count)}
    if len(hidden) == 1:
        others = [at for at, count in enumerate(counts) if count and at not in hidden]
        hidden |= {min(others, key=lambda at: (counts[at], at))} if others else set()
    return [None if at in hidden else count for at, count in enumerate(counts)]
