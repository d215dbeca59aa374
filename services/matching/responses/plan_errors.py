"""What a plan of shock response, its approval and its list refuse."""

from services.matching.rules.responding import STATUS_WORDS, ResponseStatus, next_words
from shared.errors import Refusal
from shared.text import Text


class BudgetNotPositive(Refusal):
    code = "budget_not_positive"
    text = Text(
        ar="الميزانية {budget} أوقية ليست موجبة. المقبول: مبلغ أكبر من صفر، أو لا شيء إن لم يكن لها سقف.",
        fr="Le budget de {budget} MRU n'est pas positif. Accepté : un montant supérieur à zéro, ou rien s'il n'est pas plafonné.",
        en="The budget of {budget} MRU is not positive. Accepted: an amount above zero, or none where there is no cap.",
    )


class PlanWithoutPart(Refusal):
    code = "plan_without_part"
    text = Text(
        ar="لا جزء في هذه الخطة. المقبول: جزء عمودي (تكملة لمستفيدي برامج) أو أفقي (أسر من السجل) أو كلاهما.",
        fr="Ce plan n'a aucun volet. Accepté : un volet vertical (complément), un volet horizontal (ménages du registre), ou les deux.",
        en="This plan has no part. Accepted: a vertical part (a top-up), a horizontal part (registry households), or both.",
    )


class AmountUnclear(Refusal):
    code = "amount_unclear"
    text = Text(
        ar="المقبول: مبلغ موجب amount_mru، أو برنامج يُحتذى به aligned_with، لا كلاهما.",
        fr="Accepté : un montant positif amount_mru, ou un programme de référence aligned_with, et un seul des deux.",
        en="Accepted: a positive amount_mru, or a program to align with in aligned_with; one of the two.",
    )


class PlanProgramUnknown(Refusal):
    code = "plan_program_unknown"
    text = Text(
        ar="البرنامج {program} غير معروف لكم. المقبول: برنامج تديرونه، أو في غير البرنامج المنفّذ برنامج تشمله اتفاقيتكم.",
        fr="Le programme {program} ne vous est pas connu. Accepté : l'un des vôtres ou, hormis pour délivrer, un que couvre votre accord.",
        en="The program {program} is not known to you. Accepted: one you keep or, but for delivering, one your agreement covers.",
    )


class ProgramOnBothSides(Refusal):
    code = "program_on_both_sides"
    text = Text(
        ar="البرنامج {program} مذكور للتكملة وللاستبعاد معا. المقبول: أحدهما.",
        fr="Le programme {program} donne droit au complément et exclut à la fois. Accepté : l'un des deux.",
        en="The program {program} both gets a top-up and excludes. Accepted: one of the two.",
    )


class AreaWithoutTrigger(Refusal):
    code, status = "area_without_trigger", 409
    text = Text(
        ar="لا منبّه مصادقا عليه لـ {area}. المقبول: منبّهات بحالة validated، وبلديات داخل مناطقها.",
        fr="{area} n'a pas de déclencheur validé. Accepté : des déclencheurs à l'état validated, et des communes de leurs zones.",
        en="{area} has no validated trigger. Accepted: triggers that are validated, and communes within their areas.",
    )


class AreaWithoutHouseholds(Refusal):
    code, status = "area_without_households", 409
    text = Text(
        ar="لا أسرة في السجل في هذه المنطقة: لا أحد يُخطط له.",
        fr="Le registre n'a aucun ménage dans cette zone : personne pour qui planifier.",
        en="The registry has no household in this area: there is no one to plan for.",
    )


class MonthsOutsidePeriod(Refusal):
    code = "months_outside_period"
    text = Text(
        ar="أشهر الخطة خارج فترة المنبّه ({from_on} إلى {to_on}). المقبول: أشهر داخلها.",
        fr="Les mois du plan sortent de la période du déclencheur (du {from_on} au {to_on}). Accepté : des mois de cette période.",
        en="The plan's months lie outside the trigger's period ({from_on} to {to_on}). Accepted: months within it.",
    )


class ResponseNotYours(Refusal):
    code, status = "response_not_yours", 403
    text = Text(
        ar="هذه الاستجابة لـ {partner}؛ لا يغيرها غيره.",
        fr="Cette réponse est celle de {partner} ; nul autre ne la modifie.",
        en="This response is that of {partner}; nobody else changes it.",
    )


class ResponseStepRefused(Refusal):
    code, status = "response_step_refused", 409
    text = Text(
        ar="هذه الاستجابة {status}، ولا يمكن أن تصبح {wanted}. ما يمكن أن يلي: {following}.",
        fr="Cette réponse est {status} et ne peut pas devenir {wanted}. Ce qui peut suivre : {following}.",
        en="This response is {status} and cannot become {wanted}. What may follow: {following}.",
    )

    def __init__(self, status: ResponseStatus, wanted: ResponseStatus) -> None:
        super().__init__()
        words = {"status": STATUS_WORDS[status], "wanted": STATUS_WORDS[wanted], "following": next_words(status)}
        self.detail = Text(
            ar=self.text.ar.format(**{name: one.ar for name, one in words.items()}),
            fr=self.text.fr.format(**{name: one.fr for name, one in words.items()}),
            en=self.text.en.format(**{name: one.en for name, one in words.items()}),
        )


