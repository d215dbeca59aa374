"""A program's list as its clerks wrote it down: people of the registry and strangers, with mistakes at stated rates.

Kinds and rates are those of the sample country's clerks (`cli/demo/spelling.py`, `cli/demo/clerk.py`), as shares of the rows
that can have the mistake:

| mistake | share |
|---|---|
| another form of the full name usual in the group (grandfather dropped or added, clan name first or last) | .45 drawn anew |
| another spelling, of each part of the name | .33; the registry itself .10 |
| particle Ould or Mint dropped; written otherwise (O/, Weld, M/, Bint) | .15; .12 |
| a slip of the finger in the name; the whole name in capitals | .03; .15 of Latin rows |
| the name and the places in Arabic script alone | 0 in a latin list, one third in a mixed one |
| day and month swapped, where that is a date; ten years too young; a year or two off | .04; .015; .02 |
| the year alone written, where the registry has 31/12 or 01/01 too; no birth date at all | .60, else .05; .06 |
| national id left out; one digit wrong | .30; .012 |
| phone left out; another one; one digit wrong | .25; .13; .01 |
| another commune of the moughataa or of the country; commune left out | .06; .02; .05 |
| sex left out; wrong | .02; .01 |
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import polars as pl

from benchmarks.linkage.names import SEXES, Draws, Ints, NameLists, Spellings, Truths
from benchmarks.linkage.people import People, draw_phones
from cli.demo.names import GROUPS
from cli.demo.places import communes
from cli.demo.spelling import LATIN_PARTICLES, mistype

ANOTHER_FORM, VARIANT, REGISTRY_VARIANT = 0.45, 0.33, 0.10
NO_PARTICLE, OTHER_PARTICLE, MANAT = 0.15, 0.12, 0.4
SLIP, CAPITALS = 0.03, 0.15
ARABIC_ROWS = {"latin": 0.0, "mixed": 1 / 3}
SWAPPED, TEN_YEARS, YEAR_OFF = 0.04, 0.015, 0.02
YEAR_ALONE, YEAR_ALONE_OTHERS, NO_BIRTH = 0.60, 0.05, 0.06
NO_NNI, NNI_SLIP = 0.30, 0.012
NO_PHONE, OTHER_PHONE, PHONE_SLIP = 0.25, 0.13, 0.01
NEAR_MOVE, FAR_MOVE, NO_COMMUNE = 0.06, 0.02, 0.05
NO_SEX, WRONG_SEX = 0.02, 0.01

PARTICLES = {"Ould": "ould", "Mint": "mint", "ولد": "ould", "بنت": "mint"}


@dataclass
class Clerk:
    """Writes rows down. `notes` says of each row which mistakes it has, one column for each kind."""

    rng: Draws
    lists: NameLists
    seed: int

    def __post_init__(self) -> None:
        self.notes: dict[str, Truths] = {}
        self._places = communes()

    def chance(self, share: float, count: int) -> Truths:
        return self.rng.random(count) < share

    # -- names -------------------------------------------------------------------------------------------------

    def another_form(self, people: People) -> Ints:
        """Mostly the registry's own form, else another one usual in the group; a clan name neither comes nor goes."""
        form, again = people.form.copy(), self.chance(ANOTHER_FORM, len(people))
        shown = self.lists.shows_family[people.form]
        for g in range(len(GROUPS)):
            for s in SEXES:
                for family in (False, True):
                    here = again & (people.group == g) & (people.female == (s == "F")) & (shown == family)
                    usual = self.lists.usual_forms(g, s, family=family)
                    if len(usual.numbers):
                        form[here] = usual.draw(self.rng, int(here.sum()))
        self.notes["another_form"] = form != people.form
        return form

    def full_names(self, people: People, form: Ints, script: str, variant: float) -> pl.Series:
        """The full name of each in the form asked; whoever varies less than a clerk writes every particle as is usual."""
        spellings = Spellings(self.lists.names, script, variant)
        parts = ("given", "father", "grandfather", "family")
        columns = {part: spellings.write(self.rng, getattr(people, part)) for part in parts}
        columns |= self._particles(len(people), script, careful=variant < VARIANT)
        frame = pl.DataFrame(columns | {"form": form}).with_row_index("row")
        written = [
            rows.select("row", self._put_together(int(key[0]), script).alias("name"))
            for key, rows in frame.group_by("form", maintain_order=True)
        ]
        return pl.concat(written).sort("row")["name"]

    def _put_together(self, form: int, script: str) -> pl.Expr:
        pattern = self.lists.patterns[form]
        words = (pattern.latin if script == "latin" else pattern.arabic).split()
        parts: list[pl.Expr] = []
        for word in words:
            if word in PARTICLES:
                parts.append(pl.col(PARTICLES[word]))
            else:
                parts += [pl.col(word.strip("{}")), pl.lit(" ")]
        return pl.concat_str(parts).str.strip_chars()

    def _particles(self, count: int, script: str, *, careful: bool) -> dict[str, pl.Series]:
        """The words Ould and Mint as each row has them, with the space behind."""
        if script == "arabic":
            manat = np.where(self.chance(0.0 if careful else MANAT, count), 1, 0)
            ould = np.where(self.chance(0.0 if careful else NO_PARTICLE, count), 1, 0)
            return {"ould": pl.Series(["ولد ", ""]).gather(ould), "mint": pl.Series(["بنت ", "منت "]).gather(manat)}
        columns = {}
        draw = self.rng.random(count)
        for usual, others in LATIN_PARTICLES.items():
            words = pl.Series([f"{usual} ", "", *(f"{other} " for other in others)])
            other = 2 + self.rng.integers(0, len(others), count)
            which = np.select(
                [draw < NO_PARTICLE, draw < NO_PARTICLE + OTHER_PARTICLE], [np.ones_like(other), other], 0
            )
            columns[usual.lower()] = words.gather(np.zeros_like(which) if careful else which)
        return columns

    def slips(self, names: pl.Series) -> pl.Series:
        """Some names with one letter wrong, and some all in capitals."""
        which = np.flatnonzero(self.chance(SLIP, len(names)))
        fingers = Random(f"{self.seed}:slips")
        wrong = [mistype(fingers, name) if len(name) > 3 else name for name in names.gather(which)]
        self.notes["slip"] = np.isin(np.arange(len(names)), which)
        slipped = names.clone().scatter(which, wrong)
        capitals = pl.Series(self.chance(CAPITALS, len(names)))
        return pl.select(pl.when(capitals).then(slipped.str.to_uppercase()).otherwise(slipped)).to_series()

    # -- dates, numbers, places ---------------------------------------------------------------------------------

    def birth_dates(self, people: People) -> pl.DataFrame:
        """`written` as dd/mm/yyyy or the year alone, "" for none; `born` the date understood, `year` of it."""
        count, year = len(people), people.born_on.astype("datetime64[Y]").astype(np.int64) + 1970
        month = people.born_on.astype("datetime64[M]").astype(np.int64) % 12 + 1
        day = (people.born_on - people.born_on.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
        swapped = ~people.year_only & (day <= 12) & (day != month) & self.chance(SWAPPED, count)
        ten = ~swapped & (year < 2010) & self.chance(TEN_YEARS, count)
        off = ~swapped & ~ten & self.chance(YEAR_OFF, count)
        day, month = np.where(swapped, month, day), np.where(swapped, day, month)
        year = year + np.where(ten, 10, 0) + np.where(off, self.rng.choice([-2, -1, 1, 2], count), 0)
        day = np.where((ten | off) & (month == 2) & (day == 29), 28, day)
        alone = self.rng.random(count) < np.where(people.year_only, YEAR_ALONE, YEAR_ALONE_OTHERS)
        none = self.chance(NO_BIRTH, count)
        self.notes |= {"day_month_swapped": swapped & ~alone & ~none, "ten_years": ten & ~none, "year_off": off & ~none}
        self.notes |= {"year_alone": alone & ~none, "no_birth_date": none}
        parts = pl.DataFrame({"d": day, "m": month, "y": year, "alone": alone, "none": none})
        two = {one: pl.col(one).cast(pl.String).str.zfill(2) for one in ("d", "m")}
        known = ~pl.col("none")
        full = known & ~pl.col("alone")
        return parts.select(
            pl.when(pl.col("none")).then(pl.lit(""))
            .when(pl.col("alone")).then(pl.col("y").cast(pl.String))
            .otherwise(pl.concat_str(two["d"], two["m"], pl.col("y"), separator="/")).alias("written"),
            pl.when(full).then(pl.concat_str(pl.col("y"), two["m"], two["d"], separator="-")).alias("born"),
            pl.when(known).then(pl.col("y")).alias("year"),
        )  # fmt: skip

    def nnis(self, people: People) -> pl.Series:
        count = len(people)
        lost = (people.nni > 0) & self.chance(NO_NNI, count)
        wrong = (people.nni > 0) & ~lost & self.chance(NNI_SLIP, count)
        self.notes |= {"nni_lost": lost, "nni_slip": wrong, "no_nni": people.nni == 0}
        nni = np.where(wrong, self._one_digit_wrong(people.nni), people.nni)
        return as_numbers(np.where(lost, 0, nni))

    def phones(self, people: People) -> tuple[pl.Series, pl.Series]:
        """As written, in the ways people group and prefix them, and the eight digits alone."""
        count = len(people)
        other = self.chance(OTHER_PHONE, count)
        wrong = (people.phone > 0) & ~other & self.chance(PHONE_SLIP, count)
        phone = np.where(other, draw_phones(self.rng, count), people.phone)
        phone = np.where(wrong, self._one_digit_wrong(phone), phone)
        left_out = self.chance(NO_PHONE, count)
        self.notes |= {"other_phone": other & ~left_out, "phone_slip": wrong & ~left_out, "no_phone": left_out}
        digits = as_numbers(np.where(left_out, 0, phone))
        grouped = digits.str.replace(r"(..)(..)(..)(..)", "$1 $2 $3 $4")
        shown = self.rng.random(count)
        frame = pl.DataFrame({"digits": digits, "grouped": grouped, "shown": shown})
        written = frame.select(
            pl.when(pl.col("digits").is_null()).then(None)
            .when(pl.col("shown") < 0.60).then(pl.col("digits"))
            .when(pl.col("shown") < 0.84).then(pl.col("grouped"))
            .when(pl.col("shown") < 0.94).then(pl.lit("+222 ") + pl.col("grouped"))
            .otherwise(pl.lit("00222") + pl.col("digits"))
        )  # fmt: skip
        return written.to_series().alias("phone"), digits

    def _one_digit_wrong(self, numbers: Ints) -> Ints:
        """One of the last four digits is another one."""
        place = np.array([1, 10, 100, 1000])[self.rng.integers(0, 4, len(numbers))]
        digit = numbers // place % 10
        changed: Ints = numbers + ((digit + self.rng.integers(1, 10, len(numbers))) % 10 - digit) * place
        return changed

    def moved(self, people: People) -> Ints:
        """The commune each row names: of the same moughataa, of anywhere, or the true one; -1 where it is left out."""
        count, draw = len(people), self.rng.random(len(people))
        moughataa = np.unique([place.moughataa_code for place in self._places], return_inverse=True)[1]
        by_moughataa = np.argsort(moughataa, kind="stable")
        first, size = np.searchsorted(moughataa[by_moughataa], np.arange(moughataa.max() + 1)), np.bincount(moughataa)
        of = moughataa[people.commune]
        near = by_moughataa[first[of] + self.rng.integers(0, 1_000_000, count) % size[of]]
        commune = np.where(draw < NEAR_MOVE, near, people.commune)
        far = self.rng.integers(0, len(self._places), count)
        commune = np.where((draw >= NEAR_MOVE) & (draw < NEAR_MOVE + FAR_MOVE), far, commune)
        self.notes |= {"moved": commune != people.commune}
        return commune

    def sexes(self, people: People) -> pl.Series:
        count = len(people)
        wrong, none = self.chance(WRONG_SEX, count), self.chance(NO_SEX, count)
        self.notes["wrong_sex"] = wrong & ~none
        shown = np.where(none, 2, (people.female ^ wrong).astype(np.int64))
        return pl.Series(["M", "F", None]).gather(shown)


def as_numbers(numbers: Ints) -> pl.Series:
    """As text; none for 0."""
    return pl.select(
        pl.when(pl.lit(pl.Series(numbers)) > 0).then(pl.lit(pl.Series(numbers)).cast(pl.String))
    ).to_series()
