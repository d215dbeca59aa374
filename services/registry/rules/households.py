"""Households and their members as a file tells them, and why the registry does not take a line."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from shared.text import Text

COLUMNS = (
    "household_number,commune_code,village,vulnerability_category,score,formula_version,surveyed_on,phone,"
    "individual_number,relationship,name_fr,name_ar,sex,birth_date,birth_precision,nni,disability"
).split(",")
"""The columns of the registry's own interchange csv, the cleanest of the lists it reads."""

CATEGORIES = ("extreme_poor", "poor", "vulnerable", "not_poor")
RELATIONSHIPS = ("head", "spouse", "child", "parent", "sibling", "grandchild", "other")

MEMBER_FACTS = ("name_fr", "name_ar", "sex", "birth_date", "birth_precision", "disability")
HOUSEHOLD_FACTS = (
    "commune_code", "village", "vulnerability_category", "score", "formula_version", "surveyed_on",
)  # fmt: skip
UNSTATED = "unstated"
"""The version of a formula that a list does not name."""

MISSING = Text(
    ar="القيمة ناقصة وهي واجبة.",
    fr="La valeur manque ; elle est obligatoire.",
    en="The value is missing; it is required.",
)
NAME_MISSING = Text(
    ar="لا بد من اسم بإحدى الكتابتين.",
    fr="Un nom est requis, dans l'une des écritures.",
    en="A name is required, in either script.",
)
DECEASED = Text(
    ar="هذا الفرد مسجل متوفى بتاريخ {on}؛ لم يُسجَّل من جديد. إن كان ذلك خطأ فأرسلوا طلب تصحيح.",
    fr="Cet individu est enregistré comme décédé le {on} ; il n'est pas réinscrit. S'il y a erreur, demandez une correction.",
    en="This individual is recorded as deceased on {on}; not entered again. If that is wrong, send a correction.",
)
MEMBER_ELSEWHERE = Text(
    ar="هذا الفرد عضو في الأسرة {household}؛ المقبول: طلب نقل، أو ملف يخرجه منها أولا.",
    fr="Cet individu appartient au ménage {household} ; accepté : une demande de déplacement, ou un fichier qui l'en retire d'abord.",
    en="This individual belongs to household {household}; accepted: a move, or a file that takes them out of it first.",
)
MERGED_HOUSEHOLD = Text(
    ar="دُمجت هذه الأسرة في أسرة أخرى؛ المقبول: رقم الأسرة الباقية.",
    fr="Ce ménage a été fusionné avec un autre ; accepté : le numéro du ménage conservé.",
    en="This household was merged into another; accepted: the number of the household that remains.",
)
LEFT_REGISTRY = Text(
    ar="خرجت هذه الأسرة من السجل؛ المقبول: طلب عودة.",
    fr="Ce ménage a quitté le registre ; accepté : une demande de retour.",
    en="This household has left the registry; accepted: a request for its return.",
)

LISTED_TWICE = Text(
    ar="ورد هذا الفرد من قبل في الأسرة نفسها في السطر {line}؛ لم يُسجَّل مرتين.",
    fr="Cet individu figure déjà dans ce ménage à la ligne {line} ; il n'est pas inscrit deux fois.",
    en="This individual is already listed in this household on line {line}; not entered twice.",
)
SURVEY_KNOWS_MEMBERS = Text(
    ar="أعضاء هذه الأسرة مأخوذون من مصدر أوثق؛ لم يُضف هذا الفرد. المقبول: طلب تعديل.",
    fr="Les membres de ce ménage viennent d'une source mieux classée ; l'individu n'est pas ajouté. Accepté : une demande de modification.",
    en="The members of this household come from a source that is believed more; not added. Accepted: a change request.",
)
MERGED_INDIVIDUAL = Text(
    ar="دُمج هذا الفرد في فرد آخر؛ المقبول: رقم الفرد الباقي.",
    fr="Cet individu a été fusionné avec un autre ; accepté : le numéro de l'individu conservé.",
    en="This individual was merged into another; accepted: the number of the individual who remains.",
)
UNKNOWN_COMMUNE = Text(
    ar="لا توجد بلدية بهذا الرمز.", fr="Aucune commune ne porte ce code.", en="No commune has this code."
)
COMMUNE_NOT_FOUND = Text(
    ar="لا تُعرف بلدية بهذا الاسم في المقاطعة والولاية المذكورتين؛ المقبول: اسم من جدول الأماكن، أو رمز البلدية.",
    fr="Aucune commune de ce nom n'est connue dans la moughataa et la wilaya indiquées ; accepté : un nom de la table des lieux, ou le code de la commune.",
    en="No commune of this name is known in the moughataa and wilaya given; accepted: a name of the table of places, or the commune's code.",
)


