"""A school as lists and reports name it: its name and its commune, in either script and any spelling of case."""

from shared.text import fold


def school_key(name: str | None, commune: str | None) -> str:
    """The same for all writings of one school that folding makes equal; "" where no school is named."""
    folded = fold(name)
    return f"{folded}/{fold(commune)}" if folded else ""
