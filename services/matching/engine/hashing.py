"""Hashes of texts and of numbers that are the same on every machine and in every run."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.matching.engine.compiling import kernel
from services.matching.engine.name_sounding import mixed

Hashes = npt.NDArray[np.uint64]


def hashes_of(texts: Sequence[str]) -> Hashes:
    """FNV-1a of 64 bits over the UTF-8 of each text, mixed; 0 for an empty one alone."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum(np.array([len(one) for one in encoded], np.int64), dtype=np.int64)
    out = np.zeros(len(ends), np.uint64)
    _fnv(np.frombuffer(b"".join(encoded) or b"\0", np.uint8), ends, out)
    return out


@kernel
def _fnv(letters: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64], out: Hashes) -> None:
    at = 0
    for i in range(len(ends)):
        if at == ends[i]:
            continue
        value = np.uint64(0xCBF29CE484222325)
        while at < ends[i]:
            value = (value ^ np.uint64(letters[at])) * np.uint64(0x100000001B3)
            at += 1
        value = mixed(value)
        out[i] = value if value != 0 else np.uint64(1)


def mixed_all(values: Hashes) -> Hashes:
    """`mixed` of every value."""
    out = np.empty_like(values)
    _mix(values, out)
    return out


@kernel
def _mix(values: Hashes, out: Hashes) -> None:
    for i in range(len(values)):
        out[i] = mixed(values[i])
