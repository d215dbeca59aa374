"""The files to link, written to a folder by seed: a registry, a list, what is true of them, and how their columns are called.

`registry.parquet` is the left side, `list.parquet` the right one, `map.yaml` names the columns for `tekamoul match`.
`truth.parquet` has the pairs of one person (left_id, right_id); `mistakes.parquet` one row for each row of the list
with what its clerk did. Of the list 80 % are people of the registry, each at most once, and 20 % are strangers: half of
them members of registered households, half live elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from benchmarks.linkage.clerk import ARABIC_ROWS, NO_COMMUNE, REGISTRY_VARIANT, VARIANT, Clerk, as_numbers
from benchmarks.linkage.folding import fold_arabic, fold_latin, name_parts
from benchmarks.linkage.names import Ints, NameLists, Truths
from benchmarks.linkage.people import People, draw_people, draw_phones
from cli.demo.places import communes

STRANGERS = 0.20
OF_REGISTERED_HOUSEHOLDS = 0.5
VARIANTS = ("latin", "mixed", "no-nni", "numbered", "new-phones")
"""`mixed`: a third of the list stands in Arabic script alone. `no-nni`: as latin, and neither side has a national id.
`numbered`: as no-nni, and the list numbers its households, otherwise than the registry does. `new-phones`: as no-nni, and a part
of the households has another phone by now; the registry tells who lives together."""
NO_LIST_NUMBER, WRONG_LIST_NUMBER = 0.05, 0.02
"""Rows on which the number of the household is left out, and on which it is that of another household."""
NEW_PHONE = 0.4
"""Households that have another phone than the registry knows, the same on all their rows."""
PLACE_AS_SPOKEN = 0.2

# The codes of the places, which the peers get too: this compares linkage and not gazetteers.
COLUMNS: dict[str, Any] = {
    "name": {"left": ["name_fr", "name_ar"], "right": ["name"]},
    "sex": "sex",
    "birth_date": "birth_date",
    "id": ["nni"],
    "phone": ["phone"],
    "place": ["wilaya_code", "moughataa_code", "commune_code"],
}
HOUSEHOLDS: dict[str, dict[str, Any]] = {
    "numbered": {"household": {"left": "household_number", "right": "own_household"}},
    "new-phones": {"household": {"left": "household_number"}},
}


@dataclass(frozen=True)
class Files:
    """The paths of one set of data."""

    folder: Path

    @property
    def left(self) -> Path:
        return self.folder / "registry.parquet"

    @property
    def right(self) -> Path:
        return self.folder / "list.parquet"

    @property
    def truth(self) -> Path:
        return self.folder / "truth.parquet"

    @property
    def mistakes(self) -> Path:
        return self.folder / "mistakes.parquet"

    @property
    def mapping(self) -> Path:
        return self.folder / "map.yaml"


def write_country(folder: Path, registry: int, listed: int, variant: str, seed: int) -> Files:
    """Write the files of a registry of so many people and a list of so many rows."""
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, not {variant}")
    files, rng, lists = Files(folder), np.random.default_rng(seed + 1), NameLists()
    folder.mkdir(parents=True, exist_ok=True)
    strangers = round(listed * STRANGERS)
    everyone = draw_people(registry + strangers, seed, lists)
    unknown = _held_out(rng, everyone, strangers)
    known = np.setdiff1d(np.arange(len(everyone)), unknown)
    drawn = rng.permutation(np.concatenate([rng.choice(known, listed - strangers, replace=False), unknown]))
    ids = np.zeros(len(everyone), dtype=np.int64)  # 0 for a stranger
    ids[known] = np.arange(1, registry + 1)
    with_nni = variant in ("latin", "mixed")
    _registry(everyone.take(known), Clerk(rng, lists, seed), with_nni).write_parquet(files.left)
    clerk = Clerk(rng, lists, seed)
    listed_people = everyone.take(drawn)
    if variant == "new-phones":
        listed_people.phone = _new_phones(listed_people, seed)
    rows = _list(listed_people, clerk, "mixed" if variant == "mixed" else "latin", with_nni)
    rows = rows.with_columns(own_household=_own_numbers(listed_people, seed))
    rows.write_parquet(files.right)
    notes = {kind: rows for kind, rows in clerk.notes.items() if with_nni or "nni" not in kind}
    _truth(files, ids[drawn], notes)
    columns = {field: names for field, names in COLUMNS.items() if with_nni or field != "id"} | HOUSEHOLDS.get(
        variant, {}
    )
    files.mapping.write_text(yaml.safe_dump({"record_id": "rec_id", "fields": columns}), encoding="utf-8")
    return files


def _own_numbers(people: People, seed: int) -> pl.Series:
    """The numbers that the list itself gives to households; strangers of a registered household stand with it."""
    rng = np.random.default_rng(seed + 2)
    numbers = 1_000_000 + rng.permutation(int(people.household.max(initial=0)) + 1)[people.household]
    wrong, none = rng.random(len(people)) < WRONG_LIST_NUMBER, rng.random(len(people)) < NO_LIST_NUMBER
    numbers = np.where(wrong, rng.permutation(numbers), numbers)
    return as_numbers(np.where(none, 0, numbers))


def _new_phones(people: People, seed: int) -> Ints:
    rng = np.random.default_rng(seed + 3)
    households = int(people.household.max(initial=0)) + 1
    new, moved = draw_phones(rng, households), rng.random(households) < NEW_PHONE
    changed: Ints = np.where(moved[people.household] & (people.phone > 0), new[people.household], people.phone)
    return changed


def _held_out(rng: np.random.Generator, everyone: People, strangers: int) -> Ints:
    """Who is not written into the registry: whole households, and single members of others."""
    whole = strangers - round(strangers * OF_REGISTERED_HOUSEHOLDS)
    number = np.unique(everyone.household, return_inverse=True)[1]
    order = np.argsort(rng.permutation(number.max() + 1)[number], kind="stable")
    return np.concatenate([order[:whole], rng.choice(order[whole:], strangers - whole, replace=False)])


def _truth(files: Files, left_ids: Ints, notes: dict[str, Truths]) -> None:
    right_ids = np.arange(1, len(left_ids) + 1)
    registered = left_ids > 0
    pl.DataFrame({"left_id": left_ids[registered], "right_id": right_ids[registered]}).write_parquet(files.truth)
    pl.DataFrame({"right_id": right_ids, "stranger": ~registered} | notes).write_parquet(files.mistakes)


def _registry(people: People, clerk: Clerk, with_nni: bool) -> pl.DataFrame:
    numbers = range(1, len(people) + 1)
    frame = pl.DataFrame(
        {
            "rec_id": pl.Series(numbers, dtype=pl.Int64),
            "household_number": people.household,
            "name_fr": clerk.full_names(people, people.form, "latin", REGISTRY_VARIANT),
            "name_ar": clerk.full_names(people, people.form, "arabic", REGISTRY_VARIANT),
            "sex": pl.Series(["M", "F"]).gather(people.female.astype(np.int64)),
            "birth_date": pl.Series(people.born_on).cast(pl.Date).cast(pl.String),
            "nni": as_numbers(people.nni if with_nni else np.zeros(len(people), dtype=np.int64)),
            "phone": as_numbers(people.phone),
            **_places(people.commune, np.zeros(len(people), dtype=np.bool_)),
        }
    )
    born = pl.col("birth_date")
    folded = frame.with_columns(
        fold_latin(pl.col("name_fr")).alias("fr"),
        fold_arabic(pl.col("name_ar")).alias("ar"),
        born.alias("born"),
        born.str.slice(0, 4).cast(pl.Int32).alias("year"),
        pl.col("phone").alias("phone_digits"),
        pl.Series("commune_code", people.commune),
    )
    return _peer_columns(folded)


def _list(people: People, clerk: Clerk, script: str, with_nni: bool) -> pl.DataFrame:
    count = len(people)
    form = clerk.another_form(people)
    arabic = clerk.chance(ARABIC_ROWS[script], count)
    clerk.notes["arabic"] = arabic
    in_script = {one: clerk.full_names(people, form, one, VARIANT) for one in ("latin", "arabic")}
    names = pl.select(pl.when(pl.Series(arabic)).then(in_script["arabic"]).otherwise(in_script["latin"])).to_series()
    born, nni, (phone, digits) = clerk.birth_dates(people), clerk.nnis(people), clerk.phones(people)
    commune = np.where(clerk.chance(NO_COMMUNE, count), -1, clerk.moved(people))
    frame = pl.DataFrame(
        {
            "rec_id": pl.Series(range(1, count + 1), dtype=pl.Int64),
            "name": clerk.slips(names),
            "sex": clerk.sexes(people),
            "birth_date": born["written"],
            "nni": nni if with_nni else pl.Series([None], dtype=pl.String).new_from_index(0, count),
            "phone": phone,
            **_places(commune, arabic, clerk),
        }
    )
    in_arabic = pl.Series(arabic)
    folded = frame.with_columns(
        pl.when(~in_arabic).then(fold_latin(pl.col("name"))).alias("fr"),
        pl.when(in_arabic).then(fold_arabic(pl.col("name"))).alias("ar"),
        born["born"],
        born["year"].cast(pl.Int32),
        digits.alias("phone_digits"),
        pl.select(pl.when(pl.Series(commune) >= 0).then(pl.Series(commune))).to_series().alias("commune_code"),
    )
    return _peer_columns(folded)


def _peer_columns(frame: pl.DataFrame) -> pl.DataFrame:
    places = communes()
    above = {
        "moughataa_code": [place.moughataa_code for place in places],
        "wilaya_code": [place.wilaya_code for place in places],
    }
    codes = pl.col("commune_code")
    return frame.with_columns(
        *name_parts("fr"),
        *name_parts("ar"),
        *(pl.lit(pl.Series(values)).gather(codes.fill_null(0)).alias(name) for name, values in above.items()),
    ).with_columns(pl.when(codes.is_not_null()).then(pl.col(name)).alias(name) for name in above)


def _places(commune: Ints, arabic: Truths, clerk: Clerk | None = None) -> dict[str, pl.Series]:
    """The three levels as written: in either script, some without accents or in capitals; nothing where commune is -1."""
    places = communes()
    columns = {}
    for level in ("wilaya", "moughataa", "commune"):
        names = [place.name if level == "commune" else getattr(place, level) for place in places]
        texts = pl.Series([name.latin for name in names] + [name.arabic for name in names])
        at = np.where(commune < 0, 0, commune) + np.where(arabic, len(places), 0)
        text = texts.gather(at)
        if clerk is not None:
            as_spoken = pl.Series(clerk.chance(PLACE_AS_SPOKEN, len(commune)))
            text = pl.select(pl.when(as_spoken).then(text.str.to_uppercase()).otherwise(text)).to_series()
        left_out = (commune < 0) & (level == "commune")
        columns[level] = pl.select(pl.when(~pl.Series(left_out)).then(text)).to_series()
    return columns
