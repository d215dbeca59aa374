"""What scoring refuses."""

from collections.abc import Sequence

from shared.errors import Refusal
from shared.text import LANGUAGES, Text


class FormulaUnknown(Refusal):
    code, status = "formula_unknown", 422
    text = Text(
        ar="لا توجد صيغة منشورة بهذه النسخة. المقبول: {versions}.",
        fr="Aucune formule publiée ne porte cette version. Accepté : {versions}.",
        en="No published formula has this version. Accepted: {versions}.",
    )


class ScoreInputsMissing(Refusal):
    """Unknown is not "no": what is missing is named, in the words of each language."""

    code, status = "score_inputs_missing", 422
    text = Text(
        ar="لا تُحسب الدرجة لأن السجل لا يعرف: {inputs}. المقبول: أجوبة كاملة، أو تصحيح يضيفها.",
        fr="Le score ne se calcule pas, car le registre ignore : {inputs}. Accepté : un questionnaire complet, ou une correction qui les apporte.",
        en="The score cannot be computed because the registry does not know: {inputs}. Accepted: complete answers, or a correction that adds them.",
    )

    def __init__(self, labels: Sequence[Text]) -> None:
        super().__init__(pointer="/formula_version")
        named = {one: ", ".join(label.in_(one) for label in labels) for one in LANGUAGES}
        self.detail = Text(*(self.text.in_(one).format(inputs=named[one]) for one in LANGUAGES))


class UnknownArea(Refusal):
    code, status = "unknown_area", 422
    text = Text(
        ar="لا يوجد مكان بالرمز {place}. المقبول: رمز ولاية أو مقاطعة أو بلدية من ‎/v1/places.",
        fr="Aucun lieu ne porte le code {place}. Accepté : le code d'une wilaya, moughataa ou commune de /v1/places.",
        en="No place has the code {place}. Accepted: the code of a wilaya, moughataa or commune of /v1/places.",
    )


class ScoringEnded(Refusal):
    code, status = "scoring_ended", 409
    text = Text(
        ar="انتهت إعادة الحساب هذه (الحالة: {status})؛ لا شيء يُلغى.",
        fr="Ce recalcul est terminé (statut : {status}) ; il n'y a rien à annuler.",
        en="This scoring has ended (status: {status}); there is nothing to cancel.",
    )
