"""What the registry refuses."""

from shared.errors import Refusal
from shared.text import Text


class UnknownCommune(Refusal):
    code, status = "unknown_commune", 422
    text = Text(
        ar="لا توجد بلدية بالرمز {commune}. المقبول: رمز من ‎/v1/places?kind=commune.",
        fr="Aucune commune ne porte le code {commune}. Accepté : un code de /v1/places?kind=commune.",
        en="No commune has the code {commune}. Accepted: a code of /v1/places?kind=commune.",
    )


class HouseholdNotActive(Refusal):
    code, status = "household_not_active", 409
    text = Text(
        ar="هذه الأسرة ليست نشطة في السجل (الحالة: {status}). إن كانت قد خرجت فاطلب عودتها أولا.",
        fr="Ce ménage n'est pas actif au registre (statut : {status}). S'il est sorti, demandez d'abord son retour.",
        en="This household is not active in the registry (status: {status}). If it has left, ask for its return first.",
    )


class HouseholdStillActive(Refusal):
    code, status = "household_still_active", 409
    text = Text(
        ar="هذه الأسرة نشطة في السجل؛ العودة لا تعني إلا من خرج.",
        fr="Ce ménage est actif au registre ; un retour ne concerne qu'un ménage sorti.",
        en="This household is active in the registry; only one that has left can return.",
    )


class IndividualNotActive(Refusal):
    code, status = "individual_not_active", 409
    text = Text(
        ar="هذا الفرد ليس نشطا في السجل (الحالة: {status}). المقبول: فرد نشط.",
        fr="Cet individu n'est pas actif au registre (statut : {status}). Accepté : un individu actif.",
        en="This individual is not active in the registry (status: {status}). Accepted: an active individual.",
    )


class HouseholdRefused(Refusal):
    """A household told by a system in which one person or the household itself cannot be entered."""

    code, status = "household_refused", 409
    text = Text(
        ar="لم تُسجَّل الأسرة. {field} {value}: {reason}",
        fr="Le ménage n'est pas enregistré. {field} {value} : {reason}",
        en="The household was not entered. {field} {value}: {reason}",
    )

    def __init__(self, field: str, value: str, reason: Text) -> None:
        super().__init__(pointer=f"/{field}")
        self.detail = Text(
            ar=self.text.ar.format(field=field, value=value, reason=reason.ar),
            fr=self.text.fr.format(field=field, value=value, reason=reason.fr),
            en=self.text.en.format(field=field, value=value, reason=reason.en),
        )


class HeadsAHousehold(Refusal):
    code, status = "heads_a_household", 409
    text = Text(
        ar="الفرد {individual} هو رب الأسرة {household}. المقبول: خلافة فيها أولا.",
        fr="L'individu {individual} est le chef du ménage {household}. Accepté : d'abord une succession dans ce ménage.",
        en="Individual {individual} heads household {household}. Accepted: a succession there first.",
    )


class AlreadyMember(Refusal):
    code, status = "already_member", 409
    text = Text(
        ar="الفرد {individual} عضو في هذه الأسرة من قبل.",
        fr="L'individu {individual} appartient déjà à ce ménage.",
        en="Individual {individual} belongs to this household already.",
    )


class AlreadyHead(Refusal):
    code, status = "already_head", 409
    text = Text(
        ar="الفرد {individual} هو رب هذه الأسرة من قبل.",
        fr="L'individu {individual} est déjà le chef de ce ménage.",
        en="Individual {individual} heads this household already.",
    )


class MemberTwice(Refusal):
    code, status = "member_twice", 422
    text = Text(
        ar="ذُكر الفرد {individual} مرتين. المقبول: كل عضو مرة واحدة.",
        fr="L'individu {individual} est cité deux fois. Accepté : chaque membre une fois.",
        en="Individual {individual} is named twice. Accepted: each member once.",
    )


class NotAMember(Refusal):
    code, status = "not_a_member", 409
    text = Text(
        ar="الفرد {individual} ليس عضوا في الأسرة {household}. المقبول: أحد أعضائها الحاليين.",
        fr="L'individu {individual} n'appartient pas au ménage {household}. Accepté : un de ses membres actuels.",
        en="Individual {individual} is no member of household {household}. Accepted: one of its present members.",
    )


class DateInFuture(Refusal):
    code, status = "date_in_future", 422
    text = Text(
        ar="التاريخ {on} في المستقبل. المقبول: تاريخ لا يتجاوز اليوم.",
        fr="La date {on} est dans le futur. Accepté : une date jusqu'à aujourd'hui.",
        en="The date {on} is in the future. Accepted: a date up to today.",
    )


