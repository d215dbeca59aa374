"""What matching refuses."""

from collections.abc import Sequence

from shared.errors import Refusal
from shared.text import Text


class IndexBuilding(Refusal):
    code, status = "index_building", 503
    text = Text(
        ar="ما زالت الخدمة تقرأ السجل بعد تشغيلها، وتتعذر المقارنة إلى حين. أعد المحاولة بعد نصف دقيقة.",
        fr="Le service relit encore le registre après son démarrage et ne peut rien comparer. Réessayez dans une demi-minute.",
        en="The service is still reading the registry after its start and cannot compare. Try again in half a minute.",
    )

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"Retry-After": "30"}


class ProgramUnknown(Refusal):
    code, status = "program_unknown", 404
    text = Text(
        ar="لا يوجد برنامج بهذا الرمز. المقبول: رمز يظهر في ‎GET /v1/rules-matrix‎.",
        fr="Aucun programme ne porte ce code. Accepté : un code que montre GET /v1/rules-matrix.",
        en="No program has this code. Accepted: a code that GET /v1/rules-matrix shows.",
    )


class ProgramWithItself(Refusal):
    code = "program_with_itself"
    text = Text(
        ar="لا يتقاطع برنامج مع نفسه. المقبول: رمزا برنامجين مختلفين.",
        fr="Un programme ne se chevauche pas lui-même. Accepté : les codes de deux programmes différents.",
        en="A program does not overlap itself. Accepted: the codes of two different programs.",
    )


class MatrixDayTooEarly(Refusal):
    code, status = "matrix_day_too_early", 409
    text = Text(
        ar="القرار الساري لهذين البرنامجين بدأ في {day}، ولا يبدأ قرار بعده في يوم أسبق. المقبول: {day} أو بعده.",
        fr="La décision en vigueur pour ces deux programmes date du {day} ; la suivante ne commence pas plus tôt."
        " Accepté : le {day} ou plus tard.",
        en="The decision in force for these two programs began on {day}; the next one does not begin before it."
        " Accepted: {day} or later.",
    )


class ReferralToItself(Refusal):
    code = "referral_to_itself"
    text = Text(
        ar="لا تُحال الأسرة من برنامج إلى البرنامج نفسه. المقبول: برنامجان مختلفان.",
        fr="Un ménage n'est pas orienté d'un programme vers lui-même. Accepté : deux programmes différents.",
        en="A household is not referred from a program to itself. Accepted: two different programs.",
    )


class ReferralNotReceived(Refusal):
    code, status = "referral_not_received", 403
    text = Text(
        ar="هذه إحالة أرسلتموها؛ لا يغيّر حالتها إلا من يدير البرنامج الذي تلقاها.",
        fr="Vous avez envoyé cette orientation ; seul le responsable du programme qui l'a reçue la fait avancer.",
        en="You sent this referral; only the keeper of the program that received it moves it on.",
    )


class ReferralStepRefused(Refusal):
    code, status = "referral_step_refused", 409
    text = Text(
        ar="هذه الإحالة {status}، ولا يمكن أن تصبح {wanted}. ما يمكن أن يلي: {following}.",
        fr="Cette orientation est {status} et ne peut pas devenir {wanted}. Ce qui peut suivre : {following}.",
        en="This referral is {status} and cannot become {wanted}. What may follow: {following}.",
    )

    def __init__(self, *, status: Text, wanted: Text, following: Text) -> None:
        super().__init__()
        self.detail = Text(
            ar=self.text.ar.format(status=status.ar, wanted=wanted.ar, following=following.ar),
            fr=self.text.fr.format(status=status.fr, wanted=wanted.fr, following=following.fr),
            en=self.text.en.format(status=status.en, wanted=wanted.en, following=following.en),
        )


class ServiceNeedsNames(Refusal):
    code = "service_needs_names"
    text = Text(
        ar="الخدمة {service} ليس لها لائحة، فلا يُعرف من ينقصها. المقبول: تسمية التسجيلات في enrollments.",
        fr="Le service {service} n'a pas de liste : nul ne sait à qui il manque. Accepté : nommer les enrôlements dans enrollments.",
        en="The service {service} has no list, so nobody knows who lacks it. Accepted: the enrollments by id in enrollments.",
    )


class DeadlinesNotYours(Refusal):
    code, status = "deadlines_not_yours", 403
    text = Text(
        ar="لا تتلقون الإحالات إلى {receiver}؛ لا يحدد آجالها إلا من يتلقاها.",
        fr="Vous ne recevez pas les orientations vers {receiver} ; seul qui les reçoit fixe leurs délais.",
        en="You do not receive the referrals to {receiver}; only whoever does sets their deadlines.",
    )


class ProgramNotPublished(Refusal):
    code, status = "program_not_published", 409
    text = Text(
        ar="لم يصل إلينا بعد ما نُشر عن البرنامج {program}، ومنه تُعرف وحدته. أعيدوا المحاولة بعد دقيقة.",
        fr="Ce qui est publié du programme {program} n'est pas encore arrivé ici : son unité est inconnue. Réessayez dans une minute.",
        en="What is published of the program {program} has not arrived here yet, so its unit is not known. Try again in a minute.",
    )


