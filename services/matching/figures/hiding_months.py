"""Which figures of months are hidden: of the country, and of each wilaya month by month."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.matching.figures.counting import EVERYONE, Counted, in_family, month_counts, month_names
from services.matching.figures.groups import TOTAL, WILAYA_MONTH, Group, crossed
from services.matching.figures.hiding_groups import Hidden, Hiding, less, of_bounds
from services.matching.figures.received import ALL_VALUE, LEAN_MONTHS, LEAN_VALUE, harmony_family
from services.matching.figures.states import ANY, BOTH, CERTAIN, in_order, month_groups
from services.matching.figures.suppressing import Counts, Family
from services.matching.rules.suppressing import is_small


def by_months(counted: Counted) -> Hidden:
    """Households of months add up to nothing: what is small in one, or its rest, is hidden there."""
    states, pairs = counted.states, counted.pairs
    counts = month_counts(states, month_names(states, pairs))["households"]
    everyone = counted.households(EVERYONE).get(TOTAL, 0)
    found: Hidden = {}
    for program in (ANY, *states.bits):
        certain, both = (counts[f"got:{program}:{bound}"] for bound in (CERTAIN, BOTH))
        small = _small_months(certain, less(dict.fromkeys(certain, everyone), certain))
        found[in_family(program), CERTAIN] = _never_alone(small, certain)
        small = small | _small_months(both, less(dict.fromkeys(both, everyone), both), less(both, certain))
        found[in_family(program), BOTH] = _never_alone(small | found[in_family(program), CERTAIN], both)
    for a, b in pairs:
        before: set[Group] = set()
        for bound in (CERTAIN, BOTH):
            before = before | found[in_family(a), bound] | found[in_family(b), bound]
            before = found[f"pair:{a}:{b}", bound] = before | _small_pairs(counts, a, b, everyone, bound)
    return found | _harmony(counted, found)


def _small_months(*counts: Counts) -> set[Group]:
    return {month for one in counts for month, many in one.items() if is_small(many)}


def _small_pairs(counts: Mapping[str, Counts], a: str, b: str, everyone: int, bound: str) -> set[Group]:
    pair, either = counts[f"pair:{a}:{b}:{bound}"], counts[f"either:{a}:{b}:{bound}"]
    ones = (less(counts[f"got:{one}:{bound}"], pair) for one in (a, b))
    neither = less(dict.fromkeys(either, everyone), either)
    return _small_months(pair, *ones, neither, less(pair, counts[f"pair:{a}:{b}:{CERTAIN}"]))


def _harmony(counted: Counted, months: Hidden) -> Hidden:
    found: Hidden = {}
    for one in in_order(counted.states.country.programs):
        for bound in (CERTAIN, BOTH):
            found.setdefault((harmony_family(one.benefit), bound), set()).update(months[in_family(one.code), bound])
    return found


def _never_alone(months: set[Group], served: Counts) -> set[Group]:
    """Money of all months adds up to that of the period, and of the lean months to that of the season: where one month is
    hidden there, a second one is."""
    found = set(months)
    lean = {month for month in served if int(month[1][-2:]) in LEAN_MONTHS}
    for season in (lean, served.keys() - lean):
        if len(inside := {month for month in season & found if served[month]}) == 1:
            found.update(sorted(season - inside, key=lambda month: (not served[month], served[month], month))[:1])
    return found


def over_time(hiding: Hiding, found: Hidden) -> Hidden:
    """Of each program in each wilaya month by month. What comes in the months of a wilaya adds up to that of its period, and
    what comes in the wilayas in a month to that of the country: a wilaya is hidden in all months or in none of them, and
    a month that the country does not show is shown of no wilaya.
    """
    states = hiding.counted.states
    months = month_groups(states.country.months)
    wilayas = [group for group in hiding.everyone if group[0] == "wilaya"]
    counts = month_counts(states, month_names(states, ()), WILAYA_MONTH)["households"]
    told: Hidden = {}
    for program in (ANY, *states.bits):
        period = of_bounds(hiding, f"got:{program}")
        by_month = {
            month: [
                {w: counts[f"got:{program}:{bound}"][crossed(w[1], month[1])] for w in wilayas}
                for bound in (CERTAIN, BOTH)
            ]
            for month in months
        }
        before: set[Group] = set()
        for place, bound in enumerate((CERTAIN, BOTH)):
            shut = found[in_family(program), bound]
            # Of whom the year shows that nothing comes to them, all months are known: nobody hides behind them.
            may = period[0] if bound == CERTAIN else less(period[1], period[0])
            open_ = {w: hiding.everyone[w] for w in wilayas if may[w] or w in shut}
            given = [month for month, told_of in by_month.items() if any(told_of[place].values())]
            families = [_of_wilayas(hiding, by_month[month], open_, bound) for month in given if month not in shut]
            before = hiding.hide(families, before, shut)
            gone = {crossed(w[1], month[1]) for w in before.intersection(wilayas) for month in given}
            gone |= {crossed(w[1], month[1]) for w in wilayas for month in shut.intersection(months)}
            told[in_family(program), bound] = gone
    return told


def all_value(hiding: Hiding, found: Hidden) -> Hidden:
    """What comes of all programs together is hidden where any one is: less the others, it would tell that one. In the lean
    season also where a wilaya is hidden month by month: with the year's, its three months would tell the others."""
    told: Hidden = {}
    for bound in (CERTAIN, BOTH):
        gone = set[Group]().union(*(found[in_family(program), bound] for program in (ANY, *hiding.counted.states.bits)))
        lean = {
            ("wilaya", name.split("|")[0]) for by, name in gone if by == WILAYA_MONTH and int(name[-2:]) in LEAN_MONTHS
        }
        told[ALL_VALUE, bound] = gone
        told[LEAN_VALUE, bound] = hiding.hide([Family([], [], hiding.everyone)], gone, lean)
    return told


def _of_wilayas(hiding: Hiding, by_bound: Sequence[Counts], open_: Counts, bound: str) -> Family:
    """The family of one month's wilayas, of those behind whom somebody can be hidden."""
    sure, all_ = ({w: many[w] for w in open_} for many in by_bound)
    weight = {**open_, TOTAL: 1}
    if bound == CERTAIN:
        return replace(hiding.split(sure, open_), weight=weight)
    if sure == all_:
        return Family([], [], weight)  # the same as by certain links, and hidden with it
    return replace(hiding.widened(sure, all_, open_), weight=weight)
