"""The words that several pages and charts say: of groups, of classes of overlaps, of what a report rests on."""

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
CLASSES: Mapping[str, Text] = {
    "required": Text(ar="لازم", fr="requis", en="required"),
    "intended": Text(ar="مقصود", fr="voulu", en="intended"),
    "tolerated": Text(ar="مسموح به", fr="toléré", en="tolerated"),
    "forbidden": Text(ar="ممنوع", fr="interdit", en="forbidden"),
    "undecided": Text(ar="لم يُبت فيه", fr="non décidé", en="undecided"),
}
"""Of overlaps, by the rules matrix."""
GAP_REASONS: Mapping[str, Text] = {
    "never_enrolled": Text(ar="لم تُسجَّل قط", fr="jamais inscrits", en="never enrolled"),
    "waiting": Text(ar="تنتظر", fr="en attente", en="waiting"),
    "suspended": Text(ar="موقوفة", fr="suspendus", en="suspended"),
    "exited": Text(ar="خرجت", fr="sortis", en="exited"),
}
"""Why eligible households are not served."""
REPORT: Mapping[str, Text] = {
    "snapshot": Text(ar="اللقطة", fr="Instantané", en="Snapshot"),
    "day": Text(ar="اليوم", fr="Jour", en="Day"),
    "known_on": Text(ar="معروف في تاريخ", fr="Connu le", en="As known on"),
    "read": Text(ar="كيف قُرئت البيانات", fr="Lecture des données", en="How the data were read"),
    "period": Text(ar="الفترة", fr="Période", en="Period"),
    "registry": Text(ar="السجل", fr="Registre", en="Registry"),
    "households_people": Text(ar="{households} أسرة، {people} فردا", fr="{households} ménages, {people} personnes",
                              en="{households} households, {people} people"),
    "lean": Text(ar="موسم الجدب", fr="Soudure", en="Lean season"),
    "peak": Text(ar="الذروة", fr="pic", en="peak"),
    "households": Text(ar="الأسر", fr="Ménages", en="Households"),
    "program": Text(ar="البرنامج", fr="Programme", en="Program"),
}  # fmt: skip
"""What every report says of what it was computed from, and of its columns and months."""
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