class ListNotMatched(Refusal):
    code, status = "list_not_matched", 409
    text = Text(
        ar="هذه القائمة ليست في حالة تسمح بذلك ({status}). المقبول: قائمة اكتملت مطابقتها.",
        fr="L'état de cette liste ne le permet pas ({status}). Accepté : une liste dont le rapprochement est terminé.",
        en="The state of this list does not allow it ({status}). Accepted: a list that has been matched to its end.",
    )


class PersonNotReadable(Refusal):
    code, status = "person_not_readable", 422
    text = Text(ar="{reason}", fr="{reason}", en="{reason}")

    def __init__(self, *, pointer: str, reason: Text) -> None:
        super().__init__(pointer=pointer)
        self.detail = reason


class ConditionUnsound(Refusal):
    code = "condition_unsound"
    text = Text(
        ar="هذا الشرط على الأسرة لا يمكن تقييمه ({pointer}). المقبول: {accepted}.",
        fr="Cette condition sur le ménage ne peut pas être évaluée ({pointer}). Accepté : {accepted}.",
        en="This condition on the household cannot be evaluated ({pointer}). Accepted: {accepted}.",
    )


class MatrixContradiction(Refusal):
    code, status = "matrix_contradiction", 409
    text = Text(
        ar="قواعد متناقضة: الجمع مطلوب بين كل برنامجين متتاليين من {chain}، وممنوع بين {first} و{last}، لأسر قد تكون هي نفسها."
        " المقبول: تغيير إحدى هذه القواعد أو شروطها.",
        fr="Règles contradictoires : de {chain}, deux programmes qui se suivent doivent aller ensemble, mais {first} et {last} ne le"
        " doivent pas, pour des ménages qui peuvent être les mêmes. Accepté : changer une de ces règles ou ses conditions.",
        en="Contradicting rules: of {chain}, each program is required with the next, yet {first} and {last} are forbidden together,"
        " for households that may be the same. Accepted: change one of these rules or its conditions.",
    )

    def __init__(self, *, programs: Sequence[str]) -> None:
        super().__init__(pointer="/overlap_class", chain=" – ".join(programs), first=programs[0], last=programs[-1])


class ProposalOpen(Refusal):
    code, status = "proposal_open", 409
    text = Text(
        ar="لهذين البرنامجين مقترح لم يُبت فيه بعد. المقبول: قبوله أو رفضه أولا عبر ‎/v1/matrix-proposals‎.",
        fr="Une proposition attend déjà pour ces deux programmes. Accepté : l'approuver ou la rejeter d'abord, par /v1/matrix-proposals.",
        en="A proposal for these two programs is still open. Accepted: approve or reject it first, at /v1/matrix-proposals.",
    )


class ProposalDecided(Refusal):
    code, status = "proposal_decided", 409
    text = Text(
        ar="بُت في هذا المقترح من قبل. المقبول: مقترح جديد.",
        fr="Cette proposition est déjà tranchée. Accepté : une nouvelle proposition.",
        en="This proposal was decided already. Accepted: a new proposal.",
    )


class ProposerApproves(Refusal):
    code, status = "proposer_approves", 403
    text = Text(
        ar="من اقترح القرار لا يعتمده. المقبول: موظف آخر.",
        fr="Qui propose une décision ne l'approuve pas. Accepté : un autre agent.",
        en="Whoever proposes a decision does not approve it. Accepted: another official.",
    )


class MatrixTooLargeToPrint(Refusal):
    code, status = "matrix_too_large_to_print", 409
    text = Text(
        ar="لا تسع الصفحة أكثر من {most} برنامجا. المقبول: قراءة المصفوفة عبر ‎GET /v1/rules-matrix‎.",
        fr="La page ne tient que {most} programmes. Accepté : lire la matrice par GET /v1/rules-matrix.",
        en="The page holds {most} programs at the most. Accepted: read the matrix at GET /v1/rules-matrix.",
    )


class GrievanceNeedsProgram(Refusal):
    code = "grievance_needs_program"
    text = Text(
        ar="تظلم بشأن دفعة لا بد أن يذكر البرنامج. المقبول: program برمز البرنامج.",
        fr="Une plainte sur un paiement nomme le programme. Accepté : program avec son code.",
        en="A grievance about a payment names the program. Accepted: program with its code.",
    )


class GrievanceNotAnonymous(Refusal):
    code = "grievance_not_anonymous"
    text = Text(
        ar="لا يُقبل تظلم مجهول الصاحب إلا بشأن سلوك موظف (conduct).",
        fr="Une plainte anonyme n'est acceptée que sur la conduite d'un agent (conduct).",
        en="A grievance without a name is accepted only about the conduct of an official (conduct).",
    )


class GrievanceOfNobody(Refusal):
    code = "grievance_of_nobody"
    text = Text(
        ar="لا يُعرف من يُجاب. المقبول: رقم أسرة في السجل، أو contact لمن ليس فيه.",
        fr="On ne sait à qui répondre. Accepté : le numéro d'un ménage du registre, ou contact pour qui n'y est pas.",
        en="Nobody could be answered. Accepted: the number of a household of the registry, or contact for somebody who is not in it.",
    )
