"""Which model is in force, from the turns that were taken."""

from collections.abc import Iterable


def promoted(turns: Iterable[tuple[str, str | None]]) -> list[str]:
    """The versions promoted one over the other, the one in force last; empty where the shipped set is.

    A turn is the version in force after it, and the one it took back, if it did.
    """
    stack: list[str] = []
    for version, rolled_back in turns:
        if rolled_back is None:
            stack.append(version)
        else:
            stack.pop()
    return stack
