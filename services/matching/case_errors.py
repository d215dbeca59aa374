"""What matching refuses of cases of forbidden overlaps."""

from shared.errors import Refusal
from shared.text import Text


class CaseClosed(Refusal):
    code, status = "case_closed", 409
    text = Text(
        ar="هذه الحالة لم تعد تنتظر جوابا. المقبول: حالة مفتوحة أو متنازع فيها.",
        fr="Ce cas n'attend plus de réponse. Accepté : un cas ouvert ou en désaccord.",
        en="This case waits for no answer any more. Accepted: a case that is open or disputed.",
    )


class CaseNotDisputed(Refusal):
    code, status = "case_not_disputed", 409
    text = Text(
        ar="تنتظر هذه الحالة جواب المؤسستين حتى {day}. المقبول: البت فيها إذا اختلف الجوابان أو انقضى الأجل.",
        fr="Ce cas attend la réponse des deux institutions jusqu'au {day}. Accepté : trancher si elles ne s'accordent pas, ou passé ce"
        " délai.",
        en="This case waits for both institutions' answers until {day}. Accepted: to settle it where they disagree, or after that"
        " day.",
    )


class CaseSettledByAParty(Refusal):
    code, status = "case_settled_by_a_party", 403
    text = Text(
        ar="من أجاب باسم إحدى المؤسستين لا يبت في الحالة. المقبول: موظف آخر.",
        fr="Qui a répondu pour une des institutions ne tranche pas le cas. Accepté : un autre agent.",
        en="Whoever answered for one of the institutions does not settle the case. Accepted: another official.",
    )


class ReferenceMissing(Refusal):
    code = "reference_missing"
    text = Text(
        ar="الاستثناء يستند إلى نص. المقبول: legal_reference فيه مرجع النص.",
        fr="Une exception s'appuie sur un texte. Accepté : legal_reference avec sa référence.",
        en="An exception rests on a text. Accepted: legal_reference with its reference.",
    )


class SideNotYours(Refusal):
    code = "side_not_yours"
    text = Text(
        ar="لا تديرون هذا البرنامج في هذه الحالة. المقبول: {programs}.",
        fr="Vous ne tenez pas ce programme dans ce cas. Accepté : {programs}.",
        en="You do not keep this program in this case. Accepted: {programs}.",
    )
