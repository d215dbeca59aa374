"""What is refused about enrollments."""

from collections.abc import Mapping

from shared.errors import Refusal
from shared.text import Text

PROGRAM_FULL = Text(
    ar="بلغ البرنامج العدد الأقصى من المستفيدين؛ يُسجَّل الطلب في لائحة الانتظار",
    fr="le programme a atteint sa capacité ; la demande est mise en liste d'attente",
    en="the program has reached its capacity; the application waits on the waiting list",
)
QUOTA_REACHED = Text(
    ar="بلغت حصة هذا المكان من البرنامج حدها؛ يُسجَّل الطلب في لائحة الانتظار",
    fr="le quota de ce lieu est atteint ; la demande est mise en liste d'attente",
    en="the quota of this place is reached; the application waits on the waiting list",
)
FULL: Mapping[str, Text] = {"program_full": PROGRAM_FULL, "quota_reached": QUOTA_REACHED}


class EnrollmentNotActive(Refusal):
    code, status = "enrollment_not_active", 409
    text = Text(
        ar="هذا التسجيل في حالة «{status}»؛ لا يُعلَّق إلا تسجيل في حالة «enrolled».",
        fr="Cette inscription est à l'état « {status} » ; seule une inscription « enrolled » peut être suspendue.",
        en="This enrollment is “{status}”; only one that is “enrolled” can be suspended.",
    )


class EnrollmentNotSuspended(Refusal):
    code, status = "enrollment_not_suspended", 409
    text = Text(
        ar="هذا التسجيل في حالة «{status}»؛ لا يُستأنف إلا تسجيل في حالة «suspended».",
        fr="Cette inscription est à l'état « {status} » ; seule une inscription « suspended » peut reprendre.",
        en="This enrollment is “{status}”; only one that is “suspended” can be resumed.",
    )


class EnrollmentNotWaiting(Refusal):
    code, status = "enrollment_not_waiting", 409
    text = Text(
        ar="هذا التسجيل في حالة «{status}»؛ لا يُقبل ولا يُرفض إلا طلب في حالة «applied».",
        fr="Cette inscription est à l'état « {status} » ; seule une demande « applied » peut être acceptée ou rejetée.",
        en="This enrollment is “{status}”; only an application, “applied”, can be accepted or rejected.",
    )


class EnrollmentWaits(Refusal):
    code, status = "enrollment_waits", 409
    text = Text(
        ar="هذا طلب لا يزال في لائحة الانتظار «applied»؛ يُقبل أو يُرفض أولا.",
        fr="C'est une demande en liste d'attente (« applied ») ; elle est d'abord acceptée ou rejetée.",
        en="This is an application on the waiting list (“applied”); it is first accepted or rejected.",
    )


class EnrollmentExited(Refusal):
    code, status = "enrollment_exited", 409
    text = Text(
        ar="انتهى هذا التسجيل من قبل. العودة إلى البرنامج تسجيل جديد.",
        fr="Cette inscription a déjà pris fin. Un retour au programme est une inscription nouvelle.",
        en="This enrollment has already ended. A return to the program is a new enrollment.",
    )


class AlreadyEnrolled(Refusal):
    code, status = "already_enrolled", 409
    text = Text(
        ar="هذا المستفيد موجود من قبل في البرنامج في حالة «{status}» (التسجيل {id})؛ لا يُسجَّل أحد مرتين في برنامج واحد.",
        fr="Ce bénéficiaire est déjà dans le programme à l'état « {status} » (inscription {id}) ; nul n'y est inscrit deux fois.",
        en="This beneficiary is in the program already, “{status}” (enrollment {id}); nobody is enrolled twice in one program.",
    )


class ActiveMeanwhile(Refusal):
    code, status = "active_meanwhile", 409
    text = Text(
        ar="لهذا المستفيد تسجيل آخر قائم في البرنامج نفسه؛ أنهوا أحدهما أولا.",
        fr="Ce bénéficiaire a une autre inscription en cours dans ce programme ; mettez d'abord fin à l'une des deux.",
        en="This beneficiary has another current enrollment in the same program; end one of them first.",
    )


class ProgramFull(Refusal):
    code, status = "program_full", 409
    text = Text(
        ar="بلغ البرنامج {program} العدد الأقصى من المستفيدين. يبقى الطلب في لائحة الانتظار إلى أن يشغر مكان.",
        fr="Le programme {program} a atteint sa capacité. La demande attend qu'une place se libère.",
        en="The program {program} has reached its capacity. The application waits until a place is free.",
    )


class QuotaReached(Refusal):
    code, status = "quota_reached", 409
    text = Text(
        ar="بلغت حصة هذا المكان في البرنامج {program} حدها. يبقى الطلب في لائحة الانتظار إلى أن يشغر مكان.",
        fr="Le quota de ce lieu dans le programme {program} est atteint. La demande attend qu'une place se libère.",
        en="The quota of this place in the program {program} is reached. The application waits until a place is free.",
    )


class RecertificationNotPlanned(Refusal):
    code, status = "recertification_not_planned", 422
    text = Text(
        ar="البرنامج {program} لا يحدد مدة لتجديد التحقق من الأهلية؛ أرسلوا next_on.",
        fr="Le programme {program} ne fixe pas de durée de recertification ; donnez next_on.",
        en="The program {program} sets no time for recertification; give next_on.",
    )


