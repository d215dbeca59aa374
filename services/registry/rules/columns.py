"""The columns a list of households may have, and the words its cells may use, in Arabic, French and English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.headers import Field, Layout
from shared.remarks import COMMUNE_CODE, INDIVIDUAL_NUMBER
from shared.text import LANGUAGES, PROBLEMS, Cell, Text
from shared.values import BadValue, Parsed, parse_choice

OWN_FIELDS: Mapping[str, Field] = {
    "individual_number": INDIVIDUAL_NUMBER,
    "relationship": Field(
        Text(ar="صلة القرابة برب الأسرة", fr="Lien avec le chef de ménage", en="Relationship to the head"),
        "relationship ¦ Lien ¦ Lien de parenté ¦ Lien parenté ¦ Lien avec le chef de ménage ¦ Lien avec le chef ¦ Lien avec CM"
        " ¦ Lien de parenté avec le chef de ménage ¦ Lien de parenté avec le CM ¦ Parenté ¦ Rôle ¦ Statut dans le ménage"
        " ¦ Qualité ¦ Relation avec le chef de ménage ¦ Relationship to head ¦ Relationship to the head ¦ Relation to head"
        " ¦ Relationship to HH head ¦ Relationship to head of household ¦ Role ¦ صلة القرابة ¦ صلة القرابة برب الأسرة"
        " ¦ القرابة ¦ علاقة القرابة ¦ العلاقة برب الأسرة ¦ الصلة برب الأسرة ¦ الصفة ¦ الصفة في الأسرة",
    ),
    "name_fr": Field(
        Text(ar="الاسم بالحروف اللاتينية", fr="Nom en français", en="Name in Latin letters"),
        "name_fr ¦ Nom en français ¦ Nom français ¦ Nom (français) ¦ Nom (FR) ¦ Nom complet en français ¦ Nom et prénom en français"
        " ¦ Nom en lettres latines ¦ Nom latin ¦ Name in Latin ¦ Name in Latin letters ¦ Latin name ¦ Name in French"
        " ¦ French name ¦ الاسم بالفرنسية ¦ الاسم الكامل بالفرنسية ¦ الاسم باللاتينية ¦ الاسم بالحروف اللاتينية",
    ),
    "name_ar": Field(
        Text(ar="الاسم بالعربية", fr="Nom en arabe", en="Name in Arabic"),
        "name_ar ¦ Nom en arabe ¦ Nom arabe ¦ Nom (arabe) ¦ Nom (AR) ¦ Nom complet en arabe ¦ Nom et prénom en arabe"
        " ¦ Name in Arabic ¦ Arabic name ¦ Full name in Arabic ¦ الاسم بالعربية ¦ الاسم الكامل بالعربية ¦ الاسم العربي"
        " ¦ الاسم باللغة العربية",
    ),
    "name_2": Field(Text(ar="الاسم بالكتابة الأخرى", fr="Nom dans l'autre écriture", en="Name in the other script"), "name_2"),
    "birth_precision": Field(
        Text(ar="دقة تاريخ الميلاد", fr="Précision de la naissance", en="Precision of the birth date"),
        "birth_precision ¦ Précision de la naissance ¦ Précision date de naissance ¦ Birth date precision ¦ دقة تاريخ الميلاد",
    ),
    "age": Field(
        Text(ar="العمر", fr="Âge", en="Age"),
        "Âge ¦ Age ¦ Âge (ans) ¦ Âge en années ¦ Age in years ¦ Age (years) ¦ العمر ¦ السن ¦ العمر بالسنوات",
    ),
    "commune_code": COMMUNE_CODE,
    "vulnerability_category": Field(
        Text(ar="فئة الهشاشة", fr="Catégorie de vulnérabilité", en="Vulnerability category"),
        "vulnerability_category ¦ Catégorie de vulnérabilité ¦ Catégorie ¦ Catégorie du ménage ¦ Classe de vulnérabilité"
        " ¦ Classement ¦ Classe de pauvreté ¦ Niveau de pauvreté ¦ Statut de pauvreté ¦ Pauvreté ¦ Vulnérabilité"
        " ¦ Vulnerability category ¦ Category ¦ Household category ¦ Poverty category ¦ Poverty status ¦ Poverty class"
        " ¦ فئة الهشاشة ¦ الفئة ¦ التصنيف ¦ تصنيف الأسرة ¦ فئة الأسرة ¦ درجة الهشاشة ¦ مستوى الفقر ¦ فئة الفقر ¦ تصنيف الفقر",
    ),
    "score": Field(
        Text(ar="الدرجة", fr="Score", en="Score"),
        "score ¦ Score PMT ¦ PMT ¦ Score de vulnérabilité ¦ Score de pauvreté ¦ Score du ménage ¦ Note PMT ¦ Points"
        " ¦ PMT score ¦ Vulnerability score ¦ Poverty score ¦ الدرجة ¦ النقاط ¦ مجموع النقاط ¦ درجة الأسرة ¦ نقاط الهشاشة"
        " ¦ نتيجة الاستهداف",
    ),
    "formula_version": Field(
        Text(ar="إصدار الصيغة", fr="Version de la formule", en="Formula version"),
        "formula_version ¦ Version de la formule ¦ Formule ¦ Version PMT ¦ Version du score ¦ Version formule ¦ PMT version"
        " ¦ Score version ¦ Formula ¦ إصدار الصيغة ¦ صيغة الاستهداف ¦ الصيغة ¦ نسخة الصيغة",
    ),
    "surveyed_on": Field(
        Text(ar="تاريخ المسح", fr="Date d'enquête", en="Survey date"),
        "surveyed_on ¦ Date d'enquête ¦ Date enquête ¦ Date de l'enquête ¦ Date de collecte ¦ Date de visite ¦ Date du recensement"
        " ¦ Date d'interview ¦ Enquêté le ¦ Survey date ¦ Date of survey ¦ Date surveyed ¦ Interview date ¦ Date of interview"
        " ¦ Collection date ¦ تاريخ المسح ¦ تاريخ الاستبيان ¦ تاريخ التحقيق ¦ تاريخ الزيارة ¦ تاريخ الإحصاء ¦ تاريخ المقابلة",
    ),
    "questionnaire_version": Field(
        Text(ar="نسخة الاستمارة", fr="Version du questionnaire", en="Questionnaire version"),
        "questionnaire_version ¦ Version du questionnaire ¦ Questionnaire ¦ Version questionnaire ¦ Questionnaire version"
        " ¦ نسخة الاستمارة ¦ إصدار الاستمارة ¦ الاستمارة",
    ),
    "disability": Field(
        Text(ar="الإعاقة", fr="Handicap", en="Disability"),
        "disability ¦ Handicap ¦ Handicapé ¦ En situation de handicap ¦ Personne handicapée ¦ Handicap (oui/non) ¦ Invalidité"
        " ¦ Disabled ¦ Has disability ¦ Person with disability ¦ الإعاقة ¦ معاق ¦ ذو إعاقة ¦ هل لديه إعاقة ¦ وجود إعاقة",
    ),
}  # fmt: skip
SHARED_FIELDS = (
    "household_number", "name", "nni", "phone", "phone_2", "sex", "birth_date", "wilaya", "moughataa", "commune", "village",
)  # fmt: skip
REQUIRED = ("household_number", "vulnerability_category", "score", "surveyed_on", "sex")


def layout(answers: Mapping[str, Text]) -> Layout:
    """The layout of a list of households; `answers` are the columns of the questionnaires with their header words."""
    asked = {name: Field(label, " ¦ ".join((name, label.ar, label.fr, label.en))) for name, label in answers.items()}
    return Layout.of(*SHARED_FIELDS, own={**OWN_FIELDS, **asked}, required=REQUIRED)


ONE_OF_EACH = (("name", "name_fr", "name_ar"), ("birth_date", "age"), ("commune", "commune_code"))
"""Of each of these a list needs one column; the first is the one asked for."""


@dataclass(frozen=True, slots=True)
class Words:
    """A choice among a few values: the words that mean each, and how the choice is shown in each language."""

    values: Mapping[str, Sequence[str]]
    shown: Text

    def parse(self, cell: Cell) -> Parsed[str | None]:
        try:
            return parse_choice(cell, self.values)
        except BadValue as bad:
            told = PROBLEMS[bad.code]  # of all the words only one for each value: a list of eighty helps nobody
            ar, fr, en = (getattr(told, one).format(accepted=getattr(self.shown, one)) for one in LANGUAGES)
            raise BadValue(bad.code, Text(ar, fr, en)) from None


def _words(**values: str) -> dict[str, tuple[str, ...]]:
    return {value: tuple(words.split(" ¦ ")) for value, words in values.items()}


CATEGORY_WORDS = Words(
    _words(
        extreme_poor="extrême pauvre ¦ extrêmement pauvre ¦ très pauvre ¦ pauvreté extrême ¦ extrême pauvreté ¦ EP ¦ extremely poor"
        " ¦ very poor ¦ ultra poor ¦ poorest ¦ فقير جدا ¦ فقيرة جدا ¦ شديد الفقر ¦ شديدة الفقر ¦ فقر مدقع ¦ الفقر المدقع ¦ أشد فقرا"
        " ¦ الأشد فقرا ¦ أكثر فقرا ¦ الأكثر فقرا",
        poor="pauvre ¦ P ¦ pauvreté ¦ فقير ¦ فقيرة ¦ الفقر ¦ فقر",
        vulnerable="vulnérable ¦ V ¦ vulnérabilité ¦ هش ¦ هشة ¦ ضعيف ¦ هشاشة",
        not_poor="non pauvre ¦ non-pauvre ¦ NP ¦ aisé ¦ nanti ¦ non poor ¦ non-poor ¦ better off ¦ غير فقير ¦ غير فقيرة ¦ ميسور ¦ ميسورة",
    ),
    Text(
        ar="فقير جدا، فقير، هش، غير فقير",
        fr="extrême pauvre, pauvre, vulnérable, non pauvre",
        en="extreme_poor, poor, vulnerable, not_poor",
    ),
)
RELATIONSHIP_WORDS = Words(
    _words(
        head="chef ¦ chef de ménage ¦ chef du ménage ¦ cheffe ¦ cheffe de ménage ¦ chef ménage ¦ CM ¦ chef de famille ¦ lui-même"
        " ¦ elle-même ¦ head of household ¦ household head ¦ HH head ¦ self ¦ رب ¦ رب الأسرة ¦ ربة الأسرة ¦ رب البيت ¦ رب العائلة"
        " ¦ رئيس الأسرة ¦ رئيسة الأسرة ¦ معيل الأسرة ¦ المعيل",
        spouse="époux ¦ épouse ¦ conjoint ¦ conjointe ¦ conjoint(e) ¦ époux/épouse ¦ mari ¦ femme ¦ femme du chef ¦ wife ¦ husband"
        " ¦ partner ¦ زوج ¦ زوجة ¦ الزوج ¦ الزوجة ¦ قرين ¦ قرينة ¦ زوج(ة) ¦ زوج/زوجة",
        child="fils ¦ fille ¦ enfant ¦ fils/fille ¦ fils ou fille ¦ son ¦ daughter ¦ son/daughter ¦ ابن ¦ ابنة ¦ بنت ¦ ولد ¦ الابن"
        " ¦ الابنة ¦ البنت ¦ الولد ¦ طفل ¦ طفلة ¦ ابن/بنت ¦ ابن(ة) ¦ ابن أو بنت",
        parent="père ¦ mère ¦ père/mère ¦ père ou mère ¦ father ¦ mother ¦ أب ¦ أم ¦ الأب ¦ الأم ¦ والد ¦ والدة ¦ الوالد ¦ الوالدة",
        sibling="frère ¦ sœur ¦ frère/sœur ¦ frère ou sœur ¦ brother ¦ sister ¦ أخ ¦ أخت ¦ الأخ ¦ الأخت ¦ شقيق ¦ شقيقة",
        grandchild="petit-fils ¦ petite-fille ¦ petit-enfant ¦ petits-enfants ¦ petit enfant ¦ grandson ¦ granddaughter ¦ grand child"
        " ¦ حفيد ¦ حفيدة ¦ الحفيد ¦ الحفيدة",
        other="autre ¦ autres ¦ autre parent ¦ autre lien ¦ autre membre ¦ sans lien ¦ sans lien de parenté ¦ non apparenté ¦ neveu"
        " ¦ nièce ¦ oncle ¦ tante ¦ cousin ¦ cousine ¦ gendre ¦ belle-fille ¦ beau-fils ¦ beau-père ¦ belle-mère ¦ grand-père"
        " ¦ grand-mère ¦ domestique ¦ nephew ¦ niece ¦ uncle ¦ aunt ¦ son in law ¦ daughter in law ¦ grandfather ¦ grandmother"
        " ¦ other relative ¦ not related ¦ non relative ¦ آخر ¦ أخرى ¦ غير ذلك ¦ قريب ¦ قريبة ¦ بدون قرابة ¦ عم ¦ عمة ¦ خال ¦ خالة"
        " ¦ جد ¦ جدة ¦ ابن أخ ¦ ابن أخت ¦ بنت أخ ¦ بنت أخت ¦ صهر ¦ كنة",
    ),
    Text(
        ar="رب الأسرة، زوج أو زوجة، ابن أو بنت، أب أو أم، أخ أو أخت، حفيد، آخر",
        fr="chef, conjoint, enfant, père ou mère, frère ou sœur, petit-enfant, autre",
        en="head, spouse, child, parent, sibling, grandchild, other",
    ),
)
DISABILITY_WORDS = Words(
    _words(
        yes="oui ¦ o ¦ y ¦ 1 ¦ vrai ¦ true ¦ handicapé ¦ handicapée ¦ disabled ¦ نعم ¦ معاق ¦ معاقة ¦ ذو إعاقة",
        none="no ¦ non ¦ n ¦ 0 ¦ faux ¦ false ¦ aucun ¦ aucune ¦ néant ¦ sans ¦ valide ¦ لا ¦ لا يوجد ¦ بدون ¦ سليم ¦ سليمة",
    ),
    Text(ar="نعم، لا", fr="oui, non", en="yes, none"),
)
PRECISION_WORDS = Words(
    _words(day="jour ¦ exacte ¦ exact ¦ يوم ¦ دقيق", year="année ¦ an ¦ année seule ¦ سنة ¦ السنة فقط"),
    Text(ar="يوم، سنة", fr="jour, année", en="day, year"),
)
