"""What is refused for an agreement's sake: to a request that names one, and to whoever writes, signs and ends them."""

from shared.errors import Refusal
from shared.text import Text


class AgreementUnknown(Refusal):
    code, status = "agreement_unknown", 404
    text = Text(
        ar="لا توجد لكم اتفاقية بهذا الرمز. المقبول: رمز اتفاقية سارية لمؤسستكم في الترويسة Tekamoul-Agreement.",
        fr="Vous n'avez aucun accord de ce code. Accepté : le code d'un accord en vigueur de votre institution.",
        en="You have no agreement of this code. Accepted: the code of an agreement in force of your institution.",
    )


class AgreementNotBegun(Refusal):
    code, status = "agreement_not_begun", 403
    text = Text(
        ar="الاتفاقية {agreement} تسري ابتداء من {day}.",
        fr="L'accord {agreement} n'est en vigueur qu'à partir du {day}.",
        en="The agreement {agreement} is in force from {day} on.",
    )


class AgreementExpired(Refusal):
    code, status = "agreement_expired", 403
    text = Text(
        ar="انتهت الاتفاقية {agreement} يوم {day}. لا يُعطى شيء بموجبها إلى أن تُجدد.",
        fr="L'accord {agreement} a expiré le {day}. Rien n'est donné à ce titre tant qu'il n'est pas renouvelé.",
        en="The agreement {agreement} expired on {day}. Nothing is given under it until it is renewed.",
    )


class AgreementNotInForce(Refusal):
    code, status = "agreement_not_in_force", 403
    text = Text(
        ar="الاتفاقية {agreement} لم تسر بعد: لا بد من توقيع الطرفين ومن موافقة شخص ثان.",
        fr="L'accord {agreement} n'est pas encore en vigueur : il faut la signature des deux parties et l'approbation d'une seconde personne.",
        en="The agreement {agreement} is not in force yet: it takes both parties' signatures and a second person's approval.",
    )


class AgreementSuspended(Refusal):
    code, status = "agreement_suspended", 403
    text = Text(
        ar="الاتفاقية {agreement} معلقة. لا يُعطى شيء بموجبها إلى أن يستأنفها صاحب البيانات.",
        fr="L'accord {agreement} est suspendu. Rien n'est donné à ce titre tant que le propriétaire des données ne le reprend pas.",
        en="The agreement {agreement} is suspended. Nothing is given under it until the owner of the data resumes it.",
    )


class AgreementTerminated(Refusal):
    code, status = "agreement_terminated", 403
    text = Text(
        ar="أُنهيت الاتفاقية {agreement}. لا يُعطى شيء بموجبها؛ المقبول: اتفاقية أخرى سارية.",
        fr="L'accord {agreement} est résilié. Rien n'est donné à ce titre ; accepté : un autre accord en vigueur.",
        en="The agreement {agreement} is terminated. Nothing is given under it; accepted: another agreement in force.",
    )


class EmergencyNotReviewed(Refusal):
    code, status = "emergency_not_reviewed", 403
    text = Text(
        ar="الاتفاقية الاستعجالية {agreement} لم يراجعها شخص ثان خلال يوم، فانتهت.",
        fr="L'accord d'urgence {agreement} n'a pas été revu par une seconde personne en un jour : il a pris fin.",
        en="No second person reviewed the emergency agreement {agreement} within a day: it has ended.",
    )


class AgreementNeeded(Refusal):
    code, status = "named_agreement_needed", 403
    text = Text(
        ar="هذه بيانات مؤسسة أخرى. سمّوا اتفاقية في Tekamoul-Agreement وغرضا من أغراضها في Tekamoul-Purpose.",
        fr="Ce sont les données d'une autre institution. Nommez un accord dans Tekamoul-Agreement et l'une de ses finalités dans Tekamoul-Purpose.",
        en="These are another institution's data. Name an agreement in Tekamoul-Agreement and one of its purposes in Tekamoul-Purpose.",
    )


