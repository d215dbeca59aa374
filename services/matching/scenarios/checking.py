"""What a scenario may not say: refused when it is saved, and again when it is run over a country of other programs."""

from collections.abc import Collection, Sequence

from services.matching.rules.changes import AddedProgram, Change, Criteria, Merge, contradiction, programs_named
from services.matching.scenarios.errors import (
    ChangesContradict,
    CriterionNotUsable,
    MergedWithItself,
    ScenarioProgramExists,
    ScenarioProgramUnknown,
)
from shared.household_attributes import CriterionUnsound


def refuse_unsound(changes: Sequence[Change], known: Collection[str]) -> None:
    """`known` are the programs there are. MergedWithItself, ScenarioProgramExists, ScenarioProgramUnknown,
    ChangesContradict, CriterionNotUsable."""
    for at, change in enumerate(changes):
        if isinstance(change, Merge) and change.program == change.into:
            raise MergedWithItself(pointer=f"/changes/{at}/into")
        if isinstance(change, AddedProgram) and change.program in known:
            raise ScenarioProgramExists(pointer=f"/changes/{at}/program", program=change.program)
    for pointer, program in programs_named(changes):
        if program not in known:
            raise ScenarioProgramUnknown(pointer=pointer, program=program)
    if (found := contradiction(changes)) is not None:
        at, program = found
        raise ChangesContradict(pointer=f"/changes/{at}", program=program)
    for at, change in enumerate(changes):
        rule = getattr(change, "rule", None)
        if rule is not None:
            _refuse_unusable(rule, f"/changes/{at}/rule")


def _refuse_unusable(rule: Criteria, pointer: str) -> None:
    for at, one in enumerate(rule.criteria):
        try:
            one.compared()
        except CriterionUnsound as unsound:
            raise CriterionNotUsable(
                pointer=f"{pointer}/criteria/{at}/{unsound.what}", accepted=unsound.accepted
            ) from unsound
    for at, group in enumerate(rule.groups):
        _refuse_unusable(group, f"{pointer}/groups/{at}")