class DateTooEarly(Refusal):
    code, status = "date_too_early", 422
    text = Text(
        ar="التاريخ {on} سابق لما يعرفه السجل. المقبول: تاريخ ابتداء من {earliest}.",
        fr="La date {on} précède ce que le registre connaît. Accepté : une date à partir du {earliest}.",
        en="The date {on} is before what the registry knows. Accepted: a date from {earliest} on.",
    )


class EndsBeforeItBegins(Refusal):
    code, status = "ends_before_it_begins", 422
    text = Text(
        ar="النهاية تسبق البداية. المقبول: until_on بعد from_on.",
        fr="La fin précède le début. Accepté : until_on après from_on.",
        en="It ends before it begins. Accepted: until_on after from_on.",
    )


class NothingChanges(Refusal):
    code, status = "nothing_changes", 422
    text = Text(
        ar="السجل يحفظ هذه القيم بالفعل؛ لا شيء يتغير.",
        fr="Le registre a déjà ces valeurs ; rien ne change.",
        en="The registry holds these values already; nothing changes.",
    )


class NamelessIndividual(Refusal):
    code, status = "nameless_individual", 422
    text = Text(
        ar="لا بد من اسم بإحدى الكتابتين.",
        fr="Un nom est requis, dans l'une des écritures.",
        en="A name is required, in either script.",
    )


class SuccessorNeeded(Refusal):
    code, status = "successor_needed", 422
    text = Text(
        ar="رب الأسرة يغادرها. المقبول: successor_id بأحد الباقين، مثل {proposed}.",
        fr="Le chef quitte le ménage. Accepté : successor_id, un de ceux qui restent, par exemple {proposed}.",
        en="The head leaves the household. Accepted: successor_id, one of those who remain, such as {proposed}.",
    )


class SplitLeavesNobody(Refusal):
    code, status = "split_leaves_nobody", 422
    text = Text(
        ar="لا يبقى أحد في الأسرة. المقبول: طلب نقل للأسرة كلها.",
        fr="Personne ne reste dans le ménage. Accepté : le déplacement du ménage entier.",
        en="Nobody remains in the household. Accepted: a move of the whole household.",
    )


class OneHead(Refusal):
    code, status = "one_head", 422
    text = Text(
        ar="للأسرة الجديدة رب واحد. المقبول: عضو واحد بعلاقة head.",
        fr="Le nouveau ménage a un seul chef. Accepté : un seul membre de relation head.",
        en="The new household has one head. Accepted: exactly one member with relationship head.",
    )


class MergeWithItself(Refusal):
    code, status = "merge_with_itself", 422
    text = Text(
        ar="لا يُدمج سجل في نفسه. المقبول: سجلان مختلفان.",
        fr="Un dossier ne se fusionne pas avec lui-même. Accepté : deux dossiers.",
        en="A record is not merged with itself. Accepted: two records.",
    )


class AlreadyMerged(Refusal):
    code, status = "already_merged", 409
    text = Text(
        ar="دُمج هذا السجل في {into} من قبل، والدمج الدائري غير ممكن. المقبول: السجل الباقي.",
        fr="Ce dossier est déjà fusionné dans {into} ; une boucle est impossible. Accepté : le dossier conservé.",
        en="This record was merged into {into} already; a cycle is impossible. Accepted: the record that remains.",
    )


class LaterChanges(Refusal):
    code, status = "later_changes", 409
    text = Text(
        ar="تغيّر السجل بعد ذلك بالتغيير {later}. تراجعوا عن التغييرات اللاحقة أولا، من الأحدث إلى الأقدم.",
        fr="Le dossier a changé depuis, par {later}. Annulez d'abord les changements suivants, du plus récent au plus ancien.",
        en="The record has changed since, by {later}. Undo the later changes first, the newest before the others.",
    )


class AlreadyUndone(Refusal):
    code, status = "already_undone", 409
    text = Text(
        ar="جرى التراجع عن هذا التغيير من قبل.",
        fr="Ce changement a déjà été annulé.",
        en="This change has been undone already.",
    )


class NothingToUndo(Refusal):
    code, status = "nothing_to_undo", 409
    text = Text(
        ar="هذا التغيير لم يمس أي سجل؛ لا شيء يُتراجع عنه.",
        fr="Ce changement n'a touché aucun dossier ; il n'y a rien à annuler.",
        en="This change touched no record; there is nothing to undo.",
    )