class PurposeNeeded(Refusal):
    code, status = "purpose_needed", 403
    text = Text(
        ar="لا بيانات بلا غرض. سمّوا في Tekamoul-Purpose أحد أغراض الاتفاقية {agreement}: {purposes}.",
        fr="Sans finalité, pas de données. Nommez dans Tekamoul-Purpose l'une de celles de l'accord {agreement} : {purposes}.",
        en="No purpose, no data. Name in Tekamoul-Purpose one of those of the agreement {agreement}: {purposes}.",
    )


class PurposeNotAgreed(Refusal):
    code, status = "purpose_not_agreed", 403
    text = Text(
        ar="الاتفاقية {agreement} لا تشمل هذا الغرض. المقبول: {purposes}.",
        fr="L'accord {agreement} ne comprend pas cette finalité. Accepté : {purposes}.",
        en="The agreement {agreement} does not include this purpose. Accepted: {purposes}.",
    )


class PurposeWithoutAgreement(Refusal):
    code, status = "purpose_without_agreement", 422
    text = Text(
        ar="ذُكر الغرض دون الاتفاقية. أرسلوا الترويسة Tekamoul-Agreement مع Tekamoul-Purpose.",
        fr="Une finalité est nommée sans accord. Envoyez Tekamoul-Agreement avec Tekamoul-Purpose.",
        en="A purpose is named without an agreement. Send Tekamoul-Agreement with Tekamoul-Purpose.",
    )


class CaseNeeded(Refusal):
    code, status = "case_needed", 422
    text = Text(
        ar="حيث يطلع موظف (Tekamoul-Official) على بيانات أشخاص بموجب اتفاقية، يُذكر الملف: أرسلوا مرجعه في Tekamoul-Case.",
        fr="Quand un agent (Tekamoul-Official) consulte des personnes au titre d'un accord, il cite un dossier : envoyez sa référence dans Tekamoul-Case.",
        en="Where an official (Tekamoul-Official) reads of people under an agreement, there is a case: send its reference in Tekamoul-Case.",
    )


class OtherProvider(Refusal):
    code, status = "agreement_of_other_data", 403
    text = Text(
        ar="الاتفاقية {agreement} تخص بيانات «{provider}» وليس ما طلبتموه.",
        fr="L'accord {agreement} porte sur les données de « {provider} », non sur ce qui est demandé.",
        en="The agreement {agreement} is about the data of “{provider}”, not about what is asked for.",
    )


class OperationNotAgreed(Refusal):
    code, status = "operation_not_agreed", 403
    text = Text(
        ar="الاتفاقية {agreement} لا تشمل العملية «{operation}». المقبول: {accepted}.",
        fr="L'accord {agreement} ne comprend pas l'opération « {operation} ». Accepté : {accepted}.",
        en="The agreement {agreement} does not include the operation “{operation}”. Accepted: {accepted}.",
    )


class NotShared(Refusal):
    code, status = "not_shared", 403
    text = Text(
        ar="ما هنا لا يُعطى بموجب اتفاقية مثل {agreement}. المقبول: الأسرة أو الفرد أو التسجيل في برنامج، واحدا أو قائمة.",
        fr="Ceci n'est pas donné au titre d'un accord tel que {agreement}. Accepté : le ménage, l'individu ou l'inscription, seuls ou en liste.",
        en="This is not given under an agreement such as {agreement}. Accepted: a household, individual or enrollment, one or a list.",
    )


class AttributesNotAgreed(Refusal):
    code, status = "attributes_not_agreed", 403
    text = Text(
        ar="الاتفاقية {agreement} لا تعطي شيئا مما هنا. ما تعطيه: {accepted}.",
        fr="L'accord {agreement} ne donne rien de ce qui est ici. Ce qu'il donne : {accepted}.",
        en="The agreement {agreement} gives nothing of what is here. What it gives: {accepted}.",
    )


