"""The rules matrix: what an overlap of two programs is, and from which day a decision may hold."""

from datetime import date
from typing import Literal

from services.matching.errors import MatrixDayTooEarly, ProgramWithItself

OverlapClass = Literal["required", "intended", "tolerated", "forbidden"]
"""`required`: who is in one belongs in the other · `intended`: meant to add up (layering) · `tolerated`: neither sought nor
against a rule · `forbidden`: a case for a person to review, never an exclusion by itself."""


def pair_of(one: str, other: str) -> tuple[str, str]:
    """Two programs in the order in which their cell is kept. ProgramWithItself where they are one."""
    if one == other:
        raise ProgramWithItself(pointer="/path/program_b")
    return (one, other) if one < other else (other, one)


def refuse_too_early(valid_from: date, in_force_since: date | None) -> None:
    """MatrixDayTooEarly where a decision would begin before the one that is in force today (None: there is none).

    What has not begun yet binds nobody: a decision dated by mistake into a far year must not close its cell until then.
    """
    if in_force_since is not None and valid_from < in_force_since:
        raise MatrixDayTooEarly(pointer="/valid_from", day=in_force_since)