class RequestDecided(Refusal):
    code, status = "request_decided", 409
    text = Text(
        ar="بُتّ في هذا الطلب من قبل (الحالة: {status}).",
        fr="Cette demande a déjà été tranchée (statut : {status}).",
        en="This request has been decided already (status: {status}).",
    )


class NotYourAuthority(Refusal):
    code, status = "not_your_authority", 403
    text = Text(
        ar="البت في هذا الطلب ليس من صلاحيتكم. صاحب الصلاحية: {sources}.",
        fr="Cette demande ne relève pas de votre autorité. Elle relève de : {sources}.",
        en="This request is not yours to decide. Those who decide: {sources}.",
    )


class NobodyDecides(Refusal):
    code, status = "nobody_decides", 422
    text = Text(
        ar="لا جهة تملك صلاحية هذه الحقول مجتمعة. المقبول: طلب لكل حقل.",
        fr="Aucune autorité ne couvre ces champs ensemble. Accepté : une demande par champ.",
        en="No authority covers these fields together. Accepted: one request for each field.",
    )


class SecondPersonNeeded(Refusal):
    code, status = "second_person_needed", 409
    text = Text(
        ar="قرّر هذا الموظف من قبل. المقبول: موظف آخر؛ يلزم {persons}.",
        fr="Cet agent a déjà décidé. Accepté : un autre agent ; il en faut {persons}.",
        en="This official has decided already. Accepted: another official; {persons} are needed.",
    )


class NotYourRequest(Refusal):
    code, status = "not_your_request", 403
    text = Text(
        ar="لا يسحب الطلب إلا من قدّمه.",
        fr="Seul le demandeur retire sa demande.",
        en="Only whoever made a request withdraws it.",
    )


class UnknownKindOfFile(Refusal):
    code, status = "unknown_kind_of_file", 422
    text = Text(
        ar="السجل لا يقبل إلا الملفات من نوع «households» أو «remarks».",
        fr="Le registre n'accepte que les fichiers de type « households » ou « remarks ».",
        en="The registry only takes files of kind “households” or “remarks”.",
    )


class UnknownQualityRule(Refusal):
    code, status = "unknown_quality_rule", 422
    text = Text(
        ar="لا توجد قاعدة جودة بهذا الرمز. القواعد: {rules}.",
        fr="Aucune règle de qualité ne porte ce code. Les règles : {rules}.",
        en="No quality rule has this code. The rules: {rules}.",
    )


class ConflictSettledAlready(Refusal):
    code, status = "conflict_settled", 409
    text = Text(
        ar="سُوّي هذا التعارض بتاريخ {on} ({decision}). لتغيير ذلك: تراجع عن التغيير، أو طلب تصحيح.",
        fr="Ce conflit a été réglé le {on} ({decision}). Pour y revenir : annulez la modification ou demandez une correction.",
        en="This conflict was settled on {on} ({decision}). To change that, undo the change or ask for a correction.",
    )


class ConflictOutdated(Refusal):
    code, status = "conflict_outdated", 409
    text = Text(
        ar="تغيرت القيمة المسجلة منذ ظهور التعارض. المقبول: keep_held أو dismiss، أو طلب تصحيح.",
        fr="La valeur retenue a changé depuis. Accepté : keep_held, dismiss, ou une demande de correction.",
        en="The held value has changed since. Accepted: keep_held, dismiss, or a request for a correction.",
    )


class PlaceWithoutQuotas(Refusal):
    code, status = "place_without_quotas", 422
    text = Text(
        ar="الحصص للبلديات والقرى وحدها.",
        fr="Seules les communes et les villages ont des quotas.",
        en="Only communes and villages have quotas.",
    )


class QuotaEndsBeforeItBegins(Refusal):
    code, status = "quota_ends_before_it_begins", 422
    text = Text(
        ar="نهاية الحصة valid_until يجب أن تكون بعد بدايتها valid_from.",
        fr="La fin du quota (valid_until) doit suivre son début (valid_from).",
        en="A quota's valid_until must come after its valid_from.",
    )


class QuotasOverlap(Refusal):
    code, status = "quotas_overlap", 409
    text = Text(
        ar="للمكان حصة أخرى في هذه الأيام: الفترة {period} من {start} إلى ما قبل {end}.",
        fr="Le lieu a un autre quota à ces dates : la période {period}, du {start} jusqu'avant le {end}.",
        en="The place has another quota on these days: period {period}, from {start} until before {end}.",
    )
