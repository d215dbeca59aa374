"""What is refused about targeting lists."""

from shared.errors import Refusal
from shared.text import Text


class AgreementNeeded(Refusal):
    code, status = "agreement_needed", 403
    text = Text(
        ar="لا تُعطى قائمة إلا بموجب اتفاقية ولغرض محدد. أرسلوا الترويستين Tekamoul-Agreement وTekamoul-Purpose.",
        fr="Une liste n'est donnée qu'au titre d'un accord et pour une finalité. Envoyez Tekamoul-Agreement et Tekamoul-Purpose.",
        en="A list is given only under an agreement and for a purpose. Send Tekamoul-Agreement and Tekamoul-Purpose.",
    )


class NotThatAgreement(Refusal):
    code, status = "list_of_another_agreement", 403
    text = Text(
        ar="طُلبت هذه القائمة بموجب الاتفاقية {agreement} ولغرض {purpose}. المقبول: هما بعينهما في الترويستين.",
        fr="Cette liste a été demandée au titre de l'accord {agreement}, pour {purpose}. Accepté : ceux-là mêmes.",
        en="This list was asked for under the agreement {agreement}, for {purpose}. Accepted: these in the headers.",
    )


class AgreementOver(Refusal):
    code, status = "list_agreement_expired", 403
    text = Text(
        ar="الاتفاقية {agreement} سارية من {first} إلى {last} فقط، ولا يُعطى شيء بموجبها اليوم.",
        fr="L'accord {agreement} ne vaut que du {first} au {last} : rien n'est donné à ce titre aujourd'hui.",
        en="The agreement {agreement} holds only from {first} to {last}: nothing is given under it today.",
    )


class VolumeExceeded(Refusal):
    code, status = "list_above_volume", 403
    text = Text(
        ar="الاتفاقية {agreement} تسمح بما لا يزيد على {most} أسرة في الطلب الواحد.",
        fr="L'accord {agreement} permet au plus {most} ménages par demande.",
        en="The agreement {agreement} allows at most {most} households in one request.",
    )


class FieldsNotAgreed(Refusal):
    code, status = "fields_not_agreed", 403
    text = Text(
        ar="الاتفاقية {agreement} لا تشمل: {fields}. المقبول: {accepted}.",
        fr="L'accord {agreement} ne comprend pas : {fields}. Accepté : {accepted}.",
        en="The agreement {agreement} does not include: {fields}. Accepted: {accepted}.",
    )


class ProgramNotAgreed(Refusal):
    code, status = "program_not_agreed", 403
    text = Text(
        ar="لا يجوز لكم السؤال عن البرنامج {program} بموجب الاتفاقية {agreement}. المقبول: {accepted}.",
        fr="L'accord {agreement} ne permet pas d'interroger {program}. Accepté : {accepted}.",
        en="The agreement {agreement} does not let you ask about {program}. Accepted: {accepted}.",
    )


class ProgramNotKept(Refusal):
    code, status = "program_not_kept", 403
    text = Text(
        ar="تُطلب القائمة لبرنامج من برامجكم. المقبول: {accepted}.",
        fr="Une liste est demandée pour un programme que vous tenez. Accepté : {accepted}.",
        en="A list is asked for a program that you keep. Accepted: {accepted}.",
    )


class AreaUnknown(Refusal):
    code = "area_unknown"
    text = Text(
        ar="لا يوجد مكان بهذا الرمز: {area}. المقبول: رمز ولاية أو مقاطعة أو بلدية من جدول الأماكن.",
        fr="Aucun lieu ne porte ce code : {area}. Accepté : le code d'une wilaya, moughataa ou commune de la table.",
        en="No place has this code: {area}. Accepted: the code of a wilaya, moughataa or commune of the table of places.",
    )


class AreaNotAgreed(Refusal):
    code, status = "area_not_agreed", 403
    text = Text(
        ar="المنطقة {area} خارج الاتفاقية {agreement}. المقبول: {accepted} وما يتبعها.",
        fr="La zone {area} est hors de l'accord {agreement}. Accepté : {accepted}, et ce qu'ils contiennent.",
        en="The area {area} lies outside the agreement {agreement}. Accepted: {accepted}, and what lies in them.",
    )


class AreaWithoutPeople(Refusal):
    code = "area_without_people"
    text = Text(
        ar="لا أسرة مسجلة في {area}. احذفوها من الطلب.",
        fr="Aucun ménage du registre n'habite {area}. Retirez-la de la demande.",
        en="No household of the registry lives in {area}. Leave it out of the request.",
    )


class CriterionWrong(Refusal):
    code = "criterion_wrong"
    text = Text(
        ar="لا يقارن المعيار {attribute} بهذه القيمة أو بهذه العملية. المقبول: {accepted}.",
        fr="Le critère {attribute} ne se compare pas à cette valeur, ou pas ainsi. Accepté : {accepted}.",
        en="The criterion {attribute} is not compared with this value, or not so. Accepted: {accepted}.",
    )


class CriteriaContradict(Refusal):
    code = "criteria_contradict"
    text = Text(
        ar="لا يمكن لأي أسرة أن تستوفي كل المعايير الخاصة بـ {attribute}. صححوا أحدها.",
        fr="Aucun ménage ne peut remplir tous les critères sur {attribute}. Corrigez-en un.",
        en="No household can meet all the criteria on {attribute}. Correct one of them.",
    )


