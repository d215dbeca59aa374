"""What is refused when a program is published."""

from collections.abc import Mapping

from shared.errors import Refusal
from shared.text import Text


class ProgramCodeDiffers(Refusal):
    code = "program_code_differs"
    text = Text(
        ar="الرمز في الوثيقة غير الرمز في العنوان. المقبول: {code}.",
        fr="Le code du document n'est pas celui de l'adresse. Accepté : {code}.",
        en="The code in the document is not the one in the address. Accepted: {code}.",
    )


class ProgramUnitFixed(Refusal):
    code, status = "program_unit_fixed", 409
    text = Text(
        ar="وحدة البرنامج هي «{unit}» ولا تتغير، لأن تسجيلاته محسوبة بها. وحدة أخرى برنامج آخر.",
        fr="L'unité du programme est « {unit} » et ne change pas : ses inscriptions sont comptées ainsi. Une autre unité est"
        " un autre programme.",
        en="The program's unit is “{unit}” and does not change: its enrollments are counted by it. Another unit is another"
        " program.",
    )


class ValueVersionsOverlap(Refusal):
    code = "value_versions_overlap"
    text = Text(
        ar="قيمتان تبدآن في يوم واحد، {day}. تسري كل قيمة إلى أن تبدأ التالية؛ المقبول: يوم مختلف لكل قيمة.",
        fr="Deux valeurs commencent le même jour, le {day}. Chacune vaut jusqu'à la suivante ; accepté : un jour par valeur.",
        en="Two values begin on the same day, {day}. Each holds until the next begins; accepted: a day of its own for each.",
    )


class ValueVersionUsed(Refusal):
    code, status = "value_version_used", 409
    text = Text(
        ar="القيمة السارية من {day} صُرفت بها الدورة التي تبدأ في {cycle}؛ لا تتغير ولا تُحذف. المقبول: قيمة جديدة من يوم لاحق.",
        fr="La valeur du {day} a servi au cycle du {cycle} ; elle ne change ni ne disparaît. Accepté : une valeur nouvelle, d'un"
        " jour ultérieur.",
        en="The value from {day} was used by the cycle of {cycle}; it does not change or go. Accepted: a new value from a later"
        " day.",
    )


class ValueReachesIssuedPeriod(Refusal):
    code, status = "value_reaches_issued_period", 409
    text = Text(
        ar="القيمة من {day} تمس الدورة التي تبدأ في {cycle} وقد صدرت مستحقاتها. المقبول: يوم بعد {cycle}.",
        fr="La valeur du {day} touche le cycle du {cycle}, dont les droits sont déjà émis. Accepté : un jour après le {cycle}.",
        en="The value from {day} reaches the cycle of {cycle}, whose entitlements are issued. Accepted: a day after {cycle}.",
    )


class ComplementRefused(Refusal):
    code = "complement_refused"
    text = Text(
        ar="البرنامج المكمل {code} مذكور مرتين أو هو البرنامج نفسه. المقبول: رموز برامج أخرى، كل منها مرة.",
        fr="Le programme complémentaire {code} figure deux fois ou est le programme lui-même. Accepté : d'autres programmes,"
        " chacun une fois.",
        en="The complement {code} stands twice or is the program itself. Accepted: codes of other programs, each once.",
    )


class QuotaBeyondCapacity(Refusal):
    code = "quota_beyond_capacity"
    text = Text(
        ar="حصة {place} وهي {most} أكبر من سعة البرنامج وهي {capacity}.",
        fr="Le quota de {place}, {most}, dépasse la capacité du programme, {capacity}.",
        en="The quota of {place}, {most}, is above the program's capacity, {capacity}.",
    )


class QuotaTwice(Refusal):
    code = "quota_twice"
    text = Text(
        ar="للمكان {place} حصتان. المقبول: حصة واحدة لكل مكان.",
        fr="{place} a deux quotas. Accepté : un quota par lieu.",
        en="{place} has two quotas. Accepted: one quota for a place.",
    )


