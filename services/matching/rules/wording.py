"""The sentences of the evidence, one per field and level, in three languages."""

from shared.text import Text

_SENTENCES: dict[tuple[str, str], tuple[str, str, str]] = {
    ("nni", "equal"): ("الرقم الوطني مطابق", "même numéro national", "same national id"),
    ("nni", "one_slip"): (
        "الرقم الوطني يختلف في رقم واحد",
        "numéro national à un chiffre près",
        "national id one digit off",
    ),
    ("nni", "different"): ("الرقم الوطني مختلف", "numéros nationaux différents", "different national ids"),
    ("nni", "missing"): (
        "لا يوجد رقم وطني عند الطرفين للمقارنة",
        "numéro national absent d'un côté",
        "national id missing on one side",
    ),
    ("household_number", "equal"): ("رقم الأسرة مطابق", "même numéro de ménage", "same household number"),
    ("household_number", "one_slip"): (
        "رقم الأسرة يختلف في رقم واحد",
        "numéro de ménage à un chiffre près",
        "household number one digit off",
    ),
    ("household_number", "different"): (
        "رقم الأسرة مختلف",
        "numéros de ménage différents",
        "different household numbers",
    ),
    ("household_number", "missing"): (
        "رقم الأسرة غير مذكور",
        "numéro de ménage absent",
        "household number missing",
    ),
    ("household_agrees", "agrees"): (
        "آخرون من الأسرة في القائمة من أفراد هذه الأسرة في السجل",
        "d'autres du même ménage dans la liste sont membres de ce ménage du registre",
        "others of the household in the list are members of this household of the registry",
    ),
    ("household_agrees", "agrees_told"): (
        "آخرون من الأسرة في القائمة من أفراد هذه الأسرة، والهاتف يدل عليها من قبل",
        "d'autres du même ménage dans la liste sont de ce ménage, ce que le téléphone disait déjà",
        "others of the household in the list are of this household, which the phone told already",
    ),
    ("name", "same"): ("الاسم نفسه", "même nom", "same name"),
    ("name", "alike"): (
        "الاسم نفسه بكتابة أخرى",
        "même nom, autre orthographe",
        "same name, spelled otherwise",
    ),
    ("name", "near"): ("اسمان متقاربان", "noms proches", "names close to each other"),
    ("name", "part"): (
        "اسم واحد فقط للمقارنة",
        "un seul prénom à comparer",
        "only a given name to compare",
    ),
    ("name", "doubtful"): ("تشابه الاسمين ضعيف", "noms peu ressemblants", "names hardly alike"),
    ("name", "different"): ("اسمان مختلفان", "noms différents", "different names"),
    ("name", "missing"): ("الاسم غير مذكور", "nom absent", "name missing"),
    ("common_name", "rare"): ("اسم نادر", "nom rare", "rare name"),
    ("common_name", "usual"): (
        "اسم متوسط الانتشار",
        "nom ni rare ni très répandu",
        "name neither rare nor very common",
    ),
    ("common_name", "common"): ("اسم شائع جدا", "nom très répandu", "very common name"),
    ("father_name", "same"): ("اسم الأب مطابق", "même nom du père", "same father's name"),
    ("father_name", "repeated"): (
        "اسم الأب مطابق، وهو وارد في الاسم الكامل",
        "même nom du père, déjà contenu dans le nom",
        "same father's name, already told by the full name",
    ),
    ("father_name", "near"): (
        "اسما الأب متقاربان",
        "noms du père proches",
        "fathers' names close to each other",
    ),
    ("father_name", "different"): ("اسم الأب مختلف", "noms du père différents", "different fathers' names"),
    ("father_name", "unconfirmed"): (
        "اسم الأب لا يظهر في اسم الشخص",
        "le nom du père ne figure pas dans le nom",
        "the father's name does not appear in the name",
    ),
    ("father_name", "missing"): ("اسم الأب غير معروف", "nom du père inconnu", "father's name unknown"),
    ("birth", "same_day"): ("تاريخ الميلاد نفسه", "même date de naissance", "same date of birth"),
    ("birth", "swapped"): (
        "تاريخ الميلاد نفسه مع قلب اليوم والشهر",
        "même date de naissance, jour et mois inversés",
        "same date of birth, day and month swapped",
    ),
    ("birth", "one_slip"): (
        "تاريخ الميلاد يختلف في رقم واحد",
        "date de naissance à un chiffre près",
        "date of birth one digit off",
    ),
    ("birth", "same_year"): ("سنة الميلاد نفسها", "même année de naissance", "same year of birth"),
    ("birth", "other_day"): (
        "سنة الميلاد نفسها ويوم مختلف",
        "même année de naissance, autre jour",
        "same year of birth, another day",
    ),
    ("birth", "ten_years"): (
        "تاريخا الميلاد بينهما عشر سنوات بالضبط",
        "dates de naissance à dix ans exactement",
        "dates of birth exactly ten years apart",
    ),
    ("birth", "next_year"): (
        "سنتا الميلاد بينهما سنة واحدة",
        "années de naissance à un an près",
        "years of birth one apart",
    ),
    ("birth", "near_year"): (
        "سنتا الميلاد بينهما سنتان",
        "années de naissance à deux ans près",
        "years of birth two apart",
    ),
    ("birth", "different"): (
        "تاريخ الميلاد مختلف",
        "dates de naissance différentes",
        "different dates of birth",
    ),
    ("birth", "missing"): ("تاريخ الميلاد غير معروف", "date de naissance inconnue", "date of birth unknown"),
    ("sex", "same"): ("الجنس نفسه", "même sexe", "same sex"),
    ("sex", "hinted"): (
        "الاسم (ولد أو بنت) يوافق الجنس",
        "le nom (Ould ou Mint) s'accorde avec le sexe",
        "the name (Ould or Mint) agrees with the sex",
    ),
    ("sex", "against_hint"): (
        "الاسم (ولد أو بنت) يخالف الجنس",
        "le nom (Ould ou Mint) contredit le sexe",
        "the name (Ould or Mint) contradicts the sex",
    ),
    ("sex", "different"): ("الجنس مختلف", "sexes différents", "different sexes"),
    ("sex", "missing"): ("الجنس غير معروف", "sexe inconnu", "sex unknown"),
    ("phone", "equal"): ("رقم الهاتف نفسه", "même téléphone", "same phone"),
    ("phone", "shared"): (
        "رقم الهاتف نفسه، وتشترك فيه أسر عدة",
        "même téléphone, partagé par plusieurs ménages",
        "same phone, shared by several households",
    ),
    ("phone", "one_slip"): (
        "رقم الهاتف يختلف في رقم واحد",
        "téléphone à un chiffre près",
        "phone one digit off",
    ),
    ("phone", "different"): ("رقم الهاتف مختلف", "téléphones différents", "different phones"),
    ("phone", "missing"): ("رقم الهاتف غير معروف", "téléphone inconnu", "phone unknown"),
    ("place", "commune"): ("البلدية نفسها", "même commune", "same commune"),
    ("place", "moughataa"): ("المقاطعة نفسها", "même moughataa", "same moughataa"),
    ("place", "wilaya"): ("الولاية نفسها", "même wilaya", "same wilaya"),
    ("place", "other_commune"): (
        "بلدية أخرى في المقاطعة نفسها",
        "autre commune de la même moughataa",
        "another commune of the same moughataa",
    ),
    ("place", "other_moughataa"): (
        "مقاطعة أخرى في الولاية نفسها",
        "autre moughataa de la même wilaya",
        "another moughataa of the same wilaya",
    ),
    ("place", "other_wilaya"): ("ولاية أخرى", "autre wilaya", "another wilaya"),
    ("place", "missing"): ("المكان غير معروف", "lieu inconnu", "place unknown"),
    ("role", "head"): ("رب الأسرة", "chef du ménage", "head of the household"),
    ("role", "spouse"): (
        "زوج رب الأسرة أو زوجته",
        "conjoint du chef de ménage",
        "spouse of the household's head",
    ),
    ("role", "member"): (
        "عضو آخر في الأسرة",
        "autre membre du ménage",
        "another member of the household",
    ),
    ("school", "fits"): ("العمر يناسب القسم", "l'âge convient à la classe", "the age suits the class"),
    ("school", "older"): ("أكبر من عمر القسم", "âgé pour la classe", "old for the class"),
    ("school", "unfit"): (
        "العمر لا يناسب القسم",
        "l'âge ne convient pas à la classe",
        "the age does not suit the class",
    ),
    ("school", "missing"): ("العمر أو القسم غير معروف", "âge ou classe inconnus", "age or class unknown"),
}
_TEXTS = {key: Text(ar=ar, fr=fr, en=en) for key, (ar, fr, en) in _SENTENCES.items()}


def explain(field: str, level: str) -> Text:
    """The sentence for one level of one field. Raises KeyError for a level without one."""
    return _TEXTS[field, level]
