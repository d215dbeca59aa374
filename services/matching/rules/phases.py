"""A line of the Cadre Harmonisé table as it is read: an area, its people in each phase, and of which analysis it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.matching.rules.triggering import PHASES, AnalysisPeriod
from shared.cells import MISSING_VALUE, Cells, Finding
from shared.headers import Field, Layout
from shared.place_names import PlaceIndex
from shared.text import Cell, Text, clean_text, fold_digits
from shared.values import BadValue, Parsed, PartialDate, parse_choice, parse_date, parse_integer

KIND = "cadre_harmonise"
MOST_PEOPLE = 100_000_000
LATEST = date(2100, 12, 31)
LONGEST_ROUND = 40
PHASE_FIELDS = tuple(f"phase_{phase}" for phase in PHASES)

PHASE_UNKNOWN = Text(
    ar="لا توجد هذه المرحلة؛ المقبول: من 1 (الدنيا) إلى 5 (المجاعة)",
    fr="cette phase n'existe pas ; accepté : de 1 (minimale) à 5 (famine)",
    en="there is no such phase; accepted: 1 (minimal) to 5 (famine)",
)
PEOPLE_NEGATIVE = Text(
    ar="عدد السكان سالب؛ المقبول: صفر أو أكثر",
    fr="population négative ; accepté : zéro ou plus",
    en="the number of people is negative; accepted: zero or more",
)
PHASES_EXCEED = Text(
    ar="مجموع السكان في المراحل ({sum}) أكبر من مجموع سكان المنطقة ({total})",
    fr="la somme des populations par phase ({sum}) dépasse la population de la zone ({total})",
    en="the people in the phases ({sum}) are more than the people of the area ({total})",
)
NOBODY_THERE = Text(
    ar="لا أحد في هذه المنطقة: لا تُصنّف منطقة بلا سكان",
    fr="personne dans cette zone : une zone sans population ne se classe pas",
    en="no one in this area: an area without people has no phase",
)
AREA_UNKNOWN = Text(
    ar="لم تُعرف المقاطعة؛ المقبول: رمزها (مثل MR011) أو اسمها بإحدى الكتابتين مع ولايتها",
    fr="moughataa non reconnue ; accepté : son code (comme MR011), ou son nom dans l'une des écritures avec sa wilaya",
    en="the moughataa is not known; accepted: its code (such as MR011), or its name in either script with its wilaya",
)
PERIOD_BACKWARDS = Text(
    ar="تنتهي الفترة قبل أن تبدأ",
    fr="la période se termine avant de commencer",
    en="the period ends before it begins",
)


def _field(ar: str, fr: str, en: str, headers: str) -> Field:
    return Field(Text(ar=ar, fr=fr, en=en), headers)


def _phase_field(phase: int) -> Field:
    return _field(
        f"السكان في المرحلة {phase}",
        f"Population en phase {phase}",
        f"People in phase {phase}",
        f"Phase {phase} ¦ Population en phase {phase} ¦ Population phase {phase} ¦ Pop phase {phase} ¦ Ph{phase} ¦ P{phase}"
        f" ¦ People in phase {phase} ¦ phase_{phase} ¦ المرحلة {phase} ¦ السكان في المرحلة {phase}"
        f" ¦ عدد السكان في المرحلة {phase}",
    )


OWN: Mapping[str, Field] = {
    "place_code": _field(
        "رمز المقاطعة",
        "Code de la moughataa",
        "Code of the moughataa",
        "Code moughataa ¦ Code de la moughataa ¦ P-code ¦ Pcode ¦ Code zone ¦ ADM2_PCODE ¦ ADM2 Pcode ¦ Admin 2 Pcode"
        " ¦ Code admin 2 ¦ place_code ¦ رمز المقاطعة ¦ رمز المنطقة",
    ),
    **{f"phase_{phase}": _phase_field(phase) for phase in PHASES},
    "phase": _field(
        "مرحلة المنطقة",
        "Phase de la zone",
        "Phase of the area",
        "Phase ¦ Phase de la zone ¦ Classification ¦ Classification de la zone ¦ Area phase ¦ Phase of the area"
        " ¦ المرحلة ¦ مرحلة المنطقة ¦ تصنيف المنطقة",
    ),
    "population": _field(
        "مجموع سكان المنطقة",
        "Population de la zone",
        "People of the area",
        "Population ¦ Population totale ¦ Population analysée ¦ Population de la zone ¦ Total population ¦ Population total"
        " ¦ People of the area ¦ السكان ¦ عدد السكان ¦ مجموع السكان ¦ مجموع سكان المنطقة",
    ),
    "round": _field(
        "دورة التحليل",
        "Cycle d'analyse",
        "Analysis round",
        "Cycle ¦ Cycle d'analyse ¦ Cycle CH ¦ Analyse ¦ Round ¦ Analysis round ¦ الدورة ¦ دورة التحليل",
    ),
    "period": _field(
        "الفترة",
        "Période",
        "Period",
        "Période ¦ Situation ¦ Type de période ¦ Période d'analyse ¦ Period ¦ الفترة ¦ نوع الفترة ¦ الوضعية",
    ),
    "from_on": _field(
        "بداية الفترة",
        "Début de la période",
        "Start of the period",
        "Début ¦ Début de la période ¦ Début période ¦ Start of the period ¦ Period start ¦ from_on ¦ بداية الفترة ¦ البداية",
    ),
    "to_on": _field(
        "نهاية الفترة",
        "Fin de la période",
        "End of the period",
        "Fin ¦ Fin de la période ¦ Fin période ¦ End of the period ¦ Period end ¦ to_on ¦ نهاية الفترة ¦ النهاية",
    ),
    "source": _field("المصدر", "Source", "Source", "Source ¦ Source de l'analyse ¦ المصدر ¦ مصدر التحليل"),
    "validated_by": _field(
        "صادق عليه",
        "Validé par",
        "Validated by",
        "Validé par ¦ Validation ¦ Validated by ¦ صادق عليه ¦ المصادقة ¦ الجهة المصادقة",
    ),
}
PERIOD_WORDS: Mapping[str, Sequence[str]] = {
    AnalysisPeriod.CURRENT: ("courante", "courant", "actuelle", "actuel", "الحالية", "الحالي", "الجارية"),
    AnalysisPeriod.PROJECTED: ("projetée", "projeté", "projection", "prévisionnelle", "المتوقعة", "المتوقع", "الإسقاط"),
}
LAYOUT = Layout.of(
    "wilaya",
    "moughataa",
    required=(*PHASE_FIELDS, "round", "period", "from_on", "to_on", "source", "validated_by"),
    own=OWN,
)


@dataclass(frozen=True, slots=True)
class AreaLine:
    """What one line says of an area. `phase` is the one stated, if any; `people` those of the phases 1 to 5."""

    line: int
    place_code: str | None
    wilaya: str | None
    moughataa: str | None
    people: tuple[int, ...]
    total: int
    phase: int | None
    round: str
    period: AnalysisPeriod
    from_on: date
    to_on: date
    source: str
    validated_by: str


def read_area(line: int, cells: Mapping[str, Cell]) -> tuple[AreaLine | None, list[Finding]]:
    """The area of a line, or None where an error keeps it out, with everything found wrong."""
    row = Cells(line, cells)
    people = tuple(_people(row, name) for name in PHASE_FIELDS)
    total = row.read("population", _count)
    phase = row.read("phase", _phase)
    texts = {name: row.text(name) for name in ("round", "source", "validated_by")}
    period = row.read("period", lambda cell: parse_choice(cell, PERIOD_WORDS))
    from_on, to_on = row.read("from_on", _day), row.read("to_on", _day)
    _find_missing(row, {**texts, "period": period, "from_on": from_on, "to_on": to_on})
    if not row.refused:
        _find_contradictions(row, people, total, from_on, to_on)
    if row.refused or period is None or from_on is None or to_on is None:
        return None, row.findings
    return (
        AreaLine(
            line=line,
            place_code=row.text("place_code"),
            wilaya=row.text("wilaya"),
            moughataa=row.text("moughataa"),
            people=people,
            total=sum(people) if total is None else total,
            phase=phase,
            round=(texts["round"] or "")[:LONGEST_ROUND],
            period=AnalysisPeriod(period),
            from_on=from_on.value,
            to_on=to_on.value,
            source=texts["source"] or "",
            validated_by=texts["validated_by"] or "",
        ),
        row.findings,
    )


def _find_missing(row: Cells, values: Mapping[str, object]) -> None:
    found = {one.field for one in row.findings}
    for name, value in values.items():
        if value is None and name not in found:
            row.find(name, "value_missing", MISSING_VALUE)


def _find_contradictions(
    row: Cells, people: Sequence[int], total: int | None, from_on: PartialDate | None, to_on: PartialDate | None
) -> None:
    if total is not None and sum(people) > total:
        row.find("population", "phases_exceed_total", PHASES_EXCEED.format(sum=sum(people), total=total))
    elif not (sum(people) if total is None else total):
        row.find("population", "area_without_people", NOBODY_THERE)
    if from_on and to_on and to_on.value < from_on.value:
        row.find("to_on", "period_ends_first", PERIOD_BACKWARDS)


def _people(row: Cells, name: str) -> int:
    """An empty cell is nobody: tables leave the worst phases empty where nobody is in them."""
    return row.read(name, _count) or 0


def _count(cell: Cell) -> Parsed[int | None]:
    text = fold_digits(clean_text(cell)).replace("−", "-")
    if text.startswith("-") and any(letter.isdigit() for letter in text):
        raise BadValue("people_negative", PEOPLE_NEGATIVE)
    return parse_integer(cell, 0, MOST_PEOPLE)


def _phase(cell: Cell) -> Parsed[int | None]:
    """`3`, `Phase 3`, `المرحلة 3`."""
    text = fold_digits(clean_text(cell))
    digits = "".join(letter for letter in text if letter.isdigit())
    if not text:
        return Parsed(None)
    if digits not in {str(phase) for phase in PHASES}:
        raise BadValue("phase_unknown", PHASE_UNKNOWN)
    return Parsed(int(digits))


def _day(cell: Cell) -> Parsed[PartialDate | None]:
    return parse_date(cell, LATEST, year_only=False)


def moughataa_of(area: AreaLine, places: PlaceIndex) -> str | None:
    """The code of the moughataa a line names, by its code or by name; None where it names none that is known."""
    return places.resolve(area.wilaya, area.place_code or area.moughataa).moughataa_code
