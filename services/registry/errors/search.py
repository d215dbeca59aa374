"""What a search is refused for."""

from shared.errors import Refusal
from shared.text import Text


class NothingAsked(Refusal):
    code, status = "nothing_asked", 422
    text = Text(
        ar="لا شيء يُبحث عنه. المقبول: رقم تعريف أو هاتف أو رقم أسرة أو اسم.",
        fr="Rien à chercher. Accepté : un NNI, un téléphone, un numéro de ménage ou un nom.",
        en="Nothing to search for. Accepted: a national id, a phone, a household number or a name.",
    )


class PlaceNotRecognized(Refusal):
    code, status = "place_not_recognized", 422
    text = Text(
        ar="المكان غير معروف. المقبول: رمز أو اسم ولاية أو مقاطعة أو بلدية، مثل «النعمة» أو «باسكنو، الحوض الشرقي».",
        fr="Lieu inconnu. Accepté : le code ou le nom d'une wilaya, moughataa ou commune, comme « Néma » ou « Bassiknou, Hodh Ech Chargui ».",
        en="The place is not known. Accepted: the code or name of a wilaya, moughataa or commune, such as “Néma” or “Bassiknou, Hodh Ech Chargui”.",
    )


class CheckTooBroad(Refusal):
    code, status = "check_too_broad", 422
    text = Text(
        ar="البحث واسع أكثر مما تسمح به صلاحيتكم. المقبول: رقم تعريف أو هاتف أو رقم أسرة كامل، أو اسم من جزأين على الأقل مع المكان.",
        fr="Recherche trop large pour votre droit. Accepté : un NNI, un téléphone ou un numéro de ménage exact, ou un nom d'au moins deux parties avec le lieu.",
        en="The search is broader than you may make. Accepted: an exact national id, phone or household number, or a name of at least two parts with the place.",
    )
