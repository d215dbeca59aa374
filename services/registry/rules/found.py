"""How well somebody found answers what was asked, why, and how much of a name a caller may see who only checks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from shared.names import Name, is_arabic, parse_name, similarity, token_similarity
from shared.text import Text

LEAST_NAME = 0.6
"""Below that it is another name."""
SAME_NAME, ALIKE_NAME = 0.995, 0.9
SURE_NAME = 0.93
"""Found as well as that, nobody is looked for under other spellings."""
NUMBER, SLIP = 1.0, 0.8
ELSEWHERE = 0.85
YEAR_OFF = 0.02
TURNED, TURNED_LEAST = 0.8, 0.9
"""The same parts in another order: mostly a father of his son's name, so only a name that is alike else counts."""
TYPED_RIGHT = 0.9
"""A word at least this alike was typed as registered, in whichever script."""

REASONS: Mapping[str, Text] = {
    "same_name": Text(ar="الاسم نفسه", fr="même nom", en="the same name"),
    "name_sounds_alike": Text(ar="اسم ينطق مثله", fr="nom de même prononciation", en="a name that sounds alike"),
    "name_is_close": Text(
        ar="اسم قريب: حرف مختلف أو جزء غائب", fr="nom proche : une lettre ou une partie diffère",
        en="a close name: a letter or a part differs",
    ),
    "name_differs": Text(ar="الاسم مختلف", fr="le nom diffère", en="the name differs"),
    "same_number": Text(ar="الرقم نفسه", fr="même numéro", en="the same number"),
    "number_one_slip": Text(
        ar="رقم يختلف بخطأ واحد في الكتابة", fr="numéro à une faute de frappe près", en="a number one slip away"
    ),
    "in_place": Text(ar="يسكن في المكان المذكور", fr="habite le lieu indiqué", en="lives in the place given"),
    "elsewhere": Text(ar="يسكن في مكان آخر", fr="habite ailleurs", en="lives elsewhere"),
    "same_birth_year": Text(ar="سنة الميلاد نفسها", fr="même année de naissance", en="the same birth year"),
    "near_birth_year": Text(ar="سنة ميلاد قريبة", fr="année de naissance proche", en="a near birth year"),
}  # fmt: skip

NARROW = Text(
    ar="توجد نتائج أخرى. أضيفوا اسم الأب أو المكان أو سنة الميلاد لتضييق البحث.",
    fr="Il y en a d'autres. Ajoutez le nom du père, le lieu ou l'année de naissance pour préciser.",
    en="There are others. Add the father's name, the place or the birth year to narrow the search.",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was found: the field that was asked, and how what is held compares (a key of REASONS)."""

    field: str
    how: str


@dataclass(frozen=True, slots=True)
class Judged:
    score: float
    reasons: tuple[Reason, ...]


def name_likeness(asked: Name, registered: Iterable[str | None], least: float = LEAST_NAME) -> float:
    """How alike a name is to the most alike of the names somebody is registered under. Below `least` anything below."""
    arabic = bool(asked.tokens) and asked.tokens[0].arabic
    # The name in the script that was asked is mostly the more alike: then the other is not even read.
    own_script_first = sorted(filter(None, registered), key=lambda text: is_arabic(text) != arabic)
    return _best(asked, map(parse_name, own_script_first), least)


def turned_likeness(asked: Name, registered: Iterable[str | None]) -> float:
    """The same where the last part was put first, or the first last."""
    first, *others = asked.tokens
    *before, last = asked.tokens
    names = [parse_name(text) for text in registered if text]
    return TURNED * max(_best(Name(tokens), names, TURNED_LEAST) for tokens in ((*others, first), (last, *before)))


def _best(asked: Name, names: Iterable[Name], least: float) -> float:
    best = 0.0
    for name in names:
        if best < SAME_NAME:
            best = max(best, similarity(asked, name, max(best, least)))
    return best


def judge(
    *,
    number: Reason | None = None,
    name: float | None = None,
    in_place: bool | None = None,
    years_off: int | None = None,
) -> Judged:
    """The score and the reasons of one find; None for what was not asked."""
    score, reasons = 1.0, []
    if number is not None:
        score = NUMBER if number.how == "same_number" else SLIP
        reasons.append(number)
    if name is not None:
        score = name if number is None else (score + name) / 2
        reasons.append(Reason("name", _how_alike(name)))
    if in_place is not None:
        score *= 1.0 if in_place else ELSEWHERE
        reasons.append(Reason("place", "in_place" if in_place else "elsewhere"))
    if years_off is not None:
        score -= YEAR_OFF * min(years_off, 10)
        reasons.append(Reason("birth_year", "near_birth_year" if years_off else "same_birth_year"))
    return Judged(round(max(score, 0.0), 3), tuple(reasons))


def _how_alike(name: float) -> str:
    if name >= SAME_NAME:
        return "same_name"
    if name >= ALIKE_NAME:
        return "name_sounds_alike"
    return "name_is_close" if name >= LEAST_NAME else "name_differs"


def masked(registered: str | None, typed: Name) -> str | None:
    """A registered name of which only those words are readable that the caller typed; of the others the first letter."""
    if registered is None:
        return None
    knows: Callable[[str], bool] = lambda word: any(  # noqa: E731
        token_similarity(token, own) >= TYPED_RIGHT for own in parse_name(word).tokens for token in typed.tokens
    )
    return " ".join(word if knows(word) else f"{word[0]}…" for word in registered.split())
