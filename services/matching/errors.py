"""What matching refuses."""

from shared.errors import Refusal
from shared.text import Text


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
