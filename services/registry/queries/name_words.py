"""The words that names are made of, in memory: what a word with a slip in it may have been meant to be."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from time import monotonic

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import NameWord
from services.registry.rules.looks import Crowds
from shared.names import Token
from shared.sounds import most_similarity, sound_similarity
from shared.spelling import is_arabic, skeleton, sounds_of

NEAR_WORDS = 12
"""Near spellings of one word that are looked for."""
COMPARED = 100
"""Sequences of consonants, of the fewest slips, whose spellings are compared by their sounds."""
LEAST_NEAR = 0.55
"""Below that a word is another one."""
LONG_WORD = 5
"""Consonants from which two slips still leave a word to be known."""
SPELLINGS = 8
"""Words kept for each sequence of consonants: they differ in vowels only."""
REFRESH_SECONDS = 30.0
"""What this process itself indexes it takes in at once; this is for what another process did."""
CROWDS = text(
    "SELECT c.reltuples::bigint, s.most_common_elems::text::integer[], s.most_common_elem_freqs FROM pg_class c"
    " JOIN pg_stats s ON s.schemaname = c.relnamespace::regnamespace::text AND s.tablename = c.relname"
    " WHERE c.oid = 'name_keys'::regclass AND s.attname = 'keys' AND s.most_common_elems IS NOT NULL"
)
"""PostgreSQL itself counts the thousand commonest keys, whenever the table has grown by a tenth."""
OVERLAP = timedelta(minutes=2)
"""A word is seen when its transaction began: those of the last minutes are asked for again."""


class NameWords:
    """Every word of the registered names, by its consonants, and which keys are common. One for each process; refreshed
    as words appear.
    """

    def __init__(self) -> None:
        self._spellings: dict[str, set[tuple[str, bool]]] = defaultdict(set)
        self._words: set[str] = set()
        self._until: datetime | None = None
        self._looked = -REFRESH_SECONDS
        self.crowds = Crowds()
        self.near = lru_cache(maxsize=16_384)(self._near)

    async def refresh(self, tx: AsyncSession) -> None:
        """Take in words seen since the last time, at most every few seconds."""
        if monotonic() - self._looked < REFRESH_SECONDS:
            return
        self._looked = monotonic()
        rows = select(NameWord.word, NameWord.seen_at)
        if self._until is not None:
            rows = rows.where(NameWord.seen_at > self._until - OVERLAP)
        found = (await tx.execute(rows)).all()
        self._until = max([one.seen_at for one in found], default=self._until)
        self.take(one.word for one in found)
        if counted := (await tx.execute(CROWDS)).first():
            people, keys, shares = counted
            self.crowds = Crowds(people, dict(zip(keys, shares, strict=False)))  # behind the keys' come two more shares

    def take(self, words: Iterable[str]) -> None:
        new = set(words) - self._words
        for word in new:
            sounds = sounds_of(word)
            known = self._spellings[skeleton(sounds)]
            if len(known) < SPELLINGS:
                known.add((sounds, is_arabic(word)))
        if new:
            self._words |= new
            self.near.cache_clear()

    def _near(self, token: Token) -> tuple[str, ...]:
        """Consonants of the words most like one word, best first, without its own."""
        own = token.skeleton
        slips = 2 if len(own) >= LONG_WORD else 1
        found = process.extract(own, self._spellings.keys(), scorer=OSA.distance, score_cutoff=slips, limit=COMPARED)
        scored = [(self._likeness(token, near), near) for near, _, _ in found if near != own]
        return tuple(near for score, near in sorted(scored, reverse=True)[:NEAR_WORDS] if score >= LEAST_NEAR)

    def _likeness(self, token: Token, consonants: str) -> float:
        likely = (one for one in self._spellings[consonants] if most_similarity(token.sounds, one[0]) >= LEAST_NEAR)
        return max((sound_similarity(token.sounds, one, token.arabic, arabic) for one, arabic in likely), default=0.0)
