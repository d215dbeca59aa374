"""The words on the printed pages of shock response."""

from collections.abc import Mapping

from services.matching.printing.words import CLASSES
from services.matching.rules.responding import ResponseStatus
from shared.text import Text


def _t(ar: str, fr: str, en: str) -> Text:
    return Text(ar=ar, fr=fr, en=en)


LABELS: Mapping[str, Text] = {
    "plan": _t("خطة الاستجابة", "Plan de réponse", "Response plan"),
    "after_action": _t("تقرير ما بعد الاستجابة", "Rapport après action", "After-action report"),
    "status": _t("الحالة", "État", "Status"),
    "areas": _t("المناطق", "Zones", "Areas"),
    "program": _t("البرنامج", "Programme", "Program"),
    "months": _t("الأشهر", "Mois", "Months"),
    "budget": _t("الميزانية", "Budget", "Budget"),
    "spent": _t("المبلغ المخطط", "Montant prévu", "Amount planned"),
    "remainder": _t("الباقي", "Reliquat", "Remainder"),
    "next_amount": _t(
        "مبلغ أول أسرة تُركت", "Montant du premier ménage laissé", "Amount of the first household left out"
    ),
    "in_area": _t("الأسر / الأفراد في السجل", "Ménages / personnes au registre", "Households / people in the registry"),
    "planned": _t("الأسر / الأفراد في الخطة", "Ménages / personnes prévus", "Households / people planned for"),
    "already_in_program": _t(
        "أسر في البرنامج من قبل", "Ménages déjà dans le programme", "Households in the program already"
    ),
    "in_other_responses": _t(
        "أسر في استجابة أخرى أيضا", "Ménages aussi dans une autre réponse", "Households in another response too"
    ),
    "unreached": _t(
        "أسر لا يصلها شيء: قبل ← بعد",
        "Ménages sans aide : avant → après",
        "Households reached by nothing: before → after",
    ),
    "poor_unreached": _t("منها الفقيرة", "dont pauvres", "of them poor"),
    "eligible_unreached": _t(
        "مستوفو شروط البرنامج خارجه: قبل ← بعد",
        "Éligibles hors du programme : avant → après",
        "Eligible and not in the program: before → after",
    ),
    "day": _t("حُسبت على بيانات يوم", "Calculé sur les données du", "Computed on the data of"),
    "approved_by": _t("صادق عليها", "Approuvé par", "Approved by"),
    "by_part": _t("حسب الجزء", "Par volet", "By part"),
    "by_commune": _t("حسب البلدية", "Par commune", "By commune"),
    "by_category": _t("حسب فئة الهشاشة", "Par catégorie de vulnérabilité", "By vulnerability category"),
    "exclusions": _t("من تستبعدهم برامج أخرى", "Exclus par d'autres programmes", "Excluded by other programs"),
    "overlaps": _t("التقاطع مع برامج أخرى", "Chevauchement avec d'autres programmes", "Overlap with other programs"),
    "nobody": _t("لا أحد في هذه المجموعة", "personne dans ce groupe", "no one in this group"),
    "part": _t("الجزء", "Volet", "Part"),
    "name": _t("", "", ""),
    "commune": _t("البلدية", "Commune", "Commune"),
    "households": _t("الأسر", "Ménages", "Households"),
    "households_there": _t("أسر السجل", "Au registre", "In the registry"),
    "vertical": _t("عمودي", "Vertical", "Vertical"),
    "horizontal": _t("أفقي", "Horizontal", "Horizontal"),
    "people": _t("الأفراد", "Personnes", "People"),
    "amount": _t("المبلغ (أوقية)", "Montant (MRU)", "Amount (MRU)"),
    "left_out": _t("تُركت", "Laissés", "Left out"),
    "how": _t("كيف", "Comment", "How"),
    "poor": _t("منها فقيرة", "dont pauvres", "of them poor"),
    "doubtful": _t("مشكوك فيها", "Douteux", "Doubtful"),
    "overlap_class": _t("في مصفوفة القواعد", "Selon la matrice", "In the rules matrix"),
    "households_planned": _t("أسر مخططة", "Ménages prévus", "Households planned"),
    "households_listed": _t("أسر في اللائحة", "Ménages listés", "Households listed"),
    "households_enrolled": _t("أسر مسجلة", "Ménages inscrits", "Households enrolled"),
    "households_paid": _t("أسر دُفع لها", "Ménages payés", "Households paid"),
    "paid_mru": _t("المبلغ المدفوع", "Montant payé", "Amount paid"),
    "paid_from": _t("مصدر المدفوع", "Paiements selon", "Payments as told by"),
    "unpaid": _t("مخطط لم يُدفع", "Prévu et non payé", "Planned and not paid"),
    "triggered_at": _t("أول منبّه مصادق عليه", "Premier déclencheur validé", "First validated trigger"),
    "days_to_list": _t("أيام حتى اللائحة", "Jours jusqu'à la liste", "Days to the list"),
    "days_to_first_payment": _t("أيام حتى أول دفع", "Jours jusqu'au premier paiement", "Days to the first payment"),
}
STATUS_LABELS: Mapping[ResponseStatus, Text] = {
    ResponseStatus.DRAFT: _t("مسودة", "projet", "draft"),
    ResponseStatus.PROPOSED: _t("مقترحة", "proposée", "proposed"),
    ResponseStatus.APPROVED: _t("مصادق عليها", "approuvée", "approved"),
    ResponseStatus.LISTED: _t("صدرت اللائحة", "liste sortie", "listed"),
    ResponseStatus.PAYING: _t("قيد الدفع", "en paiement", "being paid"),
    ResponseStatus.CLOSED: _t("مغلقة", "close", "closed"),
    ResponseStatus.REJECTED: _t("مرفوضة", "rejetée", "rejected"),
    ResponseStatus.WITHDRAWN: _t("مسحوبة", "retirée", "withdrawn"),
}
PART_WORDS: Mapping[str, Text] = {
    "vertical": _t("عمودي: تكملة", "vertical : complément", "vertical: top-up"),
    "horizontal": _t("أفقي: أسر جديدة", "horizontal : nouveaux ménages", "horizontal: new households"),
}
CLASS_WORDS: Mapping[str, Text] = {
    **CLASSES,
    "forbidden": _t("ممنوع: للمراجعة", "interdit : à examiner", "forbidden: to review"),
}
HOW_WORDS: Mapping[str | None, Text] = {
    None: _t("مسجلة اليوم", "inscrits à ce jour", "enrolled today"),
    "deliveries": _t(
        "دُفع لها هذا الفصل حسب التسليمات", "payés ce trimestre, selon les remises", "paid this quarter, by deliveries"
    ),
    "calendar": _t(
        "أُعطيت هذا الفصل حسب رزنامة البرنامج",
        "servis ce trimestre, selon le calendrier du programme",
        "given to this quarter, by the program's calendar",
    ),
}
"""By what it is told whom a program paid; None: who is enrolled."""
FROM_WORDS: Mapping[str | None, Text] = {
    None: _t("–", "–", "–"),
    "deliveries": _t(
        "التسليمات التي يبلغها البرنامج", "les remises que le programme déclare", "the program's deliveries"
    ),
    "institution": _t("قول المؤسسة", "la parole de l'institution", "the institution's word"),
}
NOTES: Mapping[str, Text] = {
    "order": _t(
        "الترتيب: الأفقر أولا حسب الدرجة، ثم الفئة، ثم قرعة سُحبت مع الخطة ويمكن لأي أحد أن يعيدها. لا تُتجاوز أسرة"
        " لأجل أخرى أقل كلفة بعدها.",
        "Ordre : les plus pauvres d'abord, par score, puis par catégorie, puis par un sort tiré avec le plan, que chacun peut"
        " refaire. Nul n'est sauté pour un ménage moins coûteux derrière lui.",
        "Order: the poorest first, by score, then category, then a lot drawn with the plan, which anybody can draw again. Nobody"
        " is passed over for a cheaper household behind.",
    ),
    "hidden": _t(
        "– : من 1 إلى 4، أو ما يدل عليها، أو ما لم يُعرف بعد.",
        "– : de 1 à 4, ou ce qui les révélerait, ou ce qui n'est pas encore connu.",
        "–: 1 to 4, or what would tell them, or what is not known yet.",
    ),
    "doubtful": _t(
        "مشكوك فيها: ربط لم يُبتّ فيه بعد؛ لا يستبعد أحدا.",
        "Douteux : un lien reste à trancher ; il n'exclut personne.",
        "Doubtful: a link is still to be decided; it excludes nobody.",
    ),
    "registry": _t(
        "هذه الأرقام من السجل الاجتماعي، لا من السكان.",
        "Ces chiffres sont ceux du Registre social, non de la population.",
        "These are figures of the social registry, not of the population.",
    ),
    "boundary": _t(
        "تنتهي الخطة بين {alike} أسرة متساوية في الفقر؛ أخذت القرعة منها {taken}.",
        "Le plan s'arrête parmi {alike} ménages également pauvres ; le sort en a pris {taken}.",
        "The plan ends among {alike} households equally poor; the lot took {taken} of them.",
    ),
    "enrolled": _t(
        "مسجلة: أسر اللائحة الموجودة اليوم في البرنامج بربط مؤكد. دُفع لها: حسب تسليمات البرنامج بعد صدور اللائحة، وإلا فكما أبلغت المؤسسة.",
        "Inscrits : ménages de la liste que des liens certains montrent aujourd'hui dans le programme. Payés :"
        " selon les remises du programme depuis la liste, sinon selon l'institution.",
        "Enrolled: households of the list that certain links show in the program today. Paid: by the"
        " program's deliveries since the list, else as the institution told.",
    ),
}
SIGNATURES = (
    _t("أعدّها", "Établi par", "Drawn up by"),
    _t("صادق عليها", "Approuvé par", "Approved by"),
)
FOOT = _t("تكامل · الاستجابة", "Tekamoul · réponse", "Tekamoul · response")