class ExclusionsContradict(Refusal):
    code = "exclusions_contradict"
    text = Text(
        ar="البرنامج {program} مستبعد ومكمَّل في آن واحد. اختاروا أحدهما.",
        fr="Le programme {program} est à la fois exclu et complété. Choisissez l'un des deux.",
        en="The program {program} is both excluded and topped up. Choose one.",
    )


class PeriodWrong(Refusal):
    code = "exclusion_period_wrong"
    text = Text(
        ar="الفترة غير مقبولة. المقبول: شهران مرتبان بين {first} و{last}، حيث تكون how هي paid وحدها.",
        fr="Période refusée. Accepté : deux mois, dans l'ordre, entre {first} et {last}, et seulement où how vaut paid.",
        en="The period is refused. Accepted: two months, in order, between {first} and {last}, and only where how is paid.",
    )


class QuotasDoNotAddUp(Refusal):
    code = "quotas_do_not_add_up"
    text = Text(
        ar="مجموع الحصص {total} والعدد المطلوب {number}. يجب أن يتساويا.",
        fr="Les quotas font {total}, le nombre demandé est {number}. Ils doivent être égaux.",
        en="The quotas add up to {total}, the number asked for is {number}. They must be equal.",
    )


class QuotaOutsideArea(Refusal):
    code = "quota_outside_area"
    text = Text(
        ar="الحصة المعطاة لـ {commune} خارج المناطق المطلوبة. المقبول: بلديات تقع فيها.",
        fr="Le quota de {commune} est hors des zones demandées. Accepté : des communes qui s'y trouvent.",
        en="The quota of {commune} lies outside the areas asked for. Accepted: communes within them.",
    )


class NotNarrower(Refusal):
    code = "list_not_narrower"
    text = Text(
        ar="المراجعة تضيّق الطلب ولا توسعه. المقبول: مناطق من الطلب أو داخلها، وعدد لا يزيد عليه، وحقول منه.",
        fr="La revue restreint la demande, jamais l'inverse. Accepté : des zones demandées ou incluses, un nombre et des"
        " champs qui n'y ajoutent rien.",
        en="A review narrows the request and never widens it. Accepted: areas asked for or within them, no greater number,"
        " no further fields.",
    )


class QuotasNeeded(Refusal):
    code = "quotas_to_narrow"
    text = Text(
        ar="لهذا الطلب حصص مرقمة حسب البلدية؛ أعطوا الحصص الجديدة quotas مع العدد أو المناطق.",
        fr="Cette demande a des quotas chiffrés par commune : donnez les nouveaux quotas avec le nombre ou les zones.",
        en="This request has numbered quotas by commune: give the new quotas with the number or the areas.",
    )


class ListStepRefused(Refusal):
    code, status = "list_step_refused", 409
    text = Text(
        ar="القائمة {status}، ولا تصير {wanted}. الممكن بعدها: {following}.",
        fr="La liste est {status} et ne peut devenir {wanted}. Peut suivre : {following}.",
        en="The list is {status} and cannot become {wanted}. May follow: {following}.",
    )


class OwnList(Refusal):
    code, status = "own_list", 403
    text = Text(
        ar="من طلب القائمة لا يصادق عليها ولا يتيحها. يقررها موظف آخر.",
        fr="Qui a demandé la liste ne l'approuve ni ne la met à disposition. Un autre agent décide.",
        en="Who asked for the list neither approves nor releases it. Another official decides.",
    )


class NotYoursToReview(Refusal):
    code, status = "not_the_provider", 403
    text = Text(
        ar="يراجع القائمة صاحب البيانات وحده: {provider}.",
        fr="Seul le fournisseur des données revoit la liste : {provider}.",
        en="Only the provider of the data reviews the list: {provider}.",
    )


class ListRevoked(Refusal):
    code, status = "list_revoked", 403
    text = Text(
        ar="أُلغيت هذه القائمة يوم {day}. لا يجوز استعمال ما أُخذ منها، ويجب إتلافه.",
        fr="Cette liste a été révoquée le {day}. Ce qui en a été pris ne doit plus servir et est à détruire.",
        en="This list was revoked on {day}. What was taken from it must no longer be used, and is to be destroyed.",
    )


class ListNotReleased(Refusal):
    code, status = "list_not_released", 409
    text = Text(
        ar="القائمة {status}: لا تُقرأ أسماؤها إلا بعد إتاحتها وقبل إغلاقها.",
        fr="La liste est {status} : ses noms ne se lisent qu'une fois la liste mise à disposition, et avant sa clôture.",
        en="The list is {status}: its names are read only once it is released, and before it is closed.",
    )


class TooLongToPrint(Refusal):
    code = "list_too_long_to_print"
    text = Text(
        ar="{households} أسرة أكثر من أن تُطبع دفعة واحدة. المقبول: {most} على الأكثر؛ اطبعوها بلدية بلدية (commune=).",
        fr="{households} ménages sont trop pour une impression. Accepté : {most} au plus ; imprimez par commune (commune=).",
        en="{households} households are too many to print at once. Accepted: at most {most}; print by commune (commune=).",
    )


class NothingToPrint(Refusal):
    code, status = "nothing_to_print", 404
    text = Text(
        ar="لا أسرة من القائمة في هذه البلدية.",
        fr="Aucun ménage de la liste n'habite cette commune.",
        en="No household of the list lives in this commune.",
    )
