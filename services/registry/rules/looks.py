"""Where in the index a name is looked for: as it is written, then with a part absent, then with a slip in a part, and at
last wherever only some of it is the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from services.registry.rules.names import MOST_PARTS, Parts, forms, pair_keys, part_key, whole_key

NEAR_IN_BOTH = 6
"""Near spellings of each part where both parts of a name may have a slip: their pairs are looked for."""
CROWD = 1_000
"""Individuals whom some keys of a name have in common, past whom a look brings only a few of them by chance. They are not
worth the time it takes, which grows with their number."""


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
    """A part of the name is not registered, or two: the name without its last, then without others. A single part is
    somebody's whole name only within a place, a birth year or the like.
    """
    least = 1 if narrowed else 2
    last = {form[:-1] for form in forms(parts) if len(form) > least}
    others = {some for form in forms(parts) for size in range(least, len(form)) for some in combinations(form, size)}
    looks = [Look(any_of=frozenset(map(whole_key, shorter))) for shorter in (last, others - last)]
    return [look for look in looks if look.any_of]


def with_slips(parts: Parts, near: Sequence[Sequence[str]]) -> list[Look]:
    """One part is written otherwise than any registered, or both of two. `near` holds those near to each part."""
    replaced = [(*parts[:at], other, *parts[at + 1 :]) for at, others in enumerate(near) for other in others]
    looks = [Look(any_of=frozenset(map(whole_key, replaced)))]
    if len(parts) < MOST_PARTS:  # who has as many parts as are indexed has none besides
        looks += [_beside(parts, at, others) for at, others in enumerate(near) if others]
    if len(parts) == 2:
        both = product(near[0][:NEAR_IN_BOTH], near[1][:NEAR_IN_BOTH])
        looks.append(Look(any_of=frozenset().union(*map(pair_keys, both))))
    return [look for look in looks if look.all_of or look.any_of]


def in_part(parts: Parts, *, narrowed: bool) -> list[Look]:
    """Only two of three parts are the same; within a place, a birth year or the like, one of two."""
    looks = []
    if len(parts) > 2:
        looks.append(Look(any_of=frozenset().union(*map(pair_keys, forms(parts)))))
    if narrowed and len(parts) > 1:
        looks += [Look(all_of=frozenset({part_key(part)})) for part in parts]
    return looks


def _together(parts: Parts) -> Look:
    return Look(all_of=pair_keys(parts) if len(parts) > 1 else frozenset({part_key(parts[0])}))


def _beside(parts: Parts, at: int, others: Sequence[str]) -> Look:
    """The other parts as they are, and one near to the part at `at`."""
    rest = (*parts[:at], *parts[at + 1 :])
    if not rest:
        return Look(any_of=frozenset(map(part_key, others)))
    # With the rest's first part each of the others is rarer than alone.
    near = frozenset().union(*(pair_keys((rest[0], other)) for other in others))
    return Look(pair_keys(rest), near)


@dataclass(frozen=True, slots=True)
class Crowds:
    """The share of `people` that has a key, of the commonest keys. All others are rarer than each of these."""

    people: int = 0
    shares: Mapping[int, float] = field(default_factory=dict)

    def uncrowded(self, looks: Iterable[Look], narrowing: Iterable[frozenset[int]]) -> list[Look]:
        """The looks without keys that a crowd has, among those who have one of each set of `narrowing`."""
        people: float = self.people
        rarest = min(self.shares.values(), default=0.0)
        for keys in narrowing:
            people *= min(1.0, sum(self.shares.get(key, rarest) for key in keys))
        crowded = {key for key, share in self.shares.items() if share * people > CROWD}
        thinned = (Look(look.all_of, look.any_of - crowded) if not look.all_of else look for look in looks)
        return [look for look in thinned if look.any_of or look.all_of - crowded]
