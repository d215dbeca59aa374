"""What ships with this version as data: questionnaires and formulas. A version once published never changes."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from services.registry.rules.questionnaires import Questionnaire
from services.registry.rules.scoring import Formula


@cache
def questionnaires() -> dict[str, Questionnaire]:
    """The questionnaires by version, their schemas compiled once."""
    return {one["version"]: Questionnaire.read(one) for one in _documents("questionnaires")}


@cache
def formulas() -> dict[str, Formula]:
    """The formulas by version."""
    return {version: Formula.model_validate(document) for version, document in formula_documents().items()}


@cache
def formula_documents() -> dict[str, Any]:
    """The formulas as they are published, by version."""
    return {one["version"]: one for one in _documents("formulas")}


def _documents(folder: str) -> Iterator[dict[str, Any]]:
    shipped = files("services.registry") / "data" / folder
    for file in sorted(shipped.iterdir(), key=lambda one: one.name):
        yield json.loads(file.read_text("utf-8"))