class QueryVolumeExceeded(Refusal):
    code, status = "query_volume_exceeded", 403
    text = Text(
        ar="الاتفاقية {agreement} تسمح ببيانات {most} شخصا أو أسرة على الأكثر في جواب واحد. اطلبوا أقل.",
        fr="L'accord {agreement} permet au plus {most} personnes ou ménages par réponse. Demandez-en moins.",
        en="The agreement {agreement} allows at most {most} people or households in one answer. Ask for fewer.",
    )


class DayVolumeExceeded(Refusal):
    code, status = "day_volume_exceeded", 429
    text = Text(
        ar="استنفدت الاتفاقية {agreement} حجم اليوم ({most} في اليوم بالتوقيت العالمي). أعيدوا غدا.",
        fr="Le volume du jour de l'accord {agreement} est épuisé ({most} par jour, UTC). Revenez demain.",
        en="The day's volume of the agreement {agreement} is used up ({most} a day, UTC). Come back tomorrow.",
    )


class AnswerHeldBack(Refusal):
    code, status = "answer_held_back", 500
    text = Text(
        ar="منعت البوابة جوابا يحوي أكثر مما تسمح به الاتفاقية، ولم يخرج منه شيء. سُجّل الأمر عندنا؛ اذكروا رقم التتبع.",
        fr="La passerelle a retenu une réponse qui dépassait l'accord ; rien n'en est sorti. C'est enregistré chez nous ; citez le numéro de trace.",
        en="The gateway held back an answer that held more than the agreement allows; nothing of it left. It is recorded here; quote the trace id.",
    )


class StepNotAllowed(Refusal):
    code, status = "agreement_step_not_allowed", 409
    text = Text(
        ar="الإصدار {version} من الاتفاقية حالته «{state}»، ولا يُقبل فيه هذا الإجراء. المقبول في هذه الحالة: {accepted}.",
        fr="La version {version} de l'accord est « {state} » : cette étape n'y est pas admise. Admis : {accepted}.",
        en="Version {version} of the agreement is “{state}”: this step is not allowed there. Allowed: {accepted}.",
    )


class SecondPersonNeeded(Refusal):
    code, status = "agreement_second_person_needed", 403
    text = Text(
        ar="من كتب هذا الإصدار لا يوافق عليه ولا يراجعه. لا بد من شخص ثان لدى صاحب البيانات.",
        fr="Qui a écrit cette version ne l'approuve ni ne la revoit. Il faut une seconde personne du propriétaire des données.",
        en="Whoever wrote this version neither approves nor reviews it. It takes a second person of the owner of the data.",
    )


class OwnerAlone(Refusal):
    code, status = "agreement_owner_alone", 403
    text = Text(
        ar="هذا الإجراء لصاحب البيانات «{provider}» وحده.",
        fr="Cette étape revient au seul propriétaire des données, « {provider} ».",
        en="This step is for the owner of the data alone, “{provider}”.",
    )


class NotAParty(Refusal):
    code, status = "agreement_not_a_party", 403
    text = Text(
        ar="لا يكتب الاتفاقية إلا أحد طرفيها. المقبول: أن تكون مؤسستكم provider أو recipient.",
        fr="Un accord est écrit par l'une de ses parties. Accepté : votre institution comme provider ou recipient.",
        en="An agreement is written by one of its parties. Accepted: your institution as provider or recipient.",
    )


class PartyUnknown(Refusal):
    code, status = "agreement_party_unknown", 422
    text = Text(
        ar="لا يوجد شريك باسم «{party}».",
        fr="Il n'y a pas de partenaire « {party} ».",
        en="There is no partner “{party}”.",
    )


class ProgramNotKnown(Refusal):
    code, status = "agreement_program_unknown", 422
    text = Text(
        ar="لا يدير أحد البرنامج {program}. المقبول: {accepted}.",
        fr="Personne ne tient le programme {program}. Accepté : {accepted}.",
        en="Nobody keeps the program {program}. Accepted: {accepted}.",
    )


