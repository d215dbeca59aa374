"""From the place names a clerk wrote to codes: parent first, then folded names in either script."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz import fuzz

from shared.sounds import sound_similarity
from shared.spelling import fold, is_arabic, sounds_of

Kind = Literal["wilaya", "moughataa", "commune"]

# Alike enough to be a misspelling; two places closer than the margin are not told apart by it.
SPELLED_ALIKE, SPELLED_MARGIN = 0.80, 0.05
SOUNDS_ALIKE, SOUNDS_MARGIN = 0.68, 0.06
# A list repeats its places on every row; a country has a few thousand ways to write them.
REMEMBERED = 65_536

_ARTICLES = ("el", "al", "ech", "le", "la", "les")
_TITLES = frozenset({"commune", "moughataa", "wilaya", "region", "departement", "بلدية", "مقاطعة", "ولاية"})


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


@dataclass(frozen=True, slots=True)
class _Spelling:
    key: str
    sounds: str
    arabic: bool


@lru_cache(maxsize=REMEMBERED)
def _spelling(text: str) -> _Spelling:
    words = [w for w in fold(text).split() if w not in _TITLES] or fold(text).split()
    kept = [w for w in words if w not in _ARTICLES] or words
    plain = [w.replace("ة", "ه").replace("ى", "ي") for w in kept]
    key = "".join(w[2:] if w.startswith("ال") and len(w) > 4 else w for w in plain)
    return _Spelling(key, "".join(map(sounds_of, kept)), is_arabic(text))


class PlaceIndex:
    """Every place of the country, for `resolve`. Immutable once built."""

    def __init__(self, rows: Iterable[PlaceRow]) -> None:
        self._spellings: dict[str, tuple[_Spelling, ...]] = {}
        self._parent: dict[str, str] = {}
        self._codes: dict[Kind, list[str]] = {"wilaya": [], "moughataa": [], "commune": []}
        for row in rows:
            self._spellings[row.code] = tuple(dict.fromkeys(_spelling(name) for name in row.names if name.strip()))
            self._codes[row.kind].append(row.code)
            if row.parent_code is not None:
                self._parent[row.code] = row.parent_code
        self._remembered: Callable[[str, str, str], ResolvedPlace] = lru_cache(REMEMBERED)(self._resolve)

    def resolve(
        self, wilaya: str | None = None, moughataa: str | None = None, commune: str | None = None
    ) -> ResolvedPlace:
        """The place written so, as deep as it can be told without guessing. Codes are accepted for names.

        A moughataa is looked for in the wilaya, a commune in the moughataa, then in the wilaya (the six
        moughataas of 2021 took communes from older ones); a name that exists once in the country is believed
        over its parent.
        """
        return self._remembered((wilaya or "").strip(), (moughataa or "").strip(), (commune or "").strip())

    def _resolve(self, wilaya: str, moughataa: str, commune: str) -> ResolvedPlace:
        w = self._find(wilaya, self._codes["wilaya"])
        m = None
        if w is not None:
            m = self._find(moughataa, self._within("moughataa", w))
        m = m or self._only_exact(moughataa, self._codes["moughataa"])
        if m is None and w is None:
            m = self._find(moughataa, self._codes["moughataa"])
        w = self._parent.get(m, w) if m else w
        c = self._find_commune(commune, w, m)
        if c is not None:
            m = self._parent.get(c, m)
            w = self._parent.get(m, w) if m else w
        return ResolvedPlace(w, m, c)

    def _find_commune(self, text: str, wilaya: str | None, moughataa: str | None) -> str | None:
        if not text:
            return None
        if moughataa is not None:
            found = self._find(text, self._within("commune", moughataa))
            if found is not None:
                return found
        if wilaya is not None:
            near = [c for c in self._codes["commune"] if self._parent.get(self._parent[c]) == wilaya]
            # Inside a named moughataa only an exact name may correct it.
            return self._only_exact(text, near) if moughataa else self._find(text, near)
        return self._only_exact(text, self._codes["commune"])

    def _within(self, kind: Kind, parent: str) -> list[str]:
        return [code for code in self._codes[kind] if self._parent.get(code) == parent]

    def _only_exact(self, text: str, codes: Sequence[str]) -> str | None:
        if not text:
            return None
        key = _spelling(text).key
        found = [c for c in codes if c == text.upper() or any(s.key == key for s in self._spellings[c])]
        return found[0] if len(found) == 1 else None

    def _find(self, text: str, codes: Sequence[str]) -> str | None:
        """The one place among `codes` so written, spelled or pronounced; None when two are too close."""
        if not text:
            return None
        asked = _spelling(text)
        return (
            self._only_exact(text, codes)
            or self._best(asked, codes, _spelled_alike, SPELLED_ALIKE, SPELLED_MARGIN)
            or self._best(asked, codes, _sound_alike, SOUNDS_ALIKE, SOUNDS_MARGIN)
        )

    def _best(
        self,
        asked: _Spelling,
        codes: Sequence[str],
        alike: Callable[[_Spelling, _Spelling], float],
        least: float,
        margin: float,
    ) -> str | None:
        # By falling likeness, then code: the answer never depends on the order of the rows.
        ranked = sorted(
            ((max((alike(asked, s) for s in self._spellings[c]), default=0.0), c) for c in codes),
            key=lambda pair: (-pair[0], pair[1]),
        )
        if not ranked or ranked[0][0] < least:
            return None
        if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < margin:
            return None
        return ranked[0][1]


def _spelled_alike(a: _Spelling, b: _Spelling) -> float:
    return fuzz.ratio(a.key, b.key) / 100 if a.arabic == b.arabic else 0.0


def _sound_alike(a: _Spelling, b: _Spelling) -> float:
    return sound_similarity(a.sounds, b.sounds, a.arabic, b.arabic)
