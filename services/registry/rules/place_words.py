"""Why a place was told, or was not, in three languages."""

from collections.abc import Mapping

from shared.place_names import How, Level
from shared.text import Text

REASONS: Mapping[How, Text] = {
    "code": Text(ar="كُتب الرمز نفسه.", fr="Le code lui-même est écrit.", en="The code itself is written."),
    "exact": Text(
        ar="هذا أحد أسماء المكان.", fr="C'est l'un des noms du lieu.", en="This is one of the place's names."
    ),
    "only_one": Text(
        ar="لا يحمل هذا الاسم هنا إلا مكان واحد.",
        fr="Un seul lieu porte ici ce nom.",
        en="Only one place here has this name.",
    ),
    "spelling": Text(
        ar="الاسم مكتوب كتابة قريبة من أحد أسماء المكان.",
        fr="L'orthographe est proche de l'un des noms du lieu.",
        en="The spelling is close to one of the place's names.",
    ),
    "sound": Text(
        ar="الاسم يُنطق نطقا قريبا من أحد أسماء المكان.",
        fr="La prononciation est proche de l'un des noms du lieu.",
        en="It sounds close to one of the place's names.",
    ),
    "below": Text(
        ar="دل عليه المكان الذي وُجد داخله.",
        fr="Déduit du lieu trouvé à l'intérieur.",
        en="Told by the place found inside it.",
    ),
}
OVERRULED = Text(
    ar="كُتب هنا اسم {overruled}، لكن المكان الذي وُجد داخله يقع في {code}. تحققوا من السطر.",
    fr="Ce qui est écrit désigne {overruled}, mais le lieu trouvé à l'intérieur est dans {code}. Vérifiez la ligne.",
    en="What is written names {overruled}, but the place found inside lies in {code}. Check the row.",
)
AMBIGUOUS = Text(
    ar="قد يكون المقصود أحد هذه الأماكن؛ اكتبوا المكان الذي يقع فيه أو رمزه.",
    fr="Plusieurs lieux peuvent être visés ; écrivez le lieu qui le contient, ou son code.",
    en="Several places may be meant; write the place it lies in, or its code.",
)
NO_SUCH_PLACE = Text(
    ar="لا يوجد هنا مكان بهذا الاسم.", fr="Aucun lieu ici ne porte ce nom.", en="No place here has this name."
)


def reason_of(level: Level) -> Text:
    """The sentence for one level of a look-up."""
    if level.found is None:
        return AMBIGUOUS if level.candidates else NO_SUCH_PLACE
    if level.overruled is not None:
        return OVERRULED.format(overruled=level.overruled, code=level.found.code)
    return REASONS[level.found.how]
