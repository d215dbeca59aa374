"""Answers that are told one by one: checked against the questionnaire whose version they name."""

from collections.abc import Mapping
from typing import Any

from services.registry.catalog import questionnaires
from services.registry.errors.answers import AnswerNotAccepted, QuestionnaireUnknown
from services.registry.rules.questionnaires import Unit


def refuse_wrong_answers(unit: Unit, version: str | None, answers: Mapping[str, Any], pointer: str) -> None:
    """Raise the first thing that is wrong with answers to a version of the questionnaire; `pointer` is where they stand."""
    known = questionnaires()
    if version is None or version not in known:
        raise QuestionnaireUnknown(
            pointer=f"{pointer.rpartition('/')[0]}/questionnaire_version", versions=", ".join(sorted(known))
        )
    for violation in known[version].violations(unit, dict(answers)):
        raise AnswerNotAccepted(f"{pointer}{violation.pointer}", violation.reason)
