"""What is refused of grievances."""

from shared.errors import Refusal
from shared.text import Text


class GrievanceStepRefused(Refusal):
    code, status = "grievance_step_refused", 409
    text = Text(
        ar="هذا التظلم {status}، ولا يقبل هذه الخطوة.",
        fr="Cette plainte est {status} ; cette étape n'est pas possible.",
        en="This grievance is {status}; it does not allow this step.",
    )

    def __init__(self, *, status: Text) -> None:
        super().__init__()
        self.detail = Text(
            ar=self.text.ar.format(status=status.ar),
            fr=self.text.fr.format(status=status.fr),
            en=self.text.en.format(status=status.en),
        )


class GrievanceNotYours(Refusal):
    code, status = "grievance_not_yours", 403
    text = Text(
        ar="هذه الخطوة لجهة أخرى: الجواب لمن أُحيل إليه التظلم، والقبول أو الرفع لمن فتحه.",
        fr="Cette étape revient à un autre : la réponse à qui la plainte est adressée, l'acceptation ou l'appel à qui l'a ouverte.",
        en="This step is another's: the answer is for whom the grievance goes to, accepting or escalating for whoever opened it.",
    )


class AnswerInAnotherLanguage(Refusal):
    code = "answer_in_another_language"
    text = Text(
        ar="يُجاب صاحب التظلم بلغته. المقبول: {language}.",
        fr="On répond à qui se plaint dans sa langue. Acceptée : {language}.",
        en="Whoever complains is answered in the own language. Accepted: {language}.",
    )


class DisputedUnknown(Refusal):
    code = "disputed_unknown"
    text = Text(
        ar="لا يوجد ما يُعترض عليه بهذا المعرّف مما يجوز لكم السؤال عنه.",
        fr="Rien de ce que vous pouvez demander ne porte cet identifiant : ce qui est contesté est inconnu.",
        en="Nothing that you may ask about has this id: what is disputed is not known.",
    )


class HouseholdNumberUnknown(Refusal):
    code = "household_number_unknown"
    text = Text(
        ar="لا توجد في السجل أسرة بهذا الرقم. المقبول: رقم من السجل، أو contact لمن ليس فيه.",
        fr="Aucun ménage du registre ne porte ce numéro. Accepté : un numéro du registre, ou contact pour qui n'y est pas.",
        en="No household of the registry has this number. Accepted: a number of the registry, or contact for somebody not in it.",
    )


class ConductOfWhom(Refusal):
    code = "conduct_of_whom"
    text = Text(
        ar="المقبول: about لتظلم بشأن سلوك موظف، ولا يُقبل مع غيره.",
        fr="Accepté : about avec une plainte sur la conduite d'un agent, et avec elle seule.",
        en="Accepted: about with a grievance on the conduct of an official, and with no other.",
    )
