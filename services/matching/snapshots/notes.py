"""The table of indicators: what each is and by what method, in three languages; and why a figure may be absent."""

from functools import cache
from pathlib import Path
from typing import Final

import orjson

from services.matching.snapshots.errors import UnknownIndicator
from services.matching.snapshots.schemas import IndicatorNote
from shared.text import Text

TABLE = Path(__file__).parents[1] / "data" / "indicators.json"

WORDS: Final[dict[str, Text]] = {
    "hidden": Text(
        ar="أقل من خمس أسر، أو يدل عليها ما هو معروض",
        fr="moins de cinq ménages, ou ce qui est affiché les dirait",
        en="fewer than five households, or what is shown would tell them",
    ),
    "no_one": Text(ar="لا أحد في هذه المجموعة", fr="personne dans ce groupe", en="no one in this group"),
    "nothing_given": Text(
        ar="لم يُعط شيء في هذه الفترة", fr="rien n'a été donné dans la période", en="nothing was given in the period"
    ),
    "nothing_to_compare": Text(
        ar="أقل من برنامجين يعطيان في هذا الشهر",
        fr="moins de deux programmes donnent ce mois-là",
        en="fewer than two programs give in this month",
    ),
    "lowest_is_zero": Text(
        ar="عشر المجموعة لا يتلقى شيئا، فلا نسبة",
        fr="un dixième du groupe ne reçoit rien : pas de rapport",
        en="a tenth of the group receives nothing: there is no ratio",
    ),
}
AS_KNOWN: Final = Text(
    ar="الأعمار والتسجيلات والقيم والقواعد وسلة الإنفاق هي التي تخص ذلك اليوم؛ أما الأسر وأفرادها وأماكنها وفئاتها ودرجاتها والروابط فكما"
    " كانت معروفة يوم قُرئت البيانات.",
    fr="Âges, inscriptions, valeurs, règles et paniers sont ceux du jour ; les ménages et leurs membres, les lieux, catégories, scores et"
    " liens sont tels que connus le jour où les données ont été lues.",
    en="Ages, enrollments, values, rules and baskets are those of the day; households and their members, places, categories, scores and"
    " links are as known on the day when the data were read.",
)
"""How the country of an earlier day was read: of some facts no history is kept here."""

NO_REASONS: Final = Text(
    ar="لم تكن اللقطات وقتها تحفظ كيف ترد الأسر في لوائح البرامج: لا يمكن الجزم لماذا لا تُخدم الأسر المؤهلة.",
    fr="À sa création, les instantanés ne gardaient pas la situation des ménages dans les listes : on ne peut dire pourquoi des"
    " ménages éligibles ne sont pas servis.",
    en="When it was made, snapshots did not keep how households stand in lists: it cannot be told why eligible households are not"
    " served.",
)
"""Said of a snapshot that has no gaps by reason."""


@cache
def indicators() -> dict[str, IndicatorNote]:
    """By code, in the order of the table."""
    return {one["code"]: IndicatorNote.model_validate(one) for one in orjson.loads(TABLE.read_bytes())}


def refuse_unknown(indicator: str | None) -> None:
    """UnknownIndicator where there is no such one."""
    if indicator is not None and indicator not in indicators():
        raise UnknownIndicator(pointer="/query/indicator", known=", ".join(indicators()))
