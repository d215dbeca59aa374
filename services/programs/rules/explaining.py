"""How the sum of an entitlement came about, line by line, in words for the person who asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from services.programs.rules.benefits import MEAL
from services.programs.rules.program import Value
from shared.text import Text

VALUE = {
    "household": Text(
        ar="القيمة السارية منذ {since}: {amount} أوقية جديدة للأسرة عن كل دفعة (عدد الأشهر المغطاة: {months})",
        fr="valeur en vigueur depuis le {since} : {amount} MRU par ménage et par versement (qui couvre {months} mois)",
        en="value in force since {since}: {amount} MRU per household and payment (which covers {months} month(s))",
    ),
    "person": Text(
        ar="القيمة السارية منذ {since}: {amount} أوقية جديدة للفرد عن كل دفعة (عدد الأشهر المغطاة: {months})",
        fr="valeur en vigueur depuis le {since} : {amount} MRU par personne et par versement (qui couvre {months} mois)",
        en="value in force since {since}: {amount} MRU per person and payment (which covers {months} month(s))",
    ),
    "pupil": Text(
        ar="القيمة السارية منذ {since}: {amount} أوقية جديدة للتلميذ في الشهر في المتوسط",
        fr="valeur en vigueur depuis le {since} : {amount} MRU par élève et par mois en moyenne",
        en="value in force since {since}: {amount} MRU per pupil and month on average",
    ),
}
SOURCE = Text(
    ar="مصدر القيمة ({confidence}): {note}",
    fr="source de la valeur ({confidence}) : {note}",
    en="source of the value ({confidence}): {note}",
)
CONFIDENCE = {
    "found": Text(ar="منشورة", fr="publiée", en="published"),
    "derived": Text(
        ar="محسوبة من أرقام منشورة", fr="calculée de chiffres publiés", en="computed from published figures"
    ),
    "assumed": Text(ar="مفترضة", fr="supposée", en="assumed"),
}
UNITS = {
    "kg": Text(ar="كغ", fr="kg", en="kg"),
    "l": Text(ar="لتر", fr="l", en="l"),
    "piece": Text(ar="قطعة", fr="pièce(s)", en="piece(s)"),
}
NothingDue = Literal["nobody_enrolled", "all_held", "all_skipped"]
NOTHING_DUE: dict[NothingDue, Text] = {
    "nobody_enrolled": Text(
        ar="لم يكن أحد مسجلا في البرنامج حتى نهاية الفترة: لا شيء يستحق. سجلوا المستفيدين ثم ألغوا الدورة وأعيدوا إصدارها.",
        fr="personne n'était inscrit au programme jusqu'à la fin de la période : rien n'est dû. Inscrivez, annulez ce cycle, puis"
        " émettez-le de nouveau.",
        en="nobody was enrolled in the program by the end of the period: nothing is due. Enroll, cancel this cycle, and issue it"
        " again.",
    ),
    "all_held": Text(
        ar="كل ما كان سيستحق محجوز؛ انظر سبب حجز كل استحقاق.",
        fr="tout ce qui serait dû est retenu ; voir le motif de chaque droit.",
        en="all that would be due is held; see the reason of each entitlement.",
    ),
    "all_skipped": Text(
        ar="كل من كان مسجلا موقوف، أو لا يوم لمطعم مدرسته في الفترة: لا شيء يستحق.",
        fr="tous les inscrits sont suspendus, ou leur cantine n'a aucun jour dans la période : rien n'est dû.",
        en="all who were enrolled are suspended, or their canteen has no day in the period: nothing is due.",
    ),
}
"""Why nothing fell due in a cycle that was issued."""
PERIOD = Text(ar="الفترة من {first} إلى {last}", fr="période du {first} au {last}", en="period from {first} to {last}")
SIZES = {
    "registry": Text(
        ar="عدد أفراد الأسرة {people} في {day}، بحسب السجل الاجتماعي كما كان معروفا في {known}",
        fr="{people} personnes dans le ménage au {day}, d'après le Registre social tel que connu le {known}",
        en="{people} people in the household on {day}, by the social registry as it was known on {known}",
    ),
    "list": Text(
        ar="عدد أفراد الأسرة {people} بحسب لائحة البرنامج، لأن السجل الاجتماعي لا يعرفه في {day}",
        fr="{people} personnes dans le ménage d'après la liste du programme, le Registre social ne le disant pas au {day}",
        en="{people} people in the household by the program's list, because the social registry does not tell for {day}",
    ),
    "person": Text(
        ar="عدد أفراد الأسرة {people}، أدخله الموظف عند الإفراج عن الاستحقاق",
        fr="{people} personnes dans le ménage, saisi par l'agent qui a libéré le droit",
        en="{people} people in the household, given by the officer who released the entitlement",
    ),
}
CAP = Text(
    ar="عدد الأفراد المحتسبين: {most} على الأكثر",
    fr="{most} personnes au plus sont comptées",
    en="at most {most} people are counted",
)
PER_HEAD = Text(
    ar="{people} × {amount} = {total} أوقية جديدة",
    fr="{people} × {amount} = {total} MRU",
    en="{people} × {amount} = {total} MRU",
)
FLAT = Text(ar="المبلغ {total} أوقية جديدة", fr="soit {total} MRU", en="that is {total} MRU")
MEALS = Text(
    ar="أيام الدراسة: {quantity} × {each} أوقية جديدة للوجبة = {total} أوقية جديدة",
    fr="{quantity} jours d'école × {each} MRU le repas = {total} MRU",
    en="{quantity} school days × {each} MRU a meal = {total} MRU",
)
GOODS = Text(
    ar="{name}: {quantity} {unit} × {each} أوقية جديدة من الدعم = {total} أوقية جديدة",
    fr="{name} : {quantity} {unit} × {each} MRU de subvention = {total} MRU",
    en="{name}: {quantity} {unit} × {each} MRU of subsidy = {total} MRU",
)
HELD = {
    "deceased": Text(
        ar="محجوز: سُجلت وفاة، ويُنتظر قرار من يخلف",
        fr="retenu : un décès est enregistré, la succession est à décider",
        en="held: a death is recorded, and who succeeds is to be decided",
    ),
    "conditions_not_met": Text(
        ar="محجوز: عُلم غياب عن الجلسات المطلوبة، ويُنتظر قرار موظف",
        fr="retenu : absence connue aux séances demandées, une personne doit décider",
        en="held: known to have missed the sessions asked for, a person must decide",
    ),
    "size_unknown": Text(
        ar="محجوز: عدد أفراد الأسرة مجهول في السجل وفي اللائحة",
        fr="retenu : taille du ménage inconnue du registre et de la liste",
        en="held: the size of the household is known neither to the registry nor by the list",
    ),
    "under_review": Text(
        ar="محجوز: ملف المستفيد قيد المراجعة",
        fr="retenu : le dossier du bénéficiaire est en examen",
        en="held: the beneficiary's case is under review",
    ),
}


def why_nothing(due: int, held: int, skipped: int) -> NothingDue | None:
    """Why nothing fell due, of these counts of entitlements and enrollments; None where something did."""
    if due:
        return None
    if held:
        return "all_held"
    return "all_skipped" if skipped else "nobody_enrolled"


@dataclass(frozen=True, slots=True)
class Worked:
    """What an entitlement was worked out from, as it is stored."""

    starts_on: date
    ends_on: date
    sizes_on: date
    known_on: date
    hold_reason: str | None
    people: int | None
    people_source: str | None
    amount: Decimal | None
    lines: list[dict[str, Any]] | None


def explain(value: Value, one: Worked) -> Iterator[Text]:
    """The lines of the sum in the order in which it is worked out."""
    yield VALUE[value.per].format(since=value.from_on, amount=value.amount_mru, months=value.months_per_payment)
    yield _in_each(SOURCE, {"confidence": CONFIDENCE[value.confidence]}, note=value.note)
    yield PERIOD.format(first=one.starts_on, last=one.ends_on)
    if one.people is not None and one.people_source is not None:
        yield SIZES[one.people_source].format(people=one.people, day=one.sizes_on, known=one.known_on)
        if value.max_people is not None and one.people > value.max_people:
            yield CAP.format(most=value.max_people)
    yield from _sums(value, one)
    if one.hold_reason is not None:
        yield HELD[one.hold_reason]


def _sums(value: Value, one: Worked) -> Iterator[Text]:
    goods = {good.code: good for good in value.goods}
    for line in one.lines or ():
        filled = {"quantity": line["quantity"], "each": line["each_mru"], "total": line["sum_mru"]}
        if line["what"] == MEAL:
            yield MEALS.format(**filled)
        else:
            good = goods[line["what"]]
            names = Text(ar=good.names.ar, fr=good.names.fr, en=good.names.en)
            yield _in_each(GOODS, {"name": names, "unit": UNITS[good.unit]}, **filled)
    if one.amount is None:
        return
    if one.people is not None and one.lines is None:
        counted = min(one.people, value.max_people or one.people)
        yield PER_HEAD.format(people=counted, amount=value.amount_mru, total=one.amount)
    else:
        yield FLAT.format(total=one.amount)


def _in_each(pattern: Text, words: dict[str, Text], **values: object) -> Text:
    """The pattern with words that differ by language, and values that do not."""
    return Text(
        ar=pattern.ar.format(**{name: word.ar for name, word in words.items()}, **values),
        fr=pattern.fr.format(**{name: word.fr for name, word in words.items()}, **values),
        en=pattern.en.format(**{name: word.en for name, word in words.items()}, **values),
    )
