"""Which source is believed: the ranking that ships with this version."""

import json
from functools import cache
from importlib.resources import files

from services.registry.rules.sources import Sources


@cache
def sources() -> Sources:
    """The ranking of sources that ships with this version."""
    return Sources.read(json.loads((files("services.registry") / "data" / "sources.json").read_text("utf-8")))
