"""The words of the citizen's report: in the language of whoever is told, never a field's technical name where it has a word."""

from collections.abc import Iterable, Mapping
from typing import Final

from shared.text import Language, Text

KINDS: Final[Mapping[str, Text]] = {
    "individual": Text(ar="بيانات الشخص", fr="données de la personne", en="data of the person"),
    "household": Text(ar="بيانات الأسرة", fr="données du ménage", en="data of the household"),
    "enrollment": Text(ar="التسجيل في برنامج", fr="inscription à un programme", en="enrollment in a program"),
    "file": Text(
        ar="قائمة أو ملف كنتم فيه", fr="liste ou fichier où vous figuriez", en="list or file that had you in it"
    ),
    "disclosures": Text(ar="سجل الاطلاع على البيانات", fr="registre des consultations", en="log of who read the data"),
}
ANY_KIND: Final = Text(ar="بيانات", fr="données", en="data")
READ: Final = Text(ar="اطلاع: {what}", fr="Consultation : {what}", en="Read: {what}")
EMERGENCY: Final = Text(ar="اطلاع استثنائي: {what}", fr="Consultation d'urgence : {what}", en="Emergency read: {what}")
COMMA: Final = Text(ar="، ", fr=", ", en=", ")

# Purposes are words of agreements, which may bring new ones: these are those of the agreements that ship.
PURPOSES: Final[Mapping[str, Text]] = {
    "own_data": Text(ar="عمل المؤسسة على بياناتها", fr="travail de l'institution sur ses propres données",
                     en="the institution's work on its own data"),
    "emergency": Text(ar="حالة استعجالية", fr="urgence", en="emergency"),
    "coverage_statistics": Text(ar="إحصاءات التغطية", fr="statistiques de couverture", en="statistics of coverage"),
    "disability_cash": Text(ar="التحويلات للأسر التي تضم معاقين", fr="transferts aux ménages avec une personne handicapée",
                            en="cash for households with a disabled member"),
    "disabled_pupil_support": Text(ar="دعم التلاميذ المعاقين", fr="appui aux élèves handicapés", en="support of disabled pupils"),
    "distribution_check": Text(ar="التحقق من التوزيع", fr="contrôle des distributions", en="check of distributions"),
    "food_shop_supply": Text(ar="تموين الدكاكين", fr="approvisionnement des boutiques", en="supply of food shops"),
    "insurance_affiliation": Text(ar="الانتساب إلى التأمين الصحي", fr="affiliation à l'assurance maladie",
                                  en="affiliation to health insurance"),
    "lean_season_response": Text(ar="مساعدة موسم الجدب", fr="aide de la période de soudure", en="help in the lean season"),
    "overlap_review": Text(ar="مراجعة التداخل بين البرامج", fr="examen des chevauchements entre programmes",
                           en="review of overlaps between programs"),
    "pupil_support": Text(ar="دعم التلاميذ", fr="appui aux élèves", en="support of pupils"),
    "registry_update": Text(ar="تحيين السجل الاجتماعي", fr="mise à jour du registre social", en="update of the social registry"),
    "school_feeding_planning": Text(ar="تخطيط التغذية المدرسية", fr="planification des cantines scolaires",
                                    en="planning of school meals"),
    "shock_response": Text(ar="الاستجابة للأزمات", fr="réponse aux chocs", en="response to shocks"),
}  # fmt: skip

PAGE: Final[Mapping[str, Text]] = {
    "title": Text(ar="من اطّلع على بياناتكم", fr="Qui a consulté vos données", en="Who looked at your data"),
    "intro": Text(
        ar="كل اطلاع لمؤسسة على بياناتكم عبر المنصة يُسجل قبل أن يغادر الجواب، ولا يمكن محوه ولا تغييره دون أن يُكشف.",
        fr="Chaque communication de vos données à une institution est inscrite avant que la réponse parte ; nul ne peut"
        " l'effacer ni la changer sans que cela se voie.",
        en="Each time an institution was told of you through the platform, it was written down before the answer left;"
        " nobody can remove or change it unseen.",
    ),
    "subject": Text(ar="المعرّف", fr="Identifiant", en="Identifier"),
    "made_at": Text(ar="حُرر يوم", fr="Établi le", en="Made on"),
    "period": Text(ar="الفترة", fr="Période", en="Period"),
    "until": Text(ar="من {first} إلى {last}", fr="du {first} au {last}", en="{first} to {last}"),
    "reads": Text(ar="عدد الاطلاعات", fr="consultations", en="times read"),
    "institutions": Text(ar="عدد المؤسسات", fr="institutions", en="institutions"),
    "emergencies": Text(ar="منها استثنائية", fr="dont en urgence", en="of them in an emergency"),
    "received": Text(ar="من تلقاها", fr="Qui les a reçues", en="Who received them"),
    "each": Text(ar="كل اطلاع على حدة", fr="Chaque consultation", en="Each time"),
    "none": Text(
        ar="لم يتلق أحد شيئا من بياناتكم.", fr="Personne n'a rien reçu de vos données.", en="Nobody was told anything of you."
    ),
    "times": Text(ar="المرات", fr="Fois", en="Times"),
    "last": Text(ar="آخر مرة", fr="Dernière fois", en="Last time"),
    "time": Text(ar="التاريخ", fr="Date", en="Date"),
    "action": Text(ar="العملية", fr="Acte", en="Act"),
    "receiver": Text(ar="المؤسسة", fr="Institution", en="Institution"),
    "purpose": Text(ar="الغرض والأساس القانوني", fr="Finalité et base légale", en="Purpose and legal basis"),
    "attributes": Text(ar="ما أُعطي منها", fr="Ce qui en a été communiqué", en="What of them was told"),
    "incomplete": Text(
        ar="هذه أحدث {count} عملية؛ توجد عمليات أقدم، تُطلب بتحديد المدة.",
        fr="Ce sont les {count} consultations les plus récentes ; de plus anciennes s'obtiennent en nommant une période.",
        en="These are the newest {count}; older ones are had by naming a period.",
    ),
    "partial_title": Text(ar="بيان ناقص", fr="Relevé partiel", en="Partial report"),
    "partial": Text(
        ar="لم تجب {processes}: قد تنقص القوائم والملفات التي سُلّمت وكنتم فيها. اطلبوا البيان مرة أخرى.",
        fr="{processes} n'a pas répondu : il peut manquer des listes et fichiers remis où vous figuriez. Redemandez ce relevé.",
        en="{processes} did not answer: lists and files that were given with you in them may be missing. Ask for it again.",
    ),
    "none_known": Text(
        ar="لا يُعرف أن أحدا تلقى شيئا من بياناتكم، والبيان ناقص.",
        fr="On ne connaît personne qui ait reçu vos données ; le relevé est partiel.",
        en="Nobody is known to have been told anything of you; the report is partial.",
    ),
    "objection_title": Text(ar="حقوقكم", fr="Vos droits", en="Your rights"),
    "objection": Text(
        ar="لكم أن تطلبوا تصحيح بياناتكم، وأن تعترضوا لدى سلطة حماية المعطيات ذات الطابع الشخصي (القانون 2017-020).",
        fr="Vous pouvez demander que vos données soient corrigées, et saisir l'Autorité de protection des données à caractère"
        " personnel (loi 2017-020).",
        en="You may ask for your data to be corrected, and object with the authority for the protection of personal data"
        " (law 2017-020).",
    ),
}  # fmt: skip

