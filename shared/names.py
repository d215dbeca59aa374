"""Names of people as Mauritania writes them: what is compared, what is only evidence of sex, and how alike
two are.

Ould, Mint, ولد, بنت, El and ال are not part of a name (and Ould and Mint tell the sex); Med and Mhd are
Mohamed; عبد ال with its name is one token. Tokens are compared in order: Mohamed Ould Ahmed is not Ahmed
Ould Mohamed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from shared.sounds import most_similarity, sound_similarity
from shared.spelling import fold, is_arabic, skeleton, sounds_of

__all__ = [
    "Name",
    "Particle",
    "Sex",
    "Token",
    "fold",
    "folded_words",
    "follows_abdou",
    "in_given_order",
    "is_arabic",
    "joined_servants",
    "parse_name",
    "particle_of",
    "similarity",
    "takes_next_in_latin",
    "token_of",
    "token_similarity",
]

Sex = Literal["F", "M"]
Particle = Literal["F", "M", "F unless first", "article"]

_SON = frozenset({"ould", "oul", "oud", "o", "wld", "weld", "wuld", "ouled", "ben", "bin", "ibn", "ولد", "بن", "ابن"})
_DAUGHTER = frozenset({"mint", "minte", "mnt", "mt", "bint", "bent", "بنت", "منت", "ابنة"})
_ARTICLES = frozenset({"el", "al", "ech", "ال"})
_ABBREVIATIONS = {
    **dict.fromkeys(("med", "md", "mhd", "mohd", "moh", "mhmd", "mouhd", "mohmd"), "mohamed"),
    "ahd": "ahmed",
    "م": "محمد",
}
# Clan names come before or after the given name; everything else keeps its order.
_CLAN_NAMES = """
ane ann anne athie atie aw ba bal ball bari baro barri barro barry batchili bathili bathily bousso boussow
buso camara camera cane cham cisse cissey cissokho coita conate coulibali coulibaly daf dafe daff darame de
deh deih dem deme dia diagana diaguana diah diallo diallow dialo diao diaouara diara diarra diaw diawara
dieing dieng diop diope diouf dioufe doucoure drame dukure faal fall fay faye gadio gadjo gajo gandaga
gandega gay gaye gise gnakhate gnang gueye guisse haw ja jagana jallow jalo jara jaw jawara jeng jop juf
kamara kan kane kebbe kebe keli kelly kely koita konate koulibaly lam lame lamme li lih lo loh ly mangan
mangane mbaye mbodj mboj ndiath ndiay ndiaye ndongo ndour niakhate niang njie nyang ouague ouane ow sakho
sakkho sako sal sall salle sao sar sare sarr saw sawo scylla seck secke sek sene senne si sidibe sih silla
sisse sissokho sissoko so soh soumare sow sumare sy sylla tal tall tandia tandja tandjia tarawore thiam
thiao thiaw thioub tiam tiaw timera tioub toure traore ture wad wadd wade wague wan wane yal yall yalle
yatera yattera آتي آن آو اتي افال امباي امبوج ان انجات انجاي اندور اندونغو انيانغ او با باتيلي بارو باري بال
بوسو تال تانجا تراوري تشام توري تيام تياو تيميرا تيوب جا جارا جاغانا جالو جاو جاوارا جلو جوب جوف جينغ داف دة
درامي ده دوكوري ديا ديارا ديالو ديم ديوب سال ساو سك سو سوماري سي سيديبي سيسوكو سيسي سيلا سين صاخو صار صال صو
صي غاجو غانديغا غاي غي غيسي فال فاي كامارا كان كلي كوليبالي كوناتي كويتا كيبي لام لو لي مانغان نياخاتي واد
واغي وان ياتيرا يال چام
"""
_CLANS = frozenset(_CLAN_NAMES.split())
# Past this many tokens a "name" is a sentence typed into the wrong column.
MAX_TOKENS = 8
# Past this many characters what stands between two spaces is no word.
MAX_WRITTEN = 200
# Past this many sounds a word is no name: the longest names have sixteen.
MAX_SOUNDS = 22
ARABIC_SERVANT = "عبد"
"""What comes next belongs to it."""
ABDOU = "abdou"

_GLUED_COMPOUND = re.compile(r"^(محمد|احمد|سيدي)(?=ال..)")
_LATIN_SERVANT_WORD = re.compile(r"^abd(?:[aeiu]|ou)?l?$")
# Abdou is a name of its own, but Abdou Rahmane is Abderrahmane: these follow it as names of God.
_AFTER_ABDOU = re.compile(
    r"^(?:ra(?:h?mane?|h?ime?|chide?|oufe?|z+a[kq])|salame?|samade?|kha?dre?|[kq]ader|karime?|azize?|latife?|waha+be?)$"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One part of a name: its folded text, its sounds (see `spelling`) and which script wrote it."""

    text: str
    sounds: str
    arabic: bool
    clan: bool = False

    @property
    def skeleton(self) -> str:
        return skeleton(self.sounds)


