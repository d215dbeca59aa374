"""From the place names a clerk wrote to codes: parent first, then folded names in either script."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, get_args

from rapidfuzz import fuzz

from shared.sounds import sound_similarity
from shared.spelling import fold, is_arabic, sounds_of

Kind = Literal["wilaya", "moughataa", "commune", "village"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""From the largest to the smallest: each lies in one of the kind before it."""

How = Literal["code", "exact", "only_one", "spelling", "sound", "below"]
"""How a place was told: its code; its name; its name, which only one place has; a misspelling; a like sound; or the
place found below it, whatever was written for it."""

# Alike enough to be a misspelling; two places closer than the margin are not told apart by it.
SPELLED_ALIKE, SPELLED_MARGIN = 0.80, 0.05
SOUNDS_ALIKE, SOUNDS_MARGIN = 0.68, 0.06
# A list repeats its places on every row; a country has a few thousand ways to write them.
REMEMBERED = 65_536
# What is offered where nothing can be told: few enough to choose from, like enough to be meant.
MOST_CANDIDATES, LEAST_ALIKE = 5, 0.4
# Beyond that only names written exactly so are offered: villages of a whole wilaya are not compared one by one.
MOST_COMPARED = 1_000

_ARTICLES = ("el", "al", "ech", "le", "la", "les")
_TITLES = frozenset({"commune", "moughataa", "wilaya", "region", "departement", "بلدية", "مقاطعة", "ولاية"})
_VILLAGE_TITLES = frozenset({"village", "localite", "قرية", "القرية"})


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place: its code, its parent's code (None for a wilaya) and every name it goes by, in either
    script.
    """

    code: str
    kind: Kind
    parent_code: str | None
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class ResolvedPlace:
    """Codes as deep as the text told; the levels above a found one are always filled."""

    wilaya_code: str | None = None
    moughataa_code: str | None = None
    commune_code: str | None = None
    village_code: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A place told by what was written for it; `score` says how alike, 0 to 1."""

    code: str
    how: How
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may have been meant."""

    code: str
    score: float


@dataclass(frozen=True, slots=True)
class Level:
    """What became of one level of a place: what was written, the place, or those that may have been meant."""

    kind: Kind
    written: str
    found: Found | None
    overruled: str | None = None
    """What was written names this place, but the place found below lies in another one."""
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class _Spelling:
    key: str
    sounds: str
    arabic: bool


@dataclass(slots=True)
class _Told:
    """What has been told so far: places by what was written for them, and codes with those above filled in."""

    own: dict[Kind, Found] = field(default_factory=dict)
    codes: dict[Kind, str] = field(default_factory=dict)


@lru_cache(maxsize=REMEMBERED)
def _spelling(text: str) -> _Spelling:
    words = [w for w in fold(text).split() if w not in _TITLES] or fold(text).split()
    kept = [w for w in words if w not in _ARTICLES] or words
    plain = [w.replace("ة", "ه").replace("ى", "ي") for w in kept]
    key = "".join(w[2:] if w.startswith("ال") and len(w) > 4 else w for w in plain)
    return _Spelling(key, "".join(map(sounds_of, kept)), is_arabic(text))


def place_key(name: str) -> str:
    """What two spellings of a place's name have in common when they differ in nothing but case, accents, articles and
    letter forms.
    """
    return _spelling(name).key


class PlaceIndex:
    """Every place of the country, for `resolve`. Immutable once built."""

    def __init__(self, rows: Iterable[PlaceRow]) -> None:
        rows = list(rows)
        self._parent: Mapping[str, str] = {one.code: one.parent_code for one in rows if one.parent_code is not None}
        self._kind: Mapping[str, Kind] = {one.code: one.kind for one in rows}
        self._spellings: dict[str, tuple[_Spelling, ...]] = {}
        self._within: dict[tuple[Kind, str | None], list[str]] = defaultdict(list)
        """Places of a kind in any place above them; in the country under None."""
        self._by_key: dict[tuple[Kind, str], list[str]] = defaultdict(list)
        for row in rows:
            names = [_untitled(name) if row.kind == "village" else name for name in row.names if name.strip()]
            self._spellings[row.code] = tuple(dict.fromkeys(map(_spelling, names)))
            for key in {one.key for one in self._spellings[row.code]}:
                self._by_key[row.kind, key].append(row.code)
            for above in (*self._above(row.code), None):
                self._within[row.kind, above].append(row.code)
        self._remembered: Callable[[str, str, str, str], _Told] = lru_cache(REMEMBERED)(self._tell)

    def resolve(
        self,
        wilaya: str | None = None,
        moughataa: str | None = None,
        commune: str | None = None,
        village: str | None = None,
    ) -> ResolvedPlace:
        """The place written so, as deep as it can be told without guessing. Codes are accepted for names.

        A moughataa is looked for in the wilaya, a commune in the moughataa, then in the wilaya (the six
        moughataas of 2021 took communes from older ones), a village in the commune; a name that exists once in the
        country is believed over its parent, but for villages, whose names repeat.
        """
        codes = self._remembered(*_written(wilaya, moughataa, commune, village)).codes
        return ResolvedPlace(*map(codes.get, KINDS))

    def explain(
        self,
        wilaya: str | None = None,
        moughataa: str | None = None,
        commune: str | None = None,
        village: str | None = None,
    ) -> list[Level]:
        """What `resolve` told and how, level by level, with those that may have been meant where it told nothing."""
        written = dict(zip(KINDS, _written(wilaya, moughataa, commune, village), strict=True))
        told = self._remembered(*written.values())
        return [self._level(kind, text, told) for kind, text in written.items() if text or kind in told.codes]

    def _level(self, kind: Kind, text: str, told: _Told) -> Level:
        own, code = told.own.get(kind), told.codes.get(kind)
        if code is None:
            return Level(kind, text, None, candidates=self._candidates(kind, text, told))
        if own is not None and own.code == code:
            return Level(kind, text, own)
        return Level(kind, text, Found(code, "below"), overruled=own.code if own else None)

    def _above(self, code: str) -> list[str]:
        """The places a place lies in, nearest first."""
        found: list[str] = []
        while (parent := self._parent.get(code)) is not None and len(found) < len(KINDS):
            found.append(parent)
            code = parent
        return found

    def _tell(self, wilaya: str, moughataa: str, commune: str, village: str) -> _Told:
        told = _Told()
        self._believe(told, "wilaya", self._find(wilaya, "wilaya", None))
        self._believe(told, "moughataa", self._find_moughataa(moughataa, told.codes.get("wilaya")))
        w, m = told.codes.get("wilaya"), told.codes.get("moughataa")
        self._believe(told, "commune", self._find_commune(commune, w, m))
        self._believe(told, "village", self._find_village(village, told))
        return told

    def _believe(self, told: _Told, kind: Kind, found: Found | None) -> None:
        if found is None:
            return
        told.own[kind] = found
        for code in (found.code, *self._above(found.code)):
            told.codes[self._kind[code]] = code

    def _find_moughataa(self, text: str, wilaya: str | None) -> Found | None:
        found = self._find(text, "moughataa", wilaya) if wilaya is not None else None
        found = found or self._only_one(text, "moughataa", None)
        if found is None and wilaya is None:
            return self._find(text, "moughataa", None)
        return found

    def _find_commune(self, text: str, wilaya: str | None, moughataa: str | None) -> Found | None:
        if moughataa is not None:
            found = self._find(text, "commune", moughataa)
            if found is not None:
                return found
        if wilaya is not None:
            # Inside a named moughataa only an exact name may correct it.
            return self._only_one(text, "commune", wilaya) if moughataa else self._find(text, "commune", wilaya)
        return self._only_one(text, "commune", None)

    def _find_village(self, text: str, told: _Told) -> Found | None:
        if "commune" in told.codes:
            return self._find(text, "village", told.codes["commune"])
        return self._only_one(text, "village", told.codes.get("moughataa") or told.codes.get("wilaya"))

    def _only_one(self, text: str, kind: Kind, above: str | None) -> Found | None:
        found = self._exact(text, kind, above)
        return Found(found.code, "only_one") if found is not None and found.how == "exact" else found

    def _exact(self, text: str, kind: Kind, above: str | None) -> Found | None:
        if not text:
            return None
        found = self._so_named(text, kind, above)
        if len(found) != 1:
            return None
        return Found(found[0], "code" if found[0] == text.upper() else "exact")

    def _so_named(self, text: str, kind: Kind, above: str | None) -> list[str]:
        """The places with this code or name."""
        named = dict.fromkeys(self._by_key.get((kind, place_key(text)), ()))
        if self._kind.get(text.upper()) == kind:
            named[text.upper()] = None
        return [code for code in named if above is None or above in self._above(code)]

    def _find(self, text: str, kind: Kind, above: str | None) -> Found | None:
        """The one place of a kind, within another, so written, spelled or pronounced; None when two are too close."""
        if not text:
            return None
        return (
            self._exact(text, kind, above)
            or self._best(text, kind, above, "spelling", SPELLED_ALIKE, SPELLED_MARGIN)
            or self._best(text, kind, above, "sound", SOUNDS_ALIKE, SOUNDS_MARGIN)
        )

    def _best(self, text: str, kind: Kind, above: str | None, how: How, least: float, margin: float) -> Found | None:
        ranked = self._ranked(
            text, self._within.get((kind, above), ()), _spelled_alike if how == "spelling" else _sound_alike
        )
        if not ranked or ranked[0].score < least:
            return None
        if len(ranked) > 1 and ranked[0].score - ranked[1].score < margin:
            return None
        return Found(ranked[0].code, how, ranked[0].score)

    def _ranked(
        self, text: str, codes: Sequence[str], alike: Callable[[_Spelling, _Spelling], float]
    ) -> list[Candidate]:
        # By falling likeness, then code: the answer never depends on the order of the rows.
        asked = _spelling(text)
        found = (Candidate(c, max((alike(asked, s) for s in self._spellings[c]), default=0.0)) for c in codes)
        return sorted(found, key=lambda one: (-one.score, one.code))

    def _candidates(self, kind: Kind, text: str, told: _Told) -> tuple[Candidate, ...]:
        """The places most like what was written, in the smallest place known around it, and those of that very name
        elsewhere; where there are none, the most alike in the country.
        """
        around = [told.codes[above] for above in reversed(KINDS[: KINDS.index(kind)]) if above in told.codes]
        named = self._so_named(text, kind, None)
        for above in (*around[:1], None):
            pool = self._within.get((kind, above), [])
            compared = pool if len(pool) <= MOST_COMPARED else []
            near = self._ranked(text, list(dict.fromkeys([*compared, *named])), _alike)
            if near and near[0].score >= LEAST_ALIKE:
                return tuple(one for one in near[:MOST_CANDIDATES] if one.score >= LEAST_ALIKE)
        return ()


def _written(
    wilaya: str | None, moughataa: str | None, commune: str | None, village: str | None
) -> tuple[str, str, str, str]:
    return _clean(wilaya), _clean(moughataa), _clean(commune), _untitled(_clean(village))


def _clean(text: str | None) -> str:
    return (text or "").strip()


def _untitled(village: str) -> str:
    title, _, name = village.partition(" ")
    return name.strip() if name.strip() and fold(title) in _VILLAGE_TITLES else village


def _spelled_alike(a: _Spelling, b: _Spelling) -> float:
    return fuzz.ratio(a.key, b.key) / 100 if a.arabic == b.arabic else 0.0


def _sound_alike(a: _Spelling, b: _Spelling) -> float:
    return sound_similarity(a.sounds, b.sounds, a.arabic, b.arabic)


def _alike(a: _Spelling, b: _Spelling) -> float:
    return max(_spelled_alike(a, b), _sound_alike(a, b))
