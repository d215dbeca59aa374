"""What is refused about cycles, entitlements and deliveries."""

from shared.errors import Refusal
from shared.text import Text


class NotAPeriod(Refusal):
    code, status = "not_a_period", 422
    text = Text(
        ar="لا تبدأ أي فترة من هذا البرنامج في {starts_on}. المقبول: يوم تبدأ فيه فترة، مثل {accepted}.",
        fr="Aucune période de ce programme ne commence le {starts_on}. Accepté : le premier jour d'une période, comme {accepted}.",
        en="No period of this program begins on {starts_on}. Accepted: the first day of a period, such as {accepted}.",
    )


class CycleAlreadyIssued(Refusal):
    code, status = "cycle_already_issued", 409
    text = Text(
        ar="صدرت استحقاقات هذه الفترة من قبل؛ لا تصدر مرتين. الدورة القائمة: {cycle_id}.",
        fr="Les droits de cette période sont déjà émis ; ils ne le sont pas deux fois. Cycle existant : {cycle_id}.",
        en="This period's entitlements are already issued; they are not issued twice. The cycle that exists: {cycle_id}.",
    )


class CycleNotOpen(Refusal):
    code, status = "cycle_not_open", 409
    text = Text(
        ar="هذه الدورة في حالة «{status}». المقبول: دورة في حالة {accepted}.",
        fr="Ce cycle est à l'état « {status} ». Accepté : un cycle à l'état {accepted}.",
        en="This cycle is “{status}”. Accepted: a cycle that is {accepted}.",
    )


class CycleDelivered(Refusal):
    code, status = "cycle_delivered", 409
    text = Text(
        ar="سُلِّم شيء من هذه الدورة من قبل ({amount} أوقية جديدة)، فلا يمكن إلغاؤها. المقبول: إغلاقها، أو تصحيح كل تسليم أولا.",
        fr="Une partie de ce cycle a été remise ({amount} MRU) : il ne peut plus être annulé. Accepté : le clore, ou corriger d'abord chaque remise.",
        en="Part of this cycle was handed over ({amount} MRU), so it cannot be cancelled. Accepted: close it, or correct each delivery first.",
    )


class EntitlementNotHeld(Refusal):
    code, status = "entitlement_not_held", 409
    text = Text(
        ar="هذا الاستحقاق في حالة «{status}»؛ لا يُفرج إلا عن استحقاق محجوز.",
        fr="Ce droit est à l'état « {status} » ; seul un droit retenu peut être libéré.",
        en="This entitlement is “{status}”; only one that is held can be released.",
    )


class EntitlementNotDue(Refusal):
    code, status = "entitlement_not_due", 409
    text = Text(
        ar="هذا الاستحقاق في حالة «{status}»؛ لا يُحجز إلا استحقاق قائم.",
        fr="Ce droit est à l'état « {status} » ; seul un droit dû peut être retenu.",
        en="This entitlement is “{status}”; only one that is due can be held.",
    )


class EntitlementDelivered(Refusal):
    code, status = "entitlement_delivered", 409
    text = Text(
        ar="سُلِّم من هذا الاستحقاق {amount} أوقية جديدة، فلا يمكن حجزه. المقبول: تصحيح التسليم أولا إن كان خطأ.",
        fr="{amount} MRU de ce droit ont été remis : il ne peut plus être retenu. Accepté : corriger d'abord la remise si elle est fausse.",
        en="{amount} MRU of this entitlement were handed over, so it cannot be held. Accepted: correct the delivery first, if it is wrong.",
    )


class SizeNeeded(Refusal):
    code, status = "size_needed", 422
    text = Text(
        ar="يتوقف هذا الاستحقاق على عدد أفراد الأسرة، وهو مجهول. المقبول: people من 1 إلى {most}.",
        fr="Ce droit dépend de la taille du ménage, qui est inconnue. Accepté : people, de 1 à {most}.",
        en="This entitlement depends on the size of the household, which is not known. Accepted: people, from 1 to {most}.",
    )


class DeliveryAlreadyCorrected(Refusal):
    code, status = "delivery_already_corrected", 409
    text = Text(
        ar="صُحِّح هذا التسليم من قبل. المقبول: تصحيح آخر تصحيح له.",
        fr="Cette remise est déjà corrigée. Accepté : corriger sa dernière correction.",
        en="This delivery is already corrected. Accepted: correct its latest correction.",
    )


class DeliveryNotAccepted(Refusal):
    code, status = "delivery_not_accepted", 422
    text = Text(
        ar="التسليم غير مقبول: {reason}", fr="Remise non acceptée : {reason}", en="Delivery not accepted: {reason}"
    )

    def __init__(self, pointer: str, reason: Text) -> None:
        super().__init__(pointer=pointer)
        self.detail = Text(
            ar=self.text.ar.format(reason=reason.ar),
            fr=self.text.fr.format(reason=reason.fr),
            en=self.text.en.format(reason=reason.en),
        )


class LedgerOfWhom(Refusal):
    code, status = "ledger_of_whom", 422
    text = Text(
        ar="يُطلب السجل المالي لتسجيل واحد أو لدورة واحدة. المقبول: enrollment_id أو cycle_id، واحد منهما.",
        fr="Le livre se lit pour une inscription ou pour un cycle. Accepté : enrollment_id ou cycle_id, l'un des deux.",
        en="The ledger is read for one enrollment or one cycle. Accepted: enrollment_id or cycle_id, one of the two.",
    )


class FileForAnother(Refusal):
    code, status = "file_for_another_program", 422
    text = Text(
        ar="{lines} من أول {of} سطرا لا تخص أي مسجل في {program}؛ لم يُسجَّل شيء من الملف. المقبول: ملف هذا البرنامج، من هذه المؤسسة.",
        fr="{lines} des {of} premières lignes ne désignent personne d'inscrit à {program} ; rien du fichier n'est enregistré. Accepté : le fichier de ce programme, de cette institution.",
        en="{lines} of the first {of} lines name nobody enrolled in {program}; nothing of the file is recorded. Accepted: the file of this program, of this institution.",
    )