@dataclass(frozen=True, slots=True)
class Name:
    """A parsed name: tokens in the order written, and the sex that Ould or Mint told (None without one)."""

    tokens: tuple[Token, ...]
    sex_hint: Sex | None = None

    @property
    def patronymics(self) -> tuple["Name", ...]:
        """Where the father's name may begin after a given name of one part, of two (Ahmed Baba), of three."""
        return tuple(Name(self.tokens[at:]) for at in range(1, min(len(self.tokens), 4)))


def _words(text: str) -> list[str]:
    return [word for written in text.split() for word in folded_words(written[:MAX_WRITTEN])]


@lru_cache(maxsize=131_072)
def folded_words(written: str) -> tuple[str, ...]:
    """What one word as it was written comes to: mostly one word. Names are made of few words, so this is cached."""
    words = [part for word in fold(written[:MAX_WRITTEN]).split() for part in _GLUED_COMPOUND.sub(r"\1 ", word).split()]
    return tuple(_ABBREVIATIONS.get(word, word) for word in words if not word.isdigit())


def joined_servants(words: list[str]) -> list[str]:
    """عبد + الله, Abdel + Kader, Abd + El + Kader: one word each."""
    out: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        rest = at + 1
        if word == ARABIC_SERVANT and rest < len(words):
            out.append(word + words[rest])
            at += 2
        elif rest < len(words) and (takes_next_in_latin(word) or (word == ABDOU and follows_abdou(words[rest]))):
            if words[rest] in _ARTICLES and rest + 1 < len(words):
                rest += 1
            following = words[rest].removeprefix("el") if len(words[rest]) > 4 else words[rest]
            out.append(word + following if word.endswith("l") else "abdel" + following)
            at = rest + 1
        else:
            out.append(word)
            at += 1
    return out


@lru_cache(maxsize=131_072)
def token_of(word: str) -> Token:
    """The token that one folded word is; without sounds when it holds no letter that is heard."""
    return Token(word, sounds_of(word)[:MAX_SOUNDS], is_arabic(word), word.replace("ى", "ي") in _CLANS)


def particle_of(word: str) -> Particle | None:
    """What a folded word is that is no part of a name: "M" and "F" tell the sex, M/ does where it is not the first."""
    if word in _SON:
        return "M"
    if word in _DAUGHTER:
        return "F"
    if word == "m":
        return "F unless first"
    return "article" if word in _ARTICLES else None


def takes_next_in_latin(word: str) -> bool:
    """Abdel, Abd: what comes next belongs to it, past an article."""
    return word != ABDOU and _LATIN_SERVANT_WORD.match(word) is not None


def follows_abdou(word: str) -> bool:
    """Rahmane, Salam: after Abdou it belongs to it."""
    return _AFTER_ABDOU.match(word) is not None


@lru_cache(maxsize=65_536)
def parse_name(text: str) -> Name:
    """The name in `text`, in either script; an empty name when it holds no letter. Never fails."""
    tokens: list[Token] = []
    sex: Sex | None = None
    for at, word in enumerate(joined_servants(_words(text))):
        particle = particle_of(word)
        if particle == "M":
            # The first particle is the person's own; a later one is the father's or grandfather's.
            sex = sex or "M"
        elif particle == "F" or (particle == "F unless first" and at > 0):
            sex = sex or "F"
        elif particle != "article":
            token = token_of(word)
            if token.sounds:
                tokens.append(token)
    return Name(tuple(tokens[:MAX_TOKENS]), sex)


def token_similarity(a: Token, b: Token) -> float:
    """0..1 for two tokens, see `sounds.sound_similarity`."""
    return sound_similarity(a.sounds, b.sounds, a.arabic, b.arabic)


WORST = 0.65  # share of the least alike pair in the score of two names; the mean of all pairs has the rest
GLUED = 0.02  # Sid Ahmed = Sidahmed: one token facing two
ABSENT_LAST = 0.06  # the grandfather's name not given
ABSENT_MIDDLE = 0.14  # Mohamed Lemine Ould Ahmed, Mohamed Ould Ahmed
ABSENT_FIRST = 0.35
ONLY_GIVEN_NAME = 0.2  # when only one token faced one, the given name alone says little
SURE = 0.85  # tokens facing one another at least this alike need no other alignment

_Tokens = tuple[Token, ...]


def _straight(a: _Tokens, b: _Tokens) -> float:
    """Both names have as many tokens: each faces its own."""
    return _score([sound_similarity(x.sounds, y.sounds, x.arabic, y.arabic) for x, y in zip(a, b, strict=True)])


