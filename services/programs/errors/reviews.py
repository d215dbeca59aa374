"""What is refused about reviews."""

from shared.errors import Refusal
from shared.text import Text


class ReviewDecided(Refusal):
    code, status = "review_decided", 409
    text = Text(
        ar="تقررت هذه المراجعة من قبل: «{decision}». اقرأها من جديد.",
        fr="Cette révision est déjà décidée : « {decision} ». Relisez-la.",
        en="This review is decided already: “{decision}”. Read it again.",
    )


class DecisionNotOffered(Refusal):
    code = "decision_not_offered"
    text = Text(
        ar="لا يُقبل هذا القرار لهذه المراجعة. المقبول: {accepted}.",
        fr="Cette décision ne convient pas à cette révision. Accepté : {accepted}.",
        en="This decision does not suit this review. Accepted: {accepted}.",
    )


class SuccessorWanted(Refusal):
    code = "successor_wanted"
    text = Text(
        ar="الاستخلاف يحتاج إلى بيانات المستفيد الجديد في beneficiary، ولا تُذكر مع قرار آخر.",
        fr="Une succession demande les données du nouveau bénéficiaire dans beneficiary ; elles ne vont avec aucune autre décision.",
        en="A succession needs the facts of the new beneficiary in beneficiary; they go with no other decision.",
    )