class TermsOverlap(Refusal):
    code = "terms_overlap"
    text = Text(
        ar="فترتان دراسيتان تتداخلان: التي تبدأ في {first} والتي تبدأ في {second}.",
        fr="Deux périodes scolaires se chevauchent : celle du {first} et celle du {second}.",
        en="Two terms overlap: the one from {first} and the one from {second}.",
    )


class EligibilityVersionsOverlap(Refusal):
    code = "eligibility_versions_overlap"
    text = Text(
        ar="قاعدتان للأهلية لهما الرقم نفسه أو تبدآن في يوم واحد، {day}. المقبول: رقم ويوم مختلفان لكل قاعدة.",
        fr="Deux règles d'éligibilité ont le même numéro ou commencent le même jour, le {day}. Accepté : un numéro et un jour par"
        " règle.",
        en="Two rules of eligibility have the same number or begin on the same day, {day}. Accepted: a number and a day of its"
        " own for each.",
    )


class CriteriaTooDeep(Refusal):
    code = "criteria_too_deep"
    text = Text(
        ar="مجموعات المعايير متداخلة أكثر من {most} مستويات. المقبول: {most} على الأكثر.",
        fr="Les groupes de critères s'emboîtent sur plus de {most} niveaux. Accepté : {most} au plus.",
        en="Groups of criteria are nested more than {most} deep. Accepted: {most} at the most.",
    )


class CriteriaUnsound(Refusal):
    code = "criteria_unsound"
    text = Text(
        ar="مجموعة المعايير عند {pointer} فارغة، أو at_least فيها لا يوافق match أو يزيد على عدد معاييرها.",
        fr="Le groupe de critères {pointer} est vide, ou son at_least ne va pas avec match ou dépasse le nombre de critères.",
        en="The group of criteria at {pointer} is empty, or its at_least does not go with match or is above its criteria.",
    )


class SubstituteRefused(Refusal):
    code = "substitute_refused"
    text = Text(
        ar="البرنامج البديل {code} مذكور مرتين أو هو البرنامج نفسه. المقبول: رموز برامج أخرى، كل منها مرة واحدة.",
        fr="Le substitut {code} figure deux fois ou est le programme lui-même. Accepté : d'autres programmes, chacun une fois.",
        en="The substitute {code} stands twice or is the program itself. Accepted: codes of other programs, each once.",
    )


class CriterionAttributeUnknown(Refusal):
    code = "criterion_attribute_unknown"
    text = Text(
        ar="لا توجد خاصية «{attribute}» يُسأل عنها في الأسرة. المقبول: {accepted}.",
        fr="Aucun attribut de ménage ne s'appelle « {attribute} ». Accepté : {accepted}.",
        en="No attribute of a household is called “{attribute}”. Accepted: {accepted}.",
    )


class CriterionOperatorRefused(Refusal):
    code = "criterion_operator_refused"
    text = Text(
        ar="لا يُقارن «{attribute}» بالمعامل المذكور. المقبول: {accepted}.",
        fr="« {attribute} » ne se compare pas par cet opérateur. Accepté : {accepted}.",
        en="“{attribute}” is not compared by this operator. Accepted: {accepted}.",
    )


class CriterionValueRefused(Refusal):
    code = "criterion_value_refused"
    text = Text(
        ar="القيمة ليست من نوع «{attribute}». المقبول: {accepted}.",
        fr="La valeur n'est pas du type de « {attribute} ». Accepté : {accepted}.",
        en="The value is not of the kind of “{attribute}”. Accepted: {accepted}.",
    )


UNSOUND: Mapping[str, type[Refusal]] = {
    "attribute": CriterionAttributeUnknown,
    "operator": CriterionOperatorRefused,
    "value": CriterionValueRefused,
}
"""By what is wrong with a criterion (shared/household_attributes)."""


class ProgramNotPublishedThen(Refusal):
    code, status = "program_not_published_then", 404
    text = Text(
        ar="لم يكن البرنامج منشورا في {day}؛ نُشر أول مرة في {first}.",
        fr="Le programme n'était pas publié le {day} ; sa première publication est du {first}.",
        en="The program was not published on {day}; it was first published on {first}.",
    )