REFUSED_WITH_HOUSEHOLD = Text(
    ar="رُفضت الأسرة بسبب السطر {line}، ومعها هذا السطر؛ صححوا ذلك السطر وأعيدوا إرسالهما معا.",
    fr="Le ménage est refusé pour la ligne {line}, et cette ligne avec lui ; corrigez-la et renvoyez les deux.",
    en="The household is refused because of line {line}, and this line with it; correct that line and send both again.",
)


class Problem(NamedTuple):
    """What is wrong with one field of one line."""

    line: int
    field: str
    value: object
    severity: str
    code: str
    reason: Text


class Written(NamedTuple):
    """A place as a line writes it; `code` is the commune's."""

    code: str
    wilaya: str
    moughataa: str
    commune: str


class Member(NamedTuple):
    """One individual as a line gives it. None is what the line does not say; `number` is "" where it has none."""

    line: int
    number: str
    relationship: str
    name_fr: str | None
    name_ar: str | None
    sex: str
    birth_date: date
    birth_precision: str
    nni: str | None
    nni_check_holds: bool
    disability: bool | None = None
    questionnaire_version: str | None = None
    answers: Mapping[str, Any] | None = None

    @property
    def grade(self) -> str:
        """How far the national id is to be trusted."""
        return "check_holds" if self.nni_check_holds else "check_failed"

    def facts(self) -> dict[str, Any]:
        """What the line says of the individual, by the registry's field names; what it does not say stays as held."""
        told = {name: value for name in MEMBER_FACTS if (value := getattr(self, name)) is not None}
        return told | _answered(self.questionnaire_version, self.answers)


class HouseholdFile(NamedTuple):
    """One household as its lines give it; `members` holds those whose lines are sound.

    `whole`: whoever is not among the members has left. Not so for a list of heads, nor for lines of a household that
    had others further above in its file.
    """

    number: str
    commune_code: str
    """Empty until the table of places is at hand, which knows what is `written`."""
    village: str | None
    vulnerability_category: str
    score: Decimal
    formula_version: str | None
    surveyed_on: date
    phones: tuple[str, ...] | None
    members: tuple[Member, ...]
    questionnaire_version: str | None = None
    answers: Mapping[str, Any] | None = None
    whole: bool = True
    line: int = 1
    written: Written = Written("", "", "", "")
    content: bytes = b""
    """`hashed_content` where the reader has made it already."""
    village_code: str | None = None
    """The village meant, where the table of places knows it."""

    def facts(self) -> dict[str, Any]:
        """What the lines say of the household itself, by the registry's field names."""
        told = {name: value for name in HOUSEHOLD_FACTS if (value := getattr(self, name)) is not None}
        if self.village is not None:
            told["village_code"] = self.village_code
        if self.phones is not None:
            told["phones"] = list(self.phones)
        told |= {"scored_on": self.surveyed_on, "score_inputs_hash": None, "score_valid_until": None}
        return told | _answered(self.questionnaire_version, self.answers)

    def content_hash(self) -> bytes:
        """The same for the same household with the same members, in whatever order the lines came."""
        content = self.content or hashed_content(self)
        placed = f"{self.commune_code}|{self.village_code}".encode()
        return hashlib.blake2b(content + placed, digest_size=HASH_BYTES).digest()


HASH_BYTES = 16


def hashed_content(one: HouseholdFile) -> bytes:
    """A hash of all the lines say but for the commune, whatever the order of the members."""
    members = sorted(repr(member[1:]) for member in one.members)
    own = (
        one.number,
        one.village,
        one.vulnerability_category,
        one.score,
        one.formula_version,
        one.surveyed_on,
        one.phones,
    )
    told = repr((own, one.questionnaire_version, one.answers, members))
    return hashlib.blake2b(told.encode(), digest_size=HASH_BYTES).digest()


def _answered(version: str | None, answers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Answers where the file has them; a file without leaves those held."""
    return {} if version is None else {"questionnaire_version": version, "answers": dict(answers or {})}


def refused_with(number: str, cause: int, lines: Iterable[int]) -> list[Problem]:
    """The other lines of a household that is refused for one of them: who corrects the list needs them all."""
    reason = REFUSED_WITH_HOUSEHOLD.format(line=cause)
    return [
        Problem(line, "household_number", number, "error", "household_refused", reason)
        for line in lines
        if line != cause
    ]
