"""What is refused of hand-overs that the life of a household proposes."""

from shared.errors import Refusal
from shared.text import Text


class LifeProposalDecided(Refusal):
    code, status = "life_proposal_decided", 409
    text = Text(
        ar="هذا الاقتراح تم البت فيه. المقبول: اقتراح مفتوح.",
        fr="Cette proposition est décidée. Accepté : une proposition ouverte.",
        en="This proposal is decided. Accepted: one that is open.",
    )


class LifeProposalOutdated(Refusal):
    code, status = "life_proposal_outdated", 409
    text = Text(
        ar="لم تعد الأسرة بحاجة إلى هذه الإحالة: هي في البرنامج المقترح، أو أُحيلت إليه، أو لم يعد معروفا من هي. المقبول: رفض الاقتراح"
        " (decline).",
        fr="Le ménage n'a plus besoin de ce renvoi : il est dans le programme proposé, y est déjà orienté, ou n'est plus identifié."
        " Accepté : décliner la proposition (decline).",
        en="The household no longer needs this referral: it is in the program proposed, is referred there already, or is not surely"
        " known any more. Accepted: decline the proposal.",
    )
