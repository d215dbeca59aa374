"""What the registry's news ask of an institution: which enrollments a person must look at, and what may be decided.

Nothing stops by itself. A hold only keeps back what falls due, until somebody has decided.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from shared.text import Text


class ReviewKind(StrEnum):
    """`death` of who receives or heads the household; `merged`: two enrollments of one household (or person) in one
    program; `moved` out of the program's places; `left_registry`; `split`: part of the household lives on its own."""

    DEATH = "death"
    MERGED = "merged"
    MOVED = "moved"
    LEFT_REGISTRY = "left_registry"
    SPLIT = "split"


MEMBERS = "members"
"""In the details of an open review: who remains of the household, by relationship, sex and age."""


class ReviewDecision(StrEnum):
    """`succession`: another member receives from now on. `keep`: all stays as it is, and a hold ends."""

    SUCCESSION = "succession"
    KEEP = "keep"
    SUSPEND = "suspend"
    EXIT = "exit"


LIFTED = "lifted"
"""What stands in place of a decision where the registry itself has taken back what was to be decided on."""

_ALWAYS = (ReviewDecision.KEEP, ReviewDecision.SUSPEND, ReviewDecision.EXIT)
DECISIONS: Mapping[ReviewKind, tuple[ReviewDecision, ...]] = {
    ReviewKind.DEATH: (ReviewDecision.SUCCESSION, *_ALWAYS),
    ReviewKind.MERGED: _ALWAYS,
    ReviewKind.MOVED: _ALWAYS,
    ReviewKind.LEFT_REGISTRY: _ALWAYS,
    ReviewKind.SPLIT: _ALWAYS,
}

NOBODY_THERE = frozenset({"dissolved", "found_not_to_exist", "last_member_gone"})
"""Reasons for leaving the registry after which there is no household to hand anything to."""


def hold_of(kind: ReviewKind, details: Mapping[str, Any]) -> str | None:
    """Why what falls due is held while a review is open; None where it goes on being handed over.

    A death: whoever received cannot. A merge: the household goes on receiving under its older enrollment. A household
    that moved, split, or left the registry while it exists receives on: the program's own rules are asked, by a person.
    """
    if kind is ReviewKind.DEATH:
        return "deceased"
    if kind is ReviewKind.MERGED or (kind is ReviewKind.LEFT_REGISTRY and details.get("reason") in NOBODY_THERE):
        return "under_review"
    return None


STRONGEST_FIRST = ("deceased", "under_review")


def strongest(holds: set[str]) -> str | None:
    return next((one for one in STRONGEST_FIRST if one in holds), None)


REASONS: Mapping[ReviewKind, tuple[str, str]] = {
    ReviewKind.DEATH: ("deceased", "deceased"),
    ReviewKind.MERGED: ("duplicate", "duplicate"),
    ReviewKind.MOVED: ("moved", "moved"),
    ReviewKind.LEFT_REGISTRY: ("to_verify", "not_eligible"),
    ReviewKind.SPLIT: ("to_verify", "not_eligible"),
}
"""With which reason an enrollment is suspended, or exits, by the kind of the review that led to it."""

RELATIONSHIPS: Mapping[str, Mapping[str, Text]] = {
    "head": {
        "F": Text(ar="ربة الأسرة", fr="cheffe du ménage", en="head of the household (a woman)"),
        "M": Text(ar="رب الأسرة", fr="chef du ménage", en="head of the household (a man)"),
    },
    "spouse": {"F": Text(ar="زوجة", fr="épouse", en="wife"), "M": Text(ar="زوج", fr="époux", en="husband")},
    "child": {"F": Text(ar="بنت", fr="fille", en="daughter"), "M": Text(ar="ابن", fr="fils", en="son")},
    "parent": {"F": Text(ar="أم", fr="mère", en="mother"), "M": Text(ar="أب", fr="père", en="father")},
    "sibling": {"F": Text(ar="أخت", fr="sœur", en="sister"), "M": Text(ar="أخ", fr="frère", en="brother")},
    "grandchild": {
        "F": Text(ar="حفيدة", fr="petite-fille", en="granddaughter"),
        "M": Text(ar="حفيد", fr="petit-fils", en="grandson"),
    },
}
OTHER_MEMBERS: Mapping[str, Text] = {
    "F": Text(ar="امرأة أخرى من الأسرة", fr="autre femme du ménage", en="another woman of the household"),
    "M": Text(ar="رجل آخر من الأسرة", fr="autre homme du ménage", en="another man of the household"),
}
WITH_AGE = Text(ar="{who}، العمر {age}", fr="{who}, {age} an(s)", en="{who}, aged {age}")


def described(relationship: str, sex: str, age: int) -> Text:
    """A member in words: "wife, aged 34". The relationship is to the head at the time of the death."""
    who = RELATIONSHIPS.get(relationship, OTHER_MEMBERS)[sex]
    return Text(
        ar=WITH_AGE.ar.format(who=who.ar, age=age),
        fr=WITH_AGE.fr.format(who=who.fr, age=age),
        en=WITH_AGE.en.format(who=who.en, age=age),
    )


EXPLAINED: Mapping[ReviewKind, Text] = {
    ReviewKind.DEATH: Text(
        ar="يقول السجل إن مستلم الإعانة أو رب الأسرة توفي. ما يُستحق محجوز ولم يتوقف؛ اختاروا خلفا من أفراد الأسرة أو قرروا غير ذلك.",
        fr="Le registre dit que la personne qui reçoit, ou le chef du ménage, est décédée. Ce qui est dû est retenu, non arrêté :"
        " choisissez un successeur dans le ménage, ou décidez autrement.",
        en="The registry says that who receives, or the head of the household, has died. What falls due is held, not stopped:"
        " choose a successor in the household, or decide otherwise.",
    ),
    ReviewKind.MERGED: Text(
        ar="وجد السجل أن تسجيلين في هذا البرنامج لأسرة واحدة أو شخص واحد. التسجيل الأقدم مستمر، وما يُستحق لهذا التسجيل محجوز.",
        fr="Le registre a trouvé que deux inscriptions du programme sont d'un seul ménage ou d'une seule personne. La plus ancienne"
        " continue ; ce qui est dû à celle-ci est retenu.",
        en="The registry found two enrollments of this program to be of one household or person. The older one goes on; what falls"
        " due to this one is held.",
    ),
    ReviewKind.MOVED: Text(
        ar="انتقلت الأسرة إلى ولاية لا يشملها البرنامج. يستمر الصرف إلى أن يُتخذ قرار.",
        fr="Le ménage a déménagé dans une wilaya que le programme ne couvre pas. Les versements continuent jusqu'à décision.",
        en="The household has moved to a wilaya that the program does not cover. It goes on receiving until somebody decides.",
    ),
    ReviewKind.LEFT_REGISTRY: Text(
        ar="خرجت الأسرة من السجل. لا يعني ذلك خروجها من البرنامج: القرار لكم.",
        fr="Le ménage est sorti du registre. Cela ne le fait pas sortir du programme : la décision vous revient.",
        en="The household has left the registry. That does not make it leave the program: you decide.",
    ),
    ReviewKind.SPLIT: Text(
        ar="صار جزء من الأسرة أسرة مستقلة. يستمر الصرف للمستلم نفسه؛ قرروا لمن يبقى التسجيل.",
        fr="Une partie du ménage forme désormais un ménage à part. Les versements continuent à la même personne ; décidez à qui"
        " reste l'inscription.",
        en="Part of the household now lives as a household of its own. The same person goes on receiving; decide whose the"
        " enrollment remains.",
    ),
}
