"""What is refused of answers to a questionnaire."""

from shared.errors import Refusal
from shared.text import LANGUAGES, Text


class QuestionnaireUnknown(Refusal):
    code, status = "questionnaire_unknown", 422
    text = Text(
        ar="لا يوجد استبيان منشور بهذه النسخة. المقبول: {versions}.",
        fr="Aucun questionnaire publié ne porte cette version. Accepté : {versions}.",
        en="No published questionnaire has this version. Accepted: {versions}.",
    )


class AnswerNotAccepted(Refusal):
    code, status = "answer_not_accepted", 422
    text = Text(
        ar="الجواب غير مقبول: {reason}",
        fr="Réponse non acceptée : {reason}",
        en="The answer is not accepted: {reason}",
    )

    def __init__(self, pointer: str, reason: Text) -> None:
        super().__init__(pointer=pointer)
        self.detail = Text(*(self.text.in_(one).format(reason=reason.in_(one)) for one in LANGUAGES))
