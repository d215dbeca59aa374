"""Settings of the matching process."""

from pathlib import Path
from typing import Final

from shared.settings import ServiceSettings

MODELS: Final = Path(__file__).parent / "data" / "models"
"""The sets of models that ship, each named after its version; the one whose version comes last is in force until another is
promoted."""
REPORTS: Final = MODELS / "reports"
"""The reports of those that were trained, under the same names."""


class MatchingSettings(ServiceSettings):
    name: str = "matching"
    data_folder: Path | None = None
    """Where a snapshot of the index is kept, so that a start need not read the whole registry; none is a slower start."""
