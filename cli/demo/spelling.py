"""How clerks write: the same name in another spelling, a slip of the finger, digits and dates as they come."""

import re
from collections.abc import Callable
from datetime import date
from random import Random
from unicodedata import combining, normalize

from cli.demo.names import FullName, Name, Pattern, patterns

ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
TATWEEL = "ـ"
JOINING = frozenset("بتثجحخسشصضطظعغفقكلمنهي")  # letters a tatweel may follow

ANOTHER_PATTERN = 0.45
VARIANT = 0.33
NO_PARTICLE = 0.15
OTHER_PARTICLE = 0.12
TYPING_ERROR = 0.03

LATIN_PARTICLES = {"Ould": ("O/", "Oul", "ould", "Weld"), "Mint": ("M/", "mint", "Bint")}
LATIN_HABITS: tuple[tuple[str, str], ...] = (
    ("v", "f"), ("gh", "q"), ("ou", "o"), ("dj", "j"), ("ei", "ai"), ("k", "q"), ("ss", "s"), ("kh", "h"),
)  # fmt: skip
# The last three stand only at the end of a word, where the two spellings look alike.
ARABIC_HABITS: tuple[tuple[str, str], ...] = (
    ("أ", "ا"), ("إ", "ا"), ("آ", "ا"), (r"ة\b", "ه"), (r"ي\b", "ى"), (r"ى\b", "ي"),
)  # fmt: skip
LATIN_LETTERS = "aeioulmnrstdhk"
ARABIC_LETTERS = "ابتحدرسعفكلمنهوي"