class ResponseNotDraft(Refusal):
    code, status = "response_not_draft", 409
    text = Text(
        ar="لم تعد هذه الاستجابة مسودة، فلا يتغير تصميمها. المقبول: سحبها وكتابة أخرى.",
        fr="Cette réponse n'est plus un projet : son plan ne change plus. Accepté : la retirer et en écrire une autre.",
        en="This response is no draft any more, so its plan does not change. Accepted: to withdraw it and write another.",
    )


class ResponseNotPlanned(Refusal):
    code, status = "response_not_planned", 409
    text = Text(
        ar="لم تُحسب هذه الخطة بعد، أو تعذر حسابها ({planning}). المقبول: خطة محسوبة.",
        fr="Ce plan n'est pas encore calculé, ou n'a pas pu l'être ({planning}). Accepté : un plan calculé.",
        en="This plan has not been computed yet, or could not be ({planning}). Accepted: a computed plan.",
    )


class ResponseReachesNobody(Refusal):
    code, status = "response_reaches_nobody", 409
    text = Text(
        ar="لا تصل هذه الخطة إلى أحد. المقبول: خطة فيها أسرة واحدة على الأقل.",
        fr="Ce plan n'atteint personne. Accepté : un plan d'au moins un ménage.",
        en="This plan reaches no one. Accepted: a plan of at least one household.",
    )


class OwnResponse(Refusal):
    code, status = "own_response", 409
    text = Text(
        ar="هذا الموظف شارك في كتابة هذه الخطة أو اقتراحها. المقبول: موظف آخر يصادق عليها.",
        fr="Cet agent a écrit, modifié ou proposé ce plan. Accepté : un autre agent l'approuve.",
        en="This official wrote, changed or proposed this plan. Accepted: another official approves it.",
    )


class SharingEndRefused(Refusal):
    code = "sharing_end_refused"
    text = Text(
        ar="نهاية الإطلاع على اللائحة غير مقبولة. المقبول: لحظة لاحقة، في حدود {days} يوما.",
        fr="La fin du partage n'est pas acceptée. Accepté : un moment à venir, dans les {days} jours.",
        en="The end of the sharing is not accepted. Accepted: a moment to come, within {days} days.",
    )


class SharingEnded(Refusal):
    code, status = "sharing_ended", 403
    text = Text(
        ar="انتهى الاتفاق على الاطلاع على هذه اللائحة في {ended}. المقبول: اتفاق جديد من صاحب الاستجابة.",
        fr="Le partage de cette liste a pris fin le {ended}. Accepté : un nouveau partage, par l'institution qui répond.",
        en="The sharing of this list ended on {ended}. Accepted: a new sharing by the institution that responds.",
    )


class ListNotThere(Refusal):
    code, status = "list_not_there", 409
    text = Text(
        ar="لا لائحة لهذه الاستجابة بعد. المقبول: استجابة صدرت لائحتها.",
        fr="Cette réponse n'a pas encore de liste. Accepté : une réponse dont la liste est sortie.",
        en="This response has no list yet. Accepted: a response whose list was released.",
    )


class FirstPaymentRefused(Refusal):
    code = "first_payment_refused"
    text = Text(
        ar="لا يكون أول دفع في {day}. المقبول: يوم بين صدور اللائحة ({listed}) واليوم.",
        fr="Le premier paiement n'a pas pu avoir lieu le {day}. Accepté : un jour entre la liste ({listed}) et aujourd'hui.",
        en="The first payment cannot have been on {day}. Accepted: a day between the list ({listed}) and today.",
    )


class PaidBeyondList(Refusal):
    code = "paid_beyond_list"
    text = Text(
        ar="دُفع إلى {paid} أسرة وفي اللائحة {listed}. المقبول: عدد لا يتجاوزها.",
        fr="{paid} ménages payés, pour une liste de {listed}. Accepté : un nombre qui ne la dépasse pas.",
        en="{paid} households were paid, of a list of {listed}. Accepted: a number within it.",
    )


ALIGNED_UNKNOWN = Text(
    ar="لا يُعرف ما يعطيه البرنامج {program} اليوم، فلا يُحتذى به. المقبول: مبلغ، أو برنامج آخر.",
    fr="On ne sait pas ce que donne aujourd'hui le programme {program} : on ne peut s'aligner dessus. Accepté : un montant, ou un autre.",
    en="What the program {program} gives today is not known, so nothing can be aligned with it. Accepted: an amount, or another one.",
)
PLANNING_FAILED = Text(
    ar="تعذر حساب الخطة بخطأ من جانبنا، وقد سُجّل. المقبول: تعديل المسودة لإعادة الحساب.",
    fr="Le plan n'a pas pu être calculé par une erreur de notre côté, enregistrée. Accepté : modifier le projet, il sera recalculé.",
    en="The plan could not be computed by a fault of ours, recorded. Accepted: to change the draft, which computes it again.",
)
