"""What sounds cost, as arrays: `shared.sounds` and `shared.names` in the form the kernels read.

They are handed to the kernels with every call, never compiled into them: a compiled kernel outlives a change of a cost.
"""

from functools import lru_cache
from typing import cast

import numpy as np

from shared import names, sounds

__all__ = ["CODES", "COSTS", "PLACES", "costs"]

CODES = {sound: at for at, sound in enumerate(sounds.ALPHABET, start=1)}
"""Sound to code, in the order of the characters; 0 is no sound."""
PLACES: tuple[sounds.Place, ...] = ("first", "within", "last")


_SOUNDS = len(CODES) + 1
COSTS = np.dtype(
    [
        ("substitution", np.float64, (_SOUNDS, _SOUNDS)),  # [sound, sound]
        ("omission", np.float64, (2, len(PLACES), _SOUNDS)),  # [the other is Arabic, place, sound]
        ("silent_alef", np.int64),  # the code of a first alef, unheard where another word is glued before it
        ("silent_alef_weight", np.float64),
        ("steepness", np.float64),
        ("worst", np.float64),
        ("glued", np.float64),
        ("absent_last", np.float64),
        ("absent_middle", np.float64),
        ("absent_first", np.float64),
        ("only_given_name", np.float64),
        ("sure", np.float64),
    ],
    align=True,
)
"""What the kernels need besides the names: the costs of `shared.sounds` and the dials of `shared.names`."""


@lru_cache(maxsize=1)
def costs() -> np.void:
    """The costs of today as one record of `COSTS`, which kernels read where it is."""
    told = np.zeros(1, COSTS)[0]
    for sound, code in CODES.items():
        told["substitution"][code, 1:] = [sounds.substitution(sound, other) for other in CODES]
        for arabic in (False, True):
            told["omission"][int(arabic), :, code] = [sounds.omission(sound, place, arabic) for place in PLACES]
    told["silent_alef"], told["silent_alef_weight"] = CODES["v"], sounds.weight("v")
    told["steepness"] = sounds.STEEPNESS
    told["worst"], told["glued"], told["sure"] = names.WORST, names.GLUED, names.SURE
    told["absent_last"], told["absent_middle"] = names.ABSENT_LAST, names.ABSENT_MIDDLE
    told["absent_first"], told["only_given_name"] = names.ABSENT_FIRST, names.ONLY_GIVEN_NAME
    return cast(np.void, told)