def _straight_at_most(a: _Tokens, b: _Tokens) -> float:
    return _score([most_similarity(x.sounds, y.sounds) for x, y in zip(a, b, strict=True)])


def _score(values: list[float]) -> float:
    return WORST * min(values) + (1 - WORST) * sum(values) / len(values)


def _glued(tokens: _Tokens, at: int) -> str:
    return tokens[at].sounds + tokens[at + 1].sounds.removeprefix("v")


def _aligned(a: _Tokens, b: _Tokens, least: float) -> float:
    """The best alignment in order, where only the longer name may have tokens that face nothing; 0 below `least`."""
    best = bar = max(0.0, least - 1e-12)
    # (next of a, next of b, pairs, worst, total, penalty): at most a few dozen states for names of up to four
    # tokens.
    open_states: list[tuple[int, int, int, float, float, float]] = [(0, 0, 0, 1.0, 0.0, 0.0)]
    while open_states:
        i, j, pairs, worst, total, penalty = open_states.pop()
        left_a, left_b = len(a) - i, len(b) - j
        most_pairs = pairs + min(left_a, left_b)
        # What this state can still come to: everything left is the same. Both bounds below are of the same kind.
        mean = (total + most_pairs - pairs) / most_pairs if most_pairs else 0.0
        if WORST * worst + (1 - WORST) * mean - penalty <= best:
            continue
        if not left_a or not left_b:
            if pairs:
                absent = (left_a + left_b) * ABSENT_LAST
                alone = ONLY_GIVEN_NAME if pairs == 1 and absent and not penalty else 0.0
                best = max(best, WORST * worst + (1 - WORST) * total / pairs - penalty - absent - alone)
            continue
        skipped = penalty + (ABSENT_MIDDLE if pairs else ABSENT_FIRST)
        if left_a > left_b:
            open_states.append((i + 1, j, pairs, worst, total, skipped))
        if left_b > left_a:
            open_states.append((i, j + 1, pairs, worst, total, skipped))
        for x, y, next_i, next_j, cost in _facing(a, b, i, j, penalty):
            # Glued tokens are mostly another name than the one they face, and are known for it by their consonants.
            most = most_similarity(x, y)
            if WORST * min(worst, most) + (1 - WORST) * (mean - (1.0 - most) / most_pairs) - cost > best:
                value = sound_similarity(x, y, a[i].arabic, b[j].arabic)
                open_states.append((next_i, next_j, pairs + 1, min(worst, value), total + value, cost))
    return best if best > bar else 0.0


def _facing(a: _Tokens, b: _Tokens, i: int, j: int, penalty: float) -> Iterator[tuple[str, str, int, int, float]]:
    """What may face what next: two glued tokens one, and, to be looked at first by who takes the last, one another."""
    if len(a) - i > 1:
        yield _glued(a, i), b[j].sounds, i + 2, j + 1, penalty + GLUED
    if len(b) - j > 1:
        yield a[i].sounds, _glued(b, j), i + 1, j + 2, penalty + GLUED
    yield a[i].sounds, b[j].sounds, i + 1, j + 1, penalty


def _in_order(a: _Tokens, b: _Tokens, least: float) -> float:
    if len(a) == len(b):
        most = _straight_at_most(a, b) if len(a) > 2 else 1.0
        straight = _straight(a, b) if most >= min(least, SURE) else most
        if straight >= SURE or (len(a) == 1) or (len(a) == 2 and straight < 0.3):
            return straight
    return _aligned(a, b, least)


def in_given_order(name: Name) -> Name:
    """The same name with a clan name that stood first put last: what blocking keys are made of."""
    return Name(_clan_last(name.tokens) or name.tokens, name.sex_hint)


def _clan_last(tokens: _Tokens) -> _Tokens | None:
    return (*tokens[1:], tokens[0]) if len(tokens) > 1 and tokens[0].clan else None


def similarity(a: Name, b: Name, least: float = 0.0) -> float:
    """0..1 for two names in any scripts; symmetric. 0 when either is empty: an absent name is not evidence.

    Below `least` it may be anything below: whoever needs to know no more spares most of the time.

    The worst pair of tokens counts most; an absent last token (the grandfather) costs little; a clan name
    may stand first in one and last in the other.
    """
    if not a.tokens or not b.tokens:
        return 0.0
    if a.tokens == b.tokens:
        return 1.0
    score = _in_order(a.tokens, b.tokens, least)
    if score < SURE:
        turned_a, turned_b = _clan_last(a.tokens), _clan_last(b.tokens)
        if turned_a:
            score = max(score, _in_order(turned_a, b.tokens, least))
        if turned_b:
            score = max(score, _in_order(a.tokens, turned_b, least))
        if turned_a and turned_b:
            score = max(score, _in_order(turned_a, turned_b, least))
    return score
