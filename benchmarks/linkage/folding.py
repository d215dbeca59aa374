"""Names and numbers folded as a skilled user of any linkage tool would fold them beforehand. For the peers: they get these
columns ready in the files, and their time does not include making them. The platform reads the cells as they were written.
The codes of the places both get."""

from __future__ import annotations

import polars as pl

ACCENTS = dict(zip("àâäáãçéèêëíìîïñóòôöõúùûüÿ", "aaaaaceeeeiiiinooooouuuuy", strict=True))
LATIN_PARTICLES = r"\b(?:ould|oul|weld|mint|bint|el|o|m)\b"
ARABIC_FORMS = {"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ـ": ""}
ARABIC_PARTICLES = r"(?:^|\s)(?:ولد|بنت|منت)(?:\s|$)"


def fold_latin(name: pl.Expr) -> pl.Expr:
    """Small letters without accents, signs and particles; Med and Mhd are Mohamed. Null where nothing is left."""
    plain = name.str.to_lowercase().str.replace_many(list(ACCENTS), list(ACCENTS.values()))
    words = plain.str.replace_all(r"[^a-z]+", " ").str.replace_all(LATIN_PARTICLES, " ")
    words = words.str.replace_all(r"\b(?:med|mhd)\b", "mohamed")
    return _or_null(words.str.replace_all(r"\s+", " ").str.strip_chars())


def fold_arabic(name: pl.Expr) -> pl.Expr:
    """One form of alef, ya and ta marbuta, no tatweel, no particle, no article. Null where nothing is left."""
    plain = name.str.replace_many(list(ARABIC_FORMS), list(ARABIC_FORMS.values()))
    words = plain.str.replace_all(ARABIC_PARTICLES, " ").str.replace_all(ARABIC_PARTICLES, " ")
    words = words.str.replace_all(r"(?:^|\s)ال", " ")
    return _or_null(words.str.replace_all(r"\s+", " ").str.strip_chars())


def name_parts(folded: str) -> list[pl.Expr]:
    """From one column of folded names: its first word, what follows, and all words in the order of the alphabet."""
    words = pl.col(folded).str.split(" ")
    return [
        words.list.first().alias(f"{folded}_given"),
        _or_null(words.list.slice(1).list.join(" ")).alias(f"{folded}_rest"),
        words.list.sort().list.join(" ").alias(f"{folded}_sorted"),
    ]


def _or_null(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)