# A few words stand for many fields: who is told wants to know of what, not by which name a program calls it.
_WORDS: Final[Mapping[Text, str]] = {
    Text(ar="الاسم", fr="nom", en="name"): "name name_fr name_ar head_name head_name_fr head_name_ar",
    Text(ar="اسم الأب", fr="nom du père", en="father's name"): "father_name",
    Text(ar="رقم التعريف الوطني", fr="numéro national d'identification", en="national id"): "nni identifiers",
    Text(ar="الهاتف", fr="téléphone", en="phone"): "phones phone phone_2",
    Text(ar="الجنس", fr="sexe", en="sex"): "sex head_sex",
    Text(ar="تاريخ الميلاد", fr="date de naissance", en="date of birth"): "birth_date birth_precision birth_year",
    Text(ar="الإعاقة", fr="handicap", en="disability"): "disability disabled",
    Text(ar="مكان السكن", fr="lieu de résidence", en="where you live"):
        "place_code wilaya moughataa commune village commune_code commune_fr commune_ar village_code wilaya_fr wilaya_ar wilaya_code",
    Text(ar="فئة الهشاشة ودرجتها", fr="catégorie de vulnérabilité et score", en="vulnerability category and score"):
        "vulnerability_category category score formula_version scored_on score_valid_until",
    Text(ar="أفراد الأسرة", fr="membres du ménage", en="members of the household"):
        "members memberships relationship member_from size household_size household_id household_number registry_household_id"
        " individual_id individual_number registry_individual_id household_numbers"
        " registry_household_number from_on until_on",
    Text(ar="أجوبة الاستبيان", fr="réponses au questionnaire", en="answers to the questionnaire"): "answers listed",
    Text(ar="البرامج والحالة فيها", fr="programmes et situation dans ceux-ci", en="programs and your status in them"):
        "program programs status person_status enrollment_status reason enrollment_id applied_on enrolled_on exited_on recertify_on change link_status"
        " action effective_on remark",
    Text(ar="المبالغ", fr="montants", en="amounts"): "amount_mru monthly_value_mru amount top_up due_mru delivered_mru balance_mru lines",
    Text(ar="ما استُحق وما سُلّم", fr="ce qui était dû et ce qui a été remis", en="what was due and what was handed over"):
        "period starts_on ends_on hold_reason people delivered_on outcome channel agent reference findings state last_delivered_on",
    Text(ar="المدرسة", fr="école", en="school"): "school school_class",
    Text(ar="رقم البطاقة", fr="numéro de carte", en="card number"): "card_number",
    Text(ar="من اطلع على البيانات", fr="qui a consulté les données", en="who read the data"): "disclosures",
    Text(ar="الوفاة", fr="décès", en="death"): "died_on",
}  # fmt: skip
ATTRIBUTES: Final = {name: word for word, names in _WORDS.items() for name in names.split()}
TECHNICAL: Final = frozenset(
    "id number version type time import_id source_line position origins questionnaire_version score_inputs_hash surveyed_on"
    " link_version link_probability probability unit priority previous_id merged_into left_reason line found reasons field"
    " same_as_line second_probability second_individual_id entitlement_id delivery_id corrects source".split()
)
"""Fields that say nothing of anybody: how a record is kept."""


def purpose_in(language: Language, code: str) -> str:
    """The purpose in words; a code that has none, as it is written."""
    word = PURPOSES.get(code)
    return word.in_(language) if word is not None else code.replace("_", " ")


def words_for(names: Iterable[str], language: Language) -> str:
    """What attributes are of, each word once, in the order of the table; a name without a word stands as it is."""
    held = set(names) - TECHNICAL
    words = [word.in_(language) for word, covered in _WORDS.items() if held & set(covered.split())]
    words += sorted(held - ATTRIBUTES.keys())
    return COMMA.in_(language).join(words)