class Speller:
    """Writes names, places, numbers and dates as one clerk would. Each answer adds what was done to `notes`."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.notes: list[str] = []

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def note(self, what: str) -> None:
        if what not in self.notes:
            self.notes.append(what)

    # -- names -------------------------------------------------------------------------------------------------

    def full_name(self, name: FullName, sex: str, *, arabic: bool) -> str:
        pattern = self._pattern(name, sex)
        template = pattern.arabic if arabic else pattern.latin
        spelled: Callable[[Name], str] = self.arabic_name if arabic else self.latin_name
        template = self._particle_arabic(template) if arabic else self._particle_latin(template)
        text = template.format(
            given=spelled(name.given),
            father=spelled(name.father) if "{father}" in template else "",
            grandfather=spelled(name.grandfather) if "{grandfather}" in template else "",
            family=spelled(name.family) if "{family}" in template else "",
        )
        return self.maybe_mistype(text, TYPING_ERROR, "typing_error")

    def _pattern(self, name: FullName, sex: str) -> Pattern:
        """Mostly the registry's own form, else another one usual in the group; a clan name rarely comes or goes."""
        if not self.chance(ANOTHER_PATTERN):
            return name.pattern
        usual = [p for p in patterns(name.group, sex) if p.shows_family == name.pattern.shows_family]
        pattern = self.rng.choices(usual, weights=[p.weight for p in usual])[0]
        if pattern.key != name.pattern.key:
            self.note("other_form")
        return pattern

    def _particle_latin(self, template: str) -> str:
        for particle, others in LATIN_PARTICLES.items():
            if particle not in template:
                continue
            if self.chance(NO_PARTICLE):
                template = template.replace(f"{particle} ", "")
                self.note("no_particle")
            elif self.chance(OTHER_PARTICLE):
                template = template.replace(particle, self.rng.choice(others))
        return template

    def _particle_arabic(self, template: str) -> str:
        if "ولد" in template and self.chance(NO_PARTICLE):
            template = template.replace("ولد ", "")
            self.note("no_particle")
        if "بنت" in template and self.chance(0.4):
            template = template.replace("بنت", "منت")
        return template

    def latin_name(self, name: Name) -> str:
        text = name.latin
        if self.chance(VARIANT):
            self.note("variant")
            if name.latin_variants and self.chance(0.8):
                text = self.rng.choice(name.latin_variants)
            else:
                text = self._habit(text, LATIN_HABITS)
        return without_accents(text) if self.chance(0.3) else text

    def arabic_name(self, name: Name) -> str:
        text = name.arabic
        if self.chance(VARIANT):
            self.note("variant")
            if name.arabic_variants and self.chance(0.7):
                text = self.rng.choice(name.arabic_variants)
            else:
                text = self._habit(text, ARABIC_HABITS)
        return self._stretch(text) if self.chance(0.02) else text

    def place(self, name: Name, *, arabic: bool) -> str:
        """A place name; another spelling of it in one row of five."""
        text, variants = (name.arabic, name.arabic_variants) if arabic else (name.latin, name.latin_variants)
        if self.chance(0.2):
            if variants:
                text = self.rng.choice(variants)
            elif not arabic:
                text = without_accents(text).upper() if self.chance(0.5) else without_accents(text)
            else:
                text = self._habit(text, ARABIC_HABITS)
        return f" {text}" if self.chance(0.01) else text

    def _habit(self, text: str, habits: tuple[tuple[str, str], ...]) -> str:
        known = [(old, new) for old, new in habits if re.search(old, text)]
        if not known:
            return text
        old, new = self.rng.choice(known)
        return re.sub(old, new, text, count=1)

    def _stretch(self, text: str) -> str:
        spots = [i + 1 for i in range(len(text) - 1) if text[i] in JOINING and text[i + 1].isalpha()]
        if not spots:
            return text
        self.note("tatweel")
        spot = self.rng.choice(spots)
        return text[:spot] + TATWEEL * self.rng.randint(1, 3) + text[spot:]

    def maybe_mistype(self, text: str, probability: float, note: str) -> str:
        if len(text) < 4 or not self.chance(probability):
            return text
        self.note(note)
        return mistype(self.rng, text)

    # -- numbers and dates -------------------------------------------------------------------------------------

    def arabic_digits(self, text: str, probability: float) -> str:
        return text.translate(ARABIC_DIGITS) if self.chance(probability) else text

    def phone(self, number: str) -> str:
        """One number of eight digits, grouped and prefixed as people do."""
        draw = self.rng.random()
        grouped = " ".join(re.findall("..", number))
        if draw < 0.50:
            return number
        if draw < 0.74:
            return grouped
        if draw < 0.84:
            return f"+222 {grouped}"
        if draw < 0.91:
            return f"00222{number}"
        return grouped.replace(" ", "-") if draw < 0.95 else f"+222{number}"

    def birth_date(self, born_on: date) -> date:
        """The date the clerk understood: day and month swapped, or ten years off, in 3 of 100."""
        if born_on.day <= 12 and born_on.day != born_on.month and self.chance(0.04):
            self.note("day_month_swapped")
            return born_on.replace(month=born_on.day, day=born_on.month)
        if self.chance(0.015) and born_on.year < 2010:
            self.note("ten_years_off")
            return date(born_on.year + 10, born_on.month, min(born_on.day, 28))
        return born_on


def mistype(rng: Random, text: str) -> str:
    """One slip: a letter or digit left out, doubled, exchanged with its neighbour or replaced."""
    spots = [i for i in range(1, len(text) - 1) if text[i].isalnum()]
    spot = rng.choice(spots) if spots else 1
    slip = rng.randrange(4)
    if slip == 0:
        return text[:spot] + text[spot + 1 :]
    if slip == 1:
        return text[: spot + 1] + text[spot:]
    if slip == 2 and text[spot] != text[spot + 1]:
        return text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]
    return text[:spot] + _another(rng, text[spot]) + text[spot + 1 :]


def mistype_digit(rng: Random, number: str) -> str:
    """A number of the same length with one of its last four digits wrong."""
    spot = len(number) - rng.randint(1, 4)
    return number[:spot] + _another(rng, number[spot]) + number[spot + 1 :]


def _another(rng: Random, letter: str) -> str:
    alphabet = "0123456789" if letter.isdigit() else LATIN_LETTERS if letter.isascii() else ARABIC_LETTERS
    return rng.choice([other for other in alphabet if other != letter.lower()])


def without_accents(text: str) -> str:
    return "".join(c for c in normalize("NFKD", text) if not combining(c))
