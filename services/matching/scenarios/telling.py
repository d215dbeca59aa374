"""A comparison as it is told: amounts in MRU, small cells hidden, and those by which a hidden one could be found.

What a scenario would do to 1 to 4 households of a group is hidden as what is done to them is: the reader may know who they
are. Budgets are of whole programs, and are hidden where 1 to 4 households receive from one.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any
from uuid import UUID

import polars as pl

from services.matching.figures.cells import HIDDEN, MONEY, Cell
from services.matching.figures.country import Country
from services.matching.figures.groups import Group, sums
from services.matching.figures.scenarios import Comparison
from services.matching.figures.states import ANY
from services.matching.figures.suppressing import hidden, partition
from services.matching.rules.suppressing import is_small
from services.matching.snapshots.notes import AS_KNOWN
from shared.text import Text

NOTES: Mapping[str, Text] = {
    "country": AS_KNOWN,
    "budget": Text(
        ar="ما تقدمه البرامج في سنة كاملة للأسر التي يعرفها السجل، بالأوقية الجديدة: كل من هو مسجل اليوم، وكل من يدخل، محسوب في كل"
        " الأشهر التي يعطي فيها البرنامج. الحصيلة الشهرية تُقرَّب إلى جزء من المائة.",
        fr="Ce que les programmes donnent en une année pleine aux ménages que le registre connaît, en MRU : qui est inscrit ce"
        " jour, et qui entre, compte dans tous les mois où le programme donne. Un mois est arrondi au centième.",
        en="What programs give in a full year to the households that the registry knows, in MRU: who is enrolled on the day, and"
        " who enters, counts in all months in which the program gives. A month is rounded to the hundredth.",
    ),
    "served": Text(
        ar="أسرة مخدومة: يصل إليها شيء من البرنامج في شهر واحد على الأقل. الأفراد: كل أفراد هذه الأسر.",
        fr="Ménage servi : il reçoit du programme au moins un mois. Personnes : tous les membres de ces ménages.",
        en="A household is served that receives from the program in at least one month. People: all members of such households.",
    ),
    "changes": Text(
        ar="الرابحة: يزيد مجموع ما تتلقاه في اثني عشر شهرا من كل البرامج. الخاسرة: ينقص. غير المتأثرة: لا يتغير، ولو كان صفرا."
        " الفرق بين الزيادات والنقصان هو ما يزيد من الكلفة.",
        fr="Gagnant : reçoit davantage en douze mois, tous programmes ensemble ; perdant : reçoit moins ; inchangé : autant, même"
        " rien. Gains moins pertes font le surcoût.",
        en="A winner receives more in twelve months from all programs together, a loser less; unchanged is who receives as much,"
        " even nothing. Gains less losses are the additional cost.",
    ),
    "choosing": Text(
        ar="حيث يلزم الاختيار: الأفقر أولا بحسب درجة السجل، ومن لا درجة له أخيرا، وعند التساوي برقم الأسرة؛ والسحب يتكرر برقم seed.",
        fr="Là où il faut choisir : les plus pauvres d'abord selon le score du registre, sans score à la fin, à égalité par"
        " l'identifiant du ménage ; un tirage se répète par seed.",
        en="Where a choice is needed: the poorest first by the registry's score, those without one last, equals by the household's"
        " id; a draw is repeated by its seed.",
    ),
    "indicators": Text(
        ar="مؤشرات الفترة كلها، محسوبة كمؤشرات اللقطات (‎GET /v1/indicators‎): التغطية على الأفراد، والكفاية نسبة إلى سلة الإنفاق الدنيا،"
        " وأخطاء الاستهداف والتقاطع على أسر السجل في يوم البيانات.",
        fr="Indicateurs de toute la période, calculés comme ceux des instantanés (GET /v1/indicators) : la couverture en personnes,"
        " l'adéquation rapportée au panier de dépenses minimum, les erreurs de ciblage et le chevauchement sur les ménages du"
        " registre au jour des données.",
        en="Indicators of the whole period, computed as those of snapshots (GET /v1/indicators): coverage in people, adequacy over the"
        " minimum expenditure basket, errors of targeting and overlap over the registry's households on the day of the data.",
    ),
    "suppression": Text(
        ar="تُخفى المجموعات من أسرة إلى أربع أسر، وما قد يُستنتج منه عددها.",
        fr="Les groupes de 1 à 4 ménages sont masqués, ainsi que ce dont on pourrait les déduire.",
        en="Groups of 1 to 4 households are hidden, and whatever they could be told from.",
    ),
}
"""How each part of a result is computed."""
MADE = ("gained_mru", "lost_mru")
SPLIT = ("winners", "losers", "unchanged", "unserved", "people_winning", "people_losing", *MADE)
NOTHING = {"before_mru": None, "after_mru": None}


def told(
    comparison: Comparison, indicators: Sequence[tuple[Cell, Cell]], snapshot_id: UUID | None, links: str
) -> dict[str, Any]:
    """What is stored of a result, and shown: `schemas.ResultBody` as JSON has it."""
    served, small = _served(comparison), _small(comparison)
    alone = {
        figure.of
        for pair in indicators
        for figure in pair
        if (figure.indicator, figure.program, figure.reason) == ("adequacy", ANY, HIDDEN)
    }
    return {
        "basis": _basis(comparison.before, snapshot_id, links),
        # Of all less the others would tell that of the one that is hidden.
        "budget": NOTHING if small else _amounts(*_sums(comparison.budget)),
        "programs": _programs(comparison, small),
        "served": served,
        "changes": _changes(comparison.changes, alone),
        "indicators": [_indicator(*pair) for pair in indicators],
    }


def _basis(country: Country, snapshot_id: UUID | None, links: str) -> dict[str, Any]:
    return {
        "snapshot_id": str(snapshot_id) if snapshot_id else None,
        "day": country.day.isoformat(),
        "first_month": country.months[0].isoformat(),
        "last_month": country.months[-1].isoformat(),
        "links": links,
        "threshold": country.threshold,
        "households": country.households.height,
        "people": int(country.households["size"].sum()),
    }


def _indicator(before: Cell, after: Cell) -> dict[str, Any]:
    return {
        "indicator": before.indicator,
        "by": before.by,
        "group": before.group,
        "program": before.program or None,
        "other": (after.other if before.indicator == "peak_month" else before.other) or None,
        "unit": before.unit,
        "before": _figure(before),
        "after": _figure(after),
    }


def _figure(cell: Cell) -> dict[str, Any]:
    parts = (cell.numerator, cell.denominator)
    told = [mru(one) if one is not None and cell.unit == MONEY else one for one in parts]
    return {"numerator": told[0], "denominator": told[1], "value": cell.value, "reason": cell.reason}


def mru(hundredths: int) -> str:
    """Whole hundredths as JSON has money."""
    sign, rest = "-" if hundredths < 0 else "", abs(hundredths)
    return f"{sign}{rest // 100}.{rest % 100:02d}"


def _amounts(before: int, after: int) -> dict[str, Any]:
    return {"before_mru": mru(before), "after_mru": mru(after)}


def _sums(budget: pl.DataFrame) -> tuple[int, int]:
    return int(budget["before"].sum()), int(budget["after"].sum())


def _small(comparison: Comparison) -> set[str | None]:
    """The programs from which 1 to 4 households receive, before or after; None: from any of them."""
    return {
        one["program"]
        for one in comparison.served.filter(pl.col("by") == "total").to_dicts()
        if is_small(one["households_before"]) or is_small(one["households_after"])
    }


def _programs(comparison: Comparison, small: Set[str | None]) -> list[dict[str, Any]]:
    names = {one.code: dict(one.names) for one in (*comparison.before.programs, *comparison.after.programs)}
    programs = comparison.budget.partition_by("program", maintain_order=True, as_dict=True)
    return [_program(code, names[code], rows, hide=code in small) for (code,), rows in programs.items()]


def _program(code: str, names: dict[str, str], rows: pl.DataFrame, *, hide: bool) -> dict[str, Any]:
    months = [{"month": one["month"].isoformat()} | _amounts(one["before"], one["after"]) for one in rows.to_dicts()]
    year = _amounts(*_sums(rows))
    if hide:
        year, months = NOTHING, [one | NOTHING for one in months]
    return {"program": code, "names": names, **year, "months": months}


def _served(comparison: Comparison) -> list[dict[str, Any]]:
    """Per program, who is in it before and after, in one of them, in neither: shown or hidden together."""
    sizes = _sizes(comparison.changes)
    rows = []
    for program, frame in _by_program(comparison.served).items():
        cells = {(one["by"], one["group"]): one for one in frame.to_dicts()}
        both = comparison.staying.get(program, {})
        parts = _four(cells, both, sizes)
        gone = hidden(partition(parts, sizes), sums(list(sizes), ()))
        rows += [_hidden(one, one.keys() - {"by", "group", "program"}) if group in gone else one
                 for group, one in cells.items()]  # fmt: skip
    return rows


def _by_program(frame: pl.DataFrame) -> dict[str | None, pl.DataFrame]:
    return {key[0]: rows for key, rows in frame.partition_by("program", as_dict=True, maintain_order=True).items()}


def _four(
    cells: Mapping[Group, Mapping[str, Any]], both: Mapping[Group, int], sizes: Mapping[Group, int]
) -> list[dict[Group, int]]:
    """Households in it before and after, only before, only after, in neither."""
    before = {group: one["households_before"] for group, one in cells.items()}
    after = {group: one["households_after"] for group, one in cells.items()}
    return [
        {group: both.get(group, 0) for group in sizes},
        {group: before.get(group, 0) - both.get(group, 0) for group in sizes},
        {group: after.get(group, 0) - both.get(group, 0) for group in sizes},
        {group: sizes[group] - before.get(group, 0) - after.get(group, 0) + both.get(group, 0) for group in sizes},
    ]


def _sizes(changes: pl.DataFrame, ways: Iterable[str] = ("total", "wilaya")) -> dict[Group, int]:
    """How many households each group has."""
    rows = changes.filter(pl.col("by").is_in(list(ways))).select("by", "group", "households").rows()
    return {(by, group): households for by, group, households in rows}


def _changes(changes: pl.DataFrame, alone: Set[Group]) -> list[dict[str, Any]]:
    """`alone`: the groups of which the money of some program is hidden: what all of them give more or less would tell it."""
    cells = {(one["by"], one["group"]): one for one in changes.to_dicts()}
    sizes = {group: one["households"] for group, one in cells.items()}
    parts = [
        {group: one["winners"] for group, one in cells.items()},
        {group: one["losers"] for group, one in cells.items()},
        {group: one["unchanged"] - one["unserved"] for group, one in cells.items()},
        {group: one["unserved"] for group, one in cells.items()},
    ]
    gone = hidden(partition(parts, sizes), sums(list(sizes), ()))
    return [
        _hidden(_in_mru(one), SPLIT if group in gone else MADE if group in alone else ())
        for group, one in cells.items()
    ]


def _in_mru(one: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in one.items() if name not in ("gained", "lost")}
    return rest | {"gained_mru": mru(one["gained"]), "lost_mru": mru(one["lost"])}


def _hidden(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return dict(row) | dict.fromkeys(names)
