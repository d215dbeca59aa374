"""What ships with this version as data: the questionnaires. A version once published never changes."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from services.registry.rules.questionnaires import Questionnaire


@cache
def questionnaires() -> dict[str, Questionnaire]:
    """The questionnaires by version, their schemas compiled once."""
    return {one.version: one for one in map(Questionnaire.read, _documents("questionnaires"))}


def _documents(folder: str) -> Iterator[dict[str, Any]]:
    names = sorted(one.name for one in (files("services.registry") / "data" / folder).iterdir())
    for name in names:
        yield json.loads((files("services.registry") / "data" / folder / name).read_text("utf-8"))
