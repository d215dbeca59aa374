"""What is refused of places."""

from shared.errors import Refusal
from shared.text import Text


class UnknownPlace(Refusal):
    code, status = "unknown_place", 422
    text = Text(
        ar="لا يوجد مكان بالرمز «{written}». الأقرب: {nearest}.",
        fr="Aucun lieu ne porte le code « {written} ». Les plus proches : {nearest}.",
        en="No place has the code “{written}”. The nearest: {nearest}.",
    )


class WrongParentKind(Refusal):
    code, status = "wrong_parent_kind", 422
    text = Text(
        ar="المكان {parent} لا يصلح هنا: نوعه {given}، والمقبول مكان من نوع {expected}.",
        fr="Le lieu {parent} ne convient pas : c'est « {given} » ; accepté : un lieu de type « {expected} ».",
        en="The place {parent} does not fit: it is a {given}; accepted: a {expected}.",
    )


class PlaceCycle(Refusal):
    code, status = "place_cycle", 409
    text = Text(
        ar="لا يقع المكان {code} داخل نفسه ولا يخلف نفسه؛ والمكان {other} جزء منه أو هو نفسه.",
        fr="Le lieu {code} ne peut être dans lui-même ni se succéder ; {other} en fait partie ou est lui-même.",
        en="The place {code} can neither lie in itself nor succeed itself; {other} is part of it or is itself.",
    )


class PlaceEndBeforeBeginning(Refusal):
    code, status = "place_end_before_beginning", 422
    text = Text(
        ar="لا ينتهي المكان قبل أن يبدأ: بدايته {valid_from}. المقبول: يوم بعدها.",
        fr="Un lieu ne finit pas avant d'avoir commencé : il existe depuis le {valid_from}. Accepté : un jour postérieur.",
        en="A place does not end before it begins: it exists since {valid_from}. Accepted: a later day.",
    )


class PlaceDayRefused(Refusal):
    code, status = "place_day_refused", 422
    text = Text(
        ar="هذا اليوم غير مقبول؛ المقبول: من {earliest} إلى {latest}. ما تقرر ليوم لاحق يُسجل في يومه.",
        fr="Jour non accepté ; accepté : du {earliest} au {latest}. Ce qui prend effet plus tard s'inscrit à sa date.",
        en="This day is not accepted; accepted: from {earliest} to {latest}. What takes effect later is entered on its day.",
    )


class PlaceExists(Refusal):
    code, status = "place_exists", 409
    text = Text(
        ar="يوجد هناك مكان بهذا الاسم «{name}»: {code}. أضيفوا إليه الكتابة الأخرى بدل إنشاء مكان ثان.",
        fr="Un lieu de ce nom, « {name} », existe déjà là : {code}. Ajoutez-lui l'autre orthographe au lieu d'en créer un second.",
        en="A place of this name, “{name}”, exists there already: {code}. Add the other spelling to it instead.",
    )


class PlaceEnded(Refusal):
    code, status = "place_ended", 409
    text = Text(
        ar="المكان {code} لم يعد قائما منذ {on}. خلفه: {successors}.",
        fr="Le lieu {code} n'existe plus depuis le {on}. Lui ont succédé : {successors}.",
        en="The place {code} is no more since {on}. Its successors: {successors}.",
    )


class PlaceInhabited(Refusal):
    code, status = "place_inhabited", 409
    text = Text(
        ar="تسكن المكان {code} أسر مسجلة ({households}). المقبول: تسمية المكان الذي يخلفه.",
        fr="Des ménages inscrits ({households}) vivent au lieu {code}. Accepté : nommer le lieu qui lui succède.",
        en="Registered households ({households}) live in the place {code}. Accepted: name the place that succeeds it.",
    )


class PlaceHoldsPlaces(Refusal):
    code, status = "place_holds_places", 409
    text = Text(
        ar="في المكان {code} أماكن أخرى ({places}). انقلوها أو أنهوها أولا.",
        fr="Le lieu {code} contient d'autres lieux ({places}). Déplacez-les ou terminez-les d'abord.",
        en="The place {code} holds other places ({places}). Move or end those first.",
    )


class TooManyHouseholds(Refusal):
    code, status = "too_many_households", 409
    text = Text(
        ar="يتطلب هذا نقل {households} أسرة دفعة واحدة؛ المقبول: {limit} على الأكثر. أنهوا القرية وسموا قرية جديدة خلفا لها.",
        fr="Cela déplacerait {households} ménages d'un coup ; accepté : {limit} au plus. Terminez le village et nommez-lui un"
        " successeur.",
        en="This would move {households} households at once; accepted: {limit} at most. End the village and name a successor.",
    )
