"""What a program's list comes back with: absent, dead, moved, replaced by, gone; read as proposals of change."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from shared.headers import Field, Layout
from shared.household_number import parse_household_number
from shared.text import LANGUAGES, Cell, Text, clean_text, fold, fold_digits
from shared.values import BadValue, parse_date, parse_nni

RemarkKind = Literal["absent", "death", "move", "succession", "removal", "duplicate", "not_poor"]

# Folded, and looked for anywhere in the cell: « Décédé en 2025 », "انتقل إلى النعمة". The most telling first.
WORDS: Mapping[RemarkKind, tuple[str, ...]] = {
    "removal": ("quitte le pays", "emigre", "a l etranger", "left the country", "emigrated", "غادر البلاد", "خارج البلاد", "هاجر"),
    "succession": ("remplace par", "remplacee par", "remplace", "replaced by", "replaced", "استبدل", "مستبدل", "خلفه", "حل محله"),
    "death": ("decede", "decedee", "deces", "mort", "morte", "defunt", "deceased", "died", "dead", "متوفي", "متوفى", "توفي", "توفيت", "وفاه", "ميت"),
    "move": ("demenage", "deplace", "a change de lieu", "parti a", "partie a", "moved", "انتقل", "انتقلت", "رحل", "رحلت", "غير السكن"),
    "duplicate": ("doublon", "en double", "double de", "duplicate", "registered twice", "مكرر", "مكرره", "تكرار"),
    "not_poor": ("non pauvre", "pas pauvre", "riche", "aise", "aisee", "not poor", "better off", "غير فقير", "غير فقيره", "ليس فقيرا", "ليست فقيره", "ميسور", "ميسوره", "غني", "غنيه"),
    "absent": ("absent", "absente", "non trouve", "introuvable", "not found", "غائب", "غائبه", "غير موجود"),
}  # fmt: skip
ACCEPTED = Text(
    ar="غائب، متوفى، انتقل، استُبدل بـ، غادر البلاد، مكرر مع MR…، غير فقير",
    fr="absent, décédé, déménagé, remplacé par, a quitté le pays, doublon de MR…, non pauvre",
    en="absent, deceased, moved, replaced by, left the country, duplicate of MR…, not poor",
)
NOT_UNDERSTOOD = Text(
    ar="ملاحظة غير مفهومة؛ المقبول: {accepted}",
    fr="remarque non comprise ; accepté : {accepted}",
    en="the remark is not understood; accepted: {accepted}",
)
NOTHING_PROPOSED = Text(
    ar="الغياب لا يغيّر السجل؛ سُجلت الملاحظة ولم يُقترح شيء",
    fr="une absence ne change rien au registre ; remarque notée, rien n'est proposé",
    en="an absence changes nothing in the registry; noted, nothing is proposed",
)
NUMBER_MISSING = Text(
    ar="رقم الأسرة ناقص أو غير مقروء؛ المقبول: رقم مثل MR0110000123",
    fr="le n° ménage manque ou est illisible ; accepté : un numéro tel que MR0110000123",
    en="the household number is missing or unreadable; accepted: a number such as MR0110000123",
)
TWIN_MISSING = Text(
    ar="لم يُذكر رقم الأسرة الأخرى؛ المقبول: مكرر مع MR0110000123",
    fr="le n° de l'autre ménage manque ; accepté : doublon de MR0110000123",
    en="the number of the other household is missing; accepted: duplicate of MR0110000123",
)
DAY_MISSING = Text(
    ar="تاريخ الحدث ناقص؛ المقبول: يوم/شهر/سنة",
    fr="la date de l'événement manque ; accepté : jj/mm/aaaa",
    en="the date of the event is missing; accepted: dd/mm/yyyy",
)

INDIVIDUAL_NUMBER = Field(
    Text(ar="رقم الفرد", fr="N° individu", en="Individual number"),
    "individual_number ¦ N° individu ¦ Numéro individu ¦ Numéro de l'individu ¦ Code individu ¦ ID individu"
    " ¦ Identifiant individu ¦ N° membre ¦ Code membre ¦ ID membre ¦ N° du membre ¦ Identifiant du membre ¦ Individual number"
    " ¦ Individual ID ¦ Individual code ¦ Person ID ¦ Member ID ¦ Member number ¦ Member code ¦ رقم الفرد ¦ رمز الفرد"
    " ¦ معرف الفرد ¦ رقم العضو ¦ رقم فرد الأسرة ¦ رمز العضو",
)
COMMUNE_CODE = Field(
    Text(ar="رمز البلدية", fr="Code commune", en="Commune code"),
    "commune_code ¦ Code commune ¦ Code de la commune ¦ P-code commune ¦ Pcode ¦ P-code ¦ Admin 3 pcode ¦ ADM3_PCODE"
    " ¦ Commune pcode ¦ رمز البلدية ¦ رمز المنطقة",
)
OWN: Mapping[str, Field] = {
    "individual_number": INDIVIDUAL_NUMBER,
    "event_on": Field(
        Text(ar="تاريخ الحدث", fr="Date de l'événement", en="Date of the event"),
        "event_on ¦ Date de l'événement ¦ Date événement ¦ Date du décès ¦ Date de décès ¦ Date du déménagement ¦ Date"
        " ¦ Date of event ¦ Event date ¦ Date of death ¦ تاريخ الحدث ¦ التاريخ ¦ تاريخ الوفاة ¦ تاريخ الانتقال",
    ),
    "successor_number": Field(
        Text(ar="رقم الخلف", fr="N° du remplaçant", en="Number of the successor"),
        "successor_number ¦ N° du remplaçant ¦ Remplaçant ¦ Remplacé par (n° individu) ¦ Successeur ¦ N° successeur"
        " ¦ Successor ¦ Replacement ¦ رقم الخلف ¦ الخلف ¦ رقم البديل ¦ البديل",
    ),
    "commune_code": COMMUNE_CODE,
}  # fmt: skip
LAYOUT = Layout.of(
    "household_number", "name", "nni", "wilaya", "moughataa", "commune", "village", "remark",
    own=OWN,
    required=("household_number", "remark"),
)  # fmt: skip


DATED = frozenset({"death", "move", "succession", "removal"})
"""What happened on a day; the others are as they are."""
HOUSEHOLD_NUMBER = re.compile(r"MR[01]\d{9}")


class Remark(NamedTuple):
    """One row, read. `person` says who is meant: by number, by national id or by name, whichever the row has."""

    line: int
    kind: RemarkKind
    household_number: str
    individual_number: str
    nni: str | None
    name: str
    on: date | None
    place: tuple[str, str, str, str]
    """Wilaya, moughataa, commune (or its code), village: where a household moved to."""
    successor_number: str
    told: str
    twin_number: str = ""
    """Of a duplicate: the household that it is."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a row is no proposal: `error`, or `warning` where nothing had to be proposed."""

    line: int
    field: str
    value: Cell
    severity: str
    code: str
    reason: Text