class EnrolledElsewhere(Refusal):
    code, status = "agreement_enrolled_elsewhere", 422
    text = Text(
        ar="لا تُحصر الأسر في المسجلة في {program}: يحصرها ماسك السجل ({keeper}) وحده، وفي برامجه أو برامج المستفيد. المقبول: {accepted}.",
        fr="Les ménages ne peuvent être limités à ceux inscrits à {program} : seul qui tient le registre ({keeper}) limite ainsi,"
        " à ses programmes ou à ceux du destinataire. Accepté : {accepted}.",
        en="Households cannot be limited to those enrolled in {program}: only the registry's keeper ({keeper}) limits so, to its own"
        " programs or the recipient's. Accepted: {accepted}.",
    )


class PushNotWritten(Refusal):
    code, status = "agreement_push_not_written", 422
    text = Text(
        ar="لا يُتفق على إرسال بيانات (push): لا يكتب في برنامج إلا من يديره. ما للآخرين أن يسلموه: الإحالات في المطابقة، ومقترحات التغيير"
        " في السجل. المقبول: {accepted}.",
        fr="L'envoi de données (push) ne se convient pas : seul qui tient un programme y écrit. Les autres transmettent des"
        " orientations au rapprochement et des propositions de changement au registre. Accepté : {accepted}.",
        en="Sending data in (push) is not agreed on: only who keeps a program writes into it. Others hand referrals to matching, and"
        " change proposals to the registry. Accepted: {accepted}.",
    )


class PartiesStay(Refusal):
    code, status = "agreement_parties_stay", 422
    text = Text(
        ar="الإصدار الجديد لا يغير النوع ولا الطرفين. اكتبوا لغيرهما اتفاقية أخرى.",
        fr="Une nouvelle version ne change ni le genre ni les parties. Pour d'autres, écrivez un autre accord.",
        en="A new version changes neither the kind nor the parties. For others, write another agreement.",
    )


class KindNotWritten(Refusal):
    code, status = "agreement_kind_not_written", 422
    text = Text(
        ar="لا يُكتب هنا إلا اتفاقية تبادل (sharing) أو اتفاقية استعجالية (emergency)، ولا يُغيَّر من الاثنتين إلا الأولى.",
        fr="On écrit ici un accord de partage (sharing) ou d'urgence (emergency) ; seul le premier se modifie.",
        en="Only a sharing or an emergency agreement is written here, and only the first is changed.",
    )


class ReasonNeeded(Refusal):
    code, status = "agreement_reason_needed", 422
    text = Text(
        ar="لا بد من ذكر السبب (reason).",
        fr="Un motif (reason) est requis.",
        en="A reason is required (reason).",
    )


class SignedAlready(Refusal):
    code, status = "agreement_signed_already", 409
    text = Text(
        ar="وقّعت مؤسستكم هذا الإصدار من قبل.",
        fr="Votre institution a déjà signé cette version.",
        en="Your institution has signed this version already.",
    )


class BeginsLater(Refusal):
    code, status = "agreement_begins_later", 409
    text = Text(
        ar="يبدأ هذا الإصدار يوم {day} وسيحل محل إصدار سار. وافقوا عليه في ذلك اليوم أو بعده.",
        fr="Cette version commence le {day} et remplacerait une version en vigueur. Approuvez-la ce jour-là ou après.",
        en="This version begins on {day} and would replace one in force. Approve it on that day or after.",
    )


class AgreementOver(Refusal):
    code, status = "agreement_days_over", 422
    text = Text(
        ar="آخر يوم في الاتفاقية ({day}) مضى.",
        fr="Le dernier jour de l'accord ({day}) est passé.",
        en="The last day of the agreement ({day}) is past.",
    )
