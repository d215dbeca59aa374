"""The words of groups, as pages and charts say them: categories, size bands, what is hidden."""

from collections.abc import Mapping

from shared.text import Text

CATEGORIES: Mapping[str, Text] = {
    "extreme_poor": Text(ar="فقيرة جدا", fr="Extrême pauvre", en="Extreme poor"),
    "poor": Text(ar="فقيرة", fr="Pauvre", en="Poor"),
    "vulnerable": Text(ar="هشة", fr="Vulnérable", en="Vulnerable"),
    "not_poor": Text(ar="غير فقيرة", fr="Non pauvre", en="Not poor"),
}
UNKNOWN = Text(ar="غير معروف", fr="Inconnu", en="Unknown")
EVERYONE = Text(ar="المجموع", fr="Ensemble", en="All")
PEOPLE = Text(ar="{band} أفراد", fr="{band} personnes", en="{band} people")
OR_MORE = Text(ar="{band} أفراد فأكثر", fr="{band} personnes et plus", en="{band} people or more")
HIDDEN = Text(ar="مخفي", fr="masqué", en="hidden")


def group_name(by: str, group: str, language: str, places: Mapping[str, str]) -> str:
    """What a group is called; `places`: names by p-code."""
    if group == "unknown":
        return UNKNOWN.in_(language)
    if by == "category" and group in CATEGORIES:
        return CATEGORIES[group].in_(language)
    if by == "size_band":
        words = OR_MORE if group.endswith("+") else PEOPLE
        return words.format(band=group.rstrip("+").replace("-", "–")).in_(language)
    if by == "total":
        return EVERYONE.in_(language)
    return places.get(group, group)


def in_order(by: str, group: str) -> tuple[int, str]:
    """The poorest first, the smallest band first, places by code; what is unknown last."""
    if group == "unknown":
        return 99, group
    if by == "category":
        return ([*CATEGORIES].index(group) if group in CATEGORIES else 98), group
    if by == "size_band":
        return int(group.split("-")[0].rstrip("+")), group
    return 0, group
