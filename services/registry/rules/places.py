"""What places may be: their kinds, and which lies in which."""

from typing import Literal, get_args

PlaceKind = Literal["wilaya", "moughataa", "commune", "village"]
KINDS: tuple[PlaceKind, ...] = get_args(PlaceKind)
"""From the largest to the smallest: each lies in one of the kind before it."""
