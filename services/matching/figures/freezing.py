"""A country as bytes, and back: what a snapshot keeps, and by which hash it is known."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final

import orjson
import polars as pl
from pydantic import TypeAdapter

from services.matching.figures.cells import Cell
from services.matching.figures.country import Country, ProgramFacts

FRAMES: Final = ("households", "receipts", "enrolled", "eligible", "baskets")
REASONS: Final = "standing"
LATER_FRAMES: Final = (REASONS,)
"""Kept since a later version: what was frozen before has none of them, and the version before reads the others alone."""
TERMS: Final = "terms"
"""The part that is no frame: day, months, programs, matrix, threshold."""
_PROGRAMS: TypeAdapter[tuple[ProgramFacts, ...]] = TypeAdapter(tuple[ProgramFacts, ...])
_KEYS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS


def freeze(country: Country) -> dict[str, bytes]:
    """The country in parts: each frame as Parquet, and its terms as JSON. The same country gives the same bytes."""
    parts = {name: _parquet(getattr(country, name)) for name in FRAMES}
    later = {name: _parquet(frame) for name in LATER_FRAMES if (frame := getattr(country, name)) is not None}
    terms = {
        "day": country.day,
        "months": country.months,
        "programs": [_program(one) for one in country.programs],
        "matrix": [[*pair, said] for pair, said in sorted(country.matrix.items())],
        "threshold": country.threshold,
    }
    if later:
        terms["later"] = _hashes(later)
    return parts | later | {TERMS: orjson.dumps(terms, option=_KEYS)}


def _hashes(later: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in later.items()}


def _program(one: ProgramFacts) -> dict[str, Any]:
    return asdict(one) | {"only_in": None if one.only_in is None else sorted(one.only_in)}


def _parquet(frame: pl.DataFrame) -> bytes:
    written = io.BytesIO()
    frame.write_parquet(written, compression="zstd")
    return written.getvalue()


def thaw(parts: Mapping[str, bytes]) -> Country:
    terms = orjson.loads(parts[TERMS])
    kept = (*FRAMES, *(name for name in LATER_FRAMES if name in parts))
    frames: dict[str, Any] = {name: pl.read_parquet(io.BytesIO(parts[name])) for name in kept}
    return Country(
        day=date.fromisoformat(terms["day"]),
        months=tuple(map(date.fromisoformat, terms["months"])),
        programs=_PROGRAMS.validate_python(terms["programs"]),
        matrix={(a, b): said for a, b, said in terms["matrix"]},
        threshold=terms["threshold"],
        **frames,
    )


def hash_of(parts: Mapping[str, bytes]) -> bytes:
    """SHA-256 over all parts by name; of the later frames the terms have the hashes."""
    found = hashlib.sha256()
    for name in sorted(parts.keys() - set(LATER_FRAMES)):
        found.update(name.encode() + b"\0" + len(parts[name]).to_bytes(8, "big") + parts[name])
    return found.digest()


def is_whole(parts: Mapping[str, bytes]) -> bool:
    """Whether the later frames are there as the terms have them."""
    later = {name: parts[name] for name in LATER_FRAMES if name in parts}
    return bool(orjson.loads(parts[TERMS]).get("later", {}) == _hashes(later))


def bytes_of(cells: Sequence[Cell]) -> bytes:
    """Figures as text, one to a line: what is compared to say that they are the same ones."""
    return b"\n".join(orjson.dumps(one[:12]) for one in cells)