class NotAComplement(Refusal):
    code, status = "not_a_complement", 422
    text = Text(
        ar="البرنامج «{program}» ليس من البرامج المكملة لهذا البرنامج. المقبول: {accepted}",
        fr="« {program} » n'est pas un programme complémentaire de celui-ci. Accepté : {accepted}",
        en="“{program}” is not a complement of this program. Accepted: {accepted}",
    )


class ComplementNotCovered(Refusal):
    code, status = "complement_not_covered", 403
    text = Text(
        ar="البرنامج {program} لمؤسسة أخرى ولا يشمله اتفاقكم؛ لا تُحال الأسرة إليه. يمكن إنهاء التسجيل دون إحالة.",
        fr="{program} est d'une autre institution et votre accord ne le couvre pas ; le ménage ne peut y être orienté. L'inscription peut se terminer sans orientation.",
        en="{program} is another institution's, and your agreement does not cover it; the household cannot be handed over to it. The enrollment can end without a hand-over.",
    )


class NotOfAHousehold(Refusal):
    code, status = "not_of_a_household", 409
    text = Text(
        ar="البرنامج {program} يسجل أفرادا لا أسرا؛ لا ينتقل التسجيل إلى شخص آخر. أنهوا هذا التسجيل وسجلوا الشخص الآخر.",
        fr="{program} inscrit des personnes et non des ménages : l'inscription ne passe pas à une autre. Mettez-y fin, puis inscrivez l'autre.",
        en="{program} enrolls persons, not households: the enrollment does not pass to another. End it and enroll the other.",
    )


class FieldsNotOfTheList(Refusal):
    code, status = "fields_not_of_the_list", 422
    text = Text(
        ar="لائحة هذا البرنامج ليس فيها: {fields}. المقبول: {accepted}",
        fr="La liste de ce programme n'a pas : {fields}. Accepté : {accepted}",
        en="The list of this program does not have: {fields}. Accepted: {accepted}",
    )


class BeneficiaryRefused(Refusal):
    """A beneficiary told by a system in which a field cannot be read or is missing: what keeps a row of a list out."""

    code, status = "beneficiary_refused", 422
    text = Text(
        ar="الحقل {field} غير مقبول: {reason}",
        fr="Le champ {field} n'est pas accepté : {reason}",
        en="The field {field} is not accepted: {reason}",
    )

    def __init__(self, at: str, field: str, reason: Text) -> None:
        super().__init__(pointer=f"{at}/{field}")
        self.detail = Text(
            ar=self.text.ar.format(field=field, reason=reason.ar),
            fr=self.text.fr.format(field=field, reason=reason.fr),
            en=self.text.en.format(field=field, reason=reason.en),
        )


class NoTurnToUndo(Refusal):
    code, status = "no_turn_to_undo", 409
    text = Text(
        ar="لم يتغير شيء في هذا التسجيل منذ بدايته؛ لا شيء يُتراجع عنه.",
        fr="Rien n'a changé dans cette inscription depuis son début ; il n'y a rien à annuler.",
        en="Nothing has changed in this enrollment since it began; there is nothing to undo.",
    )


class UndoneAlready(Refusal):
    code, status = "undone_already", 409
    text = Text(
        ar="تُراجع عن الخطوة الأخيرة من قبل؛ لا يُتراجع إلا عن خطوة واحدة.",
        fr="Le dernier pas a déjà été annulé ; un seul peut l'être.",
        en="The last step was undone already; only one can be.",
    )


class DeliveredSince(Refusal):
    code, status = "delivered_since", 409
    text = Text(
        ar="سُجّل تسليم لهذا المستفيد بعد الخطوة الأخيرة؛ صححوا التسليم أولا أو اتخذوا خطوة جديدة.",
        fr="Une remise a été enregistrée depuis ce pas ; corrigez-la d'abord, ou faites un pas nouveau.",
        en="A delivery was recorded since this step; correct it first, or take a new step.",
    )


class EnrollmentNotLinked(Refusal):
    code, status = "enrollment_not_linked", 409
    text = Text(
        ar="هذا التسجيل غير مرتبط بأحد في السجل؛ لا رابط يُرفض.",
        fr="Cette inscription n'est liée à personne du registre ; il n'y a pas de lien à refuser.",
        en="This enrollment is linked to nobody in the registry; there is no link to refuse.",
    )


class LinkChanged(Refusal):
    code, status = "link_changed", 409
    text = Text(
        ar="الرابط الحالي غير الذي ذكرتموه. اقرؤوا التسجيل من جديد ثم قرروا.",
        fr="Le lien actuel n'est pas celui que vous nommez. Relisez l'inscription, puis décidez.",
        en="The present link is not the one you name. Read the enrollment again, then decide.",
    )


class OneIdentifier(Refusal):
    code, status = "one_identifier", 422
    text = Text(
        ar="اذكروا معرّفا واحدا فقط من: {accepted}",
        fr="Donnez exactement un identifiant parmi : {accepted}",
        en="Give exactly one identifier out of: {accepted}",
    )


def refuse_full(full: str | None, program: str) -> None:
    if full == "program_full":
        raise ProgramFull(program=program)
    if full == "quota_reached":
        raise QuotaReached(program=program)
