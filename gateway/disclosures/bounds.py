"""From where on reading is looked into. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Different people an hour, of a partner and of one of its officials; ids in ten minutes that are not there, of a partner."""

    partner_people: int
    official_people: int
    guesses: int