def kind_of_remark(cell: Cell) -> RemarkKind | None:
    told = f" {fold(cell)} "
    for kind, words in WORDS.items():
        if any(f" {fold(word)} " in told for word in words):
            return kind
    return None


def read_remark(line: int, cells: Mapping[str, Cell], today: date) -> Remark | Unread:
    """A row as a remark, or why it is none."""
    number = parse_household_number(cells.get("household_number"))
    if number is None:
        return Unread(line, "household_number", cells.get("household_number"), "error", "value_missing", NUMBER_MISSING)
    kind = kind_of_remark(cells.get("remark"))
    if kind is None:
        reason = Text(*(NOT_UNDERSTOOD.in_(one).format(accepted=ACCEPTED.in_(one)) for one in LANGUAGES))
        return Unread(line, "remark", cells.get("remark"), "error", "remark_not_understood", reason)
    if kind == "absent":
        return Unread(line, "remark", cells.get("remark"), "warning", "nothing_proposed", NOTHING_PROPOSED)
    twin = _twin_of(clean_text(cells.get("remark")), number)
    if kind == "duplicate" and not twin:
        return Unread(line, "remark", cells.get("remark"), "error", "duplicate_of_missing", TWIN_MISSING)
    try:
        on = parse_date(cells.get("event_on"), today, year_only=False).value
    except BadValue as bad:
        return Unread(line, "event_on", cells.get("event_on"), "error", bad.code, bad.text)
    if on is None and kind in DATED:
        return Unread(line, "event_on", cells.get("event_on"), "error", "value_missing", DAY_MISSING)
    text = {name: clean_text(cells.get(name)) for name in (*OWN, "name", "wilaya", "moughataa", "commune", "village")}
    return Remark(
        line=line,
        kind=kind,
        household_number=number,
        individual_number=text["individual_number"],
        nni=parse_nni(cells.get("nni")).value,
        name=text["name"],
        on=on.value if on is not None else None,
        place=(text["wilaya"], text["moughataa"], text["commune_code"] or text["commune"], text["village"]),
        successor_number=text["successor_number"],
        told=clean_text(cells.get("remark")),
        twin_number=twin,
    )


def _twin_of(told: str, number: str) -> str:
    """The first household number in a remark that is another one."""
    return next((one for one in HOUSEHOLD_NUMBER.findall(fold_digits(told).upper()) if one != number), "")
