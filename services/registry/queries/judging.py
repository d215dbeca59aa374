"""By which rules records are judged: the edition of quality rules that ships with this version."""

import json
from functools import cache
from importlib.resources import files

from services.registry.rules.quality import QualityRules


@cache
def quality_rules() -> QualityRules:
    """The rules of data quality that ship with this version."""
    return QualityRules.read(
        json.loads((files("services.registry") / "data" / "quality_rules.json").read_text("utf-8"))
    )
