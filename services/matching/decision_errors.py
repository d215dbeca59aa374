"""What matching refuses of those who decide on links."""

from shared.errors import Refusal
from shared.text import Text


class AdjudicationClosed(Refusal):
    code, status = "adjudication_closed", 409
    text = Text(
        ar="هذه المسألة مغلقة. المقبول: التراجع عن آخر خطوة (undo)، أو انتظار فتحها من جديد.",
        fr="Cette question est close. Accepté : annuler la dernière étape (undo), ou attendre qu'elle soit rouverte.",
        en="This question is closed. Accepted: undo the last step, or wait until it is opened again.",
    )


class AdjudicationWaits(Refusal):
    code, status = "adjudication_waits", 409
    text = Text(
        ar="قرار شخص أول ينتظر تأكيد شخص ثان. المقبول: تأكيده أو مخالفته في المسألة (decide)، أو التراجع عنه (undo).",
        fr="La décision d'une première personne attend une seconde. Accepté : la confirmer ou la contredire (decide), ou l'annuler"
        " (undo).",
        en="A first person's decision waits for a second. Accepted: confirm or contradict it (decide), or undo it.",
    )


class SamePersonAgain(Refusal):
    code, status = "same_person_again", 409
    text = Text(
        ar="هذا القرار اتخذه الموظف نفسه. المقبول: موظف آخر يؤكده أو يخالفه.",
        fr="Cette décision vient du même agent. Accepté : un autre agent la confirme ou la contredit.",
        en="This official made that decision. Accepted: another official confirms or contradicts it.",
    )


class NotACandidate(Refusal):
    code, status = "not_a_candidate", 422
    text = Text(
        ar="هذا الفرد ليس بين المرشحين، أو لم يعد في السجل. المقبول: معرّف مرشح معروض في المسألة، أو فرد موجود في السجل للربط اليدوي.",
        fr="Cet individu n'est pas parmi les candidats, ou n'est plus dans le registre. Accepté : un candidat que montre la question,"
        " ou, pour lier à la main, un individu du registre.",
        en="This individual is not among the candidates, or no longer in the registry. Accepted: a candidate that the question"
        " shows or, to link by hand, an individual of the registry.",
    )


class IndividualRefused(Refusal):
    code, status = "individual_refused", 409
    text = Text(
        ar="صرّحت المؤسسة بأن المستفيد ليس هذا الفرد أو ليس من هذه الأسرة. المقبول: فرد آخر.",
        fr="L'institution a dit que son bénéficiaire n'est pas cet individu, ou pas de ce ménage. Accepté : un autre individu.",
        en="The institution has said that its beneficiary is not this individual, or not of this household. Accepted: another one.",
    )


class NothingLinked(Refusal):
    code, status = "nothing_linked", 409
    text = Text(
        ar="هذا المستفيد غير مربوط بأي فرد. المقبول: مستفيد حالته linked.",
        fr="Ce bénéficiaire n'est lié à personne. Accepté : un bénéficiaire dont le statut est linked.",
        en="This beneficiary is linked to nobody. Accepted: one whose status is linked.",
    )


class NotLinkedByHand(Refusal):
    code, status = "not_linked_by_hand", 409
    text = Text(
        ar="لم يربط أحد هذا المستفيد يدويا. المقبول: السبب another_person أو another_household أو unknown_here.",
        fr="Personne n'a fait ce lien à la main. Accepté : le motif another_person, another_household ou unknown_here.",
        en="Nobody made this link by hand. Accepted: the reason another_person, another_household or unknown_here.",
    )


class NothingToUndoHere(Refusal):
    code, status = "no_step_to_undo", 409
    text = Text(
        ar="لم يتخذ أحد أي خطوة في هذا الربط يمكن التراجع عنها.",
        fr="Personne n'a fait sur ce lien d'étape qui puisse être annulée.",
        en="Nobody has taken a step on this link that could be undone.",
    )


class RebuildRunning(Refusal):
    code, status = "rebuild_running", 409
    text = Text(
        ar="إعادة مقارنة أخرى جارية. المقبول: انتظار نهايتها أو إلغاؤها.",
        fr="Une autre reprise des comparaisons est en cours. Accepté : attendre sa fin, ou l'annuler.",
        en="Another rebuild is under way. Accepted: wait for its end, or cancel it.",
    )


class RebuildEnded(Refusal):
    code, status = "rebuild_ended", 409
    text = Text(
        ar="انتهت إعادة المقارنة هذه أو أُلغيت من قبل.",
        fr="Cette reprise des comparaisons est déjà finie ou annulée.",
        en="This rebuild has ended or was cancelled already.",
    )


class ProjectionRebuildRunning(Refusal):
    code, status = "projection_rebuild_running", 409
    text = Text(
        ar="قراءة أخرى للبيانات من أصحابها جارية. المقبول: انتظار نهايتها أو إلغاؤها.",
        fr="Une autre relecture des données chez leurs détenteurs est en cours. Accepté : attendre sa fin, ou l'annuler.",
        en="Another rebuild of projections is under way. Accepted: wait for its end, or cancel it.",
    )


class ProjectionRebuildEnded(Refusal):
    code, status = "projection_rebuild_ended", 409
    text = Text(
        ar="انتهت هذه القراءة من أصحاب البيانات أو أُلغيت من قبل.",
        fr="Cette relecture des données chez leurs détenteurs est déjà finie ou annulée.",
        en="This rebuild of projections has ended or was cancelled already.",
    )


class DuplicateSearchRunning(Refusal):
    code, status = "duplicate_search_running", 409
    text = Text(
        ar="بحث آخر عن المسجلين مرتين جارٍ. المقبول: انتظار نهايته أو إلغاؤه.",
        fr="Une autre recherche de doublons est en cours. Accepté : attendre sa fin, ou l'annuler.",
        en="Another search for duplicates is under way. Accepted: wait for its end, or cancel it.",
    )


class DuplicateSearchEnded(Refusal):
    code, status = "duplicate_search_ended", 409
    text = Text(
        ar="انتهى هذا البحث أو أُلغي من قبل.",
        fr="Cette recherche est déjà finie ou annulée.",
        en="This search has ended or was cancelled already.",
    )
