"""Where in the index a name is looked for: first as it is written, then with a part absent, then with a slip in a part."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from services.registry.rules.names import Parts, forms, pair_keys, part_key, whole_key

NEAR_IN_BOTH = 6
"""Near spellings of each part where both parts of a name may have a slip: their pairs are looked for."""


@dataclass(frozen=True, slots=True)
class Look:
    """Individuals who have every key of `all_of`, and one of `any_of` where there are some."""

    all_of: frozenset[int] = frozenset()
    any_of: frozenset[int] = frozenset()


def whole(parts: Parts) -> list[Look]:
    """The name with just these parts in this order."""
    return [Look(any_of=frozenset(map(whole_key, forms(parts))))]


def together(parts: Parts) -> list[Look]:
    """All parts, in any order and beside others."""
    return [_together(form) for form in forms(parts)]


def with_absent(parts: Parts, *, narrowed: bool) -> list[Look]:
    """A part of the name is not registered: two of three parts; within a place, a birth year or the like, one of two."""
    looks = []
    if len(parts) > 2:
        looks.append(Look(any_of=frozenset().union(*map(pair_keys, forms(parts)))))
    if narrowed and len(parts) > 1:
        looks += [Look(all_of=frozenset({part_key(part)})) for part in parts]
    return looks


def with_slips(parts: Parts, near: Sequence[Sequence[str]]) -> list[Look]:
    """One part is written otherwise than any registered, or both of two. `near` holds those near to each part."""
    replaced = [(*parts[:at], other, *parts[at + 1 :]) for at, others in enumerate(near) for other in others]
    looks = [Look(any_of=frozenset(map(whole_key, replaced)))]
    looks += [_beside(parts, at, others) for at, others in enumerate(near) if others]
    if len(parts) == 2:
        both = product(near[0][:NEAR_IN_BOTH], near[1][:NEAR_IN_BOTH])
        looks.append(Look(any_of=frozenset().union(*map(pair_keys, both))))
    return [look for look in looks if look.all_of or look.any_of]


def _together(parts: Parts) -> Look:
    return Look(all_of=pair_keys(parts) if len(parts) > 1 else frozenset({part_key(parts[0])}))


def _beside(parts: Parts, at: int, others: Sequence[str]) -> Look:
    """The other parts as they are, and one near to the part at `at`."""
    rest = (*parts[:at], *parts[at + 1 :])
    if len(rest) > 1:
        return Look(pair_keys(rest), frozenset(map(part_key, others)))
    if rest:
        return Look(any_of=frozenset().union(*(pair_keys((rest[0], other)) for other in others)))
    return Look(any_of=frozenset(map(part_key, others)))
