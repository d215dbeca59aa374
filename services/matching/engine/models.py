"""A set of models, one for each unit of lists, by which rows are looked up in one registry. A JSON file with a version.

All have one layout and one rarity of names: the index is built once, and who asks brings the model of the own unit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from services.matching.engine.fields import Field, Kind, Layout, layout_of
from services.matching.engine.model import Model
from services.matching.engine.rarity import Rarity

UNITS = ("household", "individual", "pupil")

REGISTRY = layout_of(
    (
        Field("nni", Kind.NUMBER),
        Field("household_number", Kind.NUMBER, shared=True),
        Field("phone", Kind.PHONE, 2),
        Field("birth", Kind.DATE),
        Field("sex", Kind.SEX),
        Field("place", Kind.PLACE, 3),
        Field("role", Kind.ROLE),
        Field("school", Kind.SCHOOL, 2),
        Field("father_name", Kind.FATHER),
        Field("name", Kind.NAME, 2),
    )
)
"""What the registry holds of an individual, and the most that a row of a list may tell: `role` is the relationship to the
head, or `household` of a row that stands for one; `school` the day of the list and the class; `place` codes."""


@dataclass(frozen=True)
class Models:
    """`by_unit`: a model for each of UNITS, all of one layout and one rarity."""

    version: str
    by_unit: Mapping[str, Model]

    def for_unit(self, unit: str) -> Model:
        """Raises KeyError for what is no unit."""
        return self.by_unit[unit]

    @property
    def layout(self) -> Layout:
        return next(iter(self.by_unit.values())).layout

    @property
    def rarity(self) -> Rarity:
        rarity = next(iter(self.by_unit.values())).rarity
        assert rarity is not None, "a set of models has a rarity"
        return rarity

    @classmethod
    def of(cls, version: str, by_unit: Mapping[str, Model], rarity: Rarity) -> "Models":
        """Models of one layout under one version. Raises ValueError where they are not."""
        if set(by_unit) != set(UNITS):
            raise ValueError(f"a model for each of {', '.join(UNITS)}")
        if len({model.layout for model in by_unit.values()}) > 1:
            raise ValueError("the models of a set have the same fields")
        return cls(version, {unit: replace(model, version=version, rarity=rarity) for unit, model in by_unit.items()})

    def to_json(self) -> bytes:
        told = {
            "version": self.version,
            "rarity": self.rarity.told(),
            "models": {unit: replace(model, rarity=None).told() for unit, model in self.by_unit.items()},
        }
        return orjson.dumps(told, option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, text: bytes) -> "Models":
        """Raises ValueError where the text is not a set of models, naming what is wrong."""
        try:
            told: dict[str, Any] = orjson.loads(text)
            models = {unit: Model.of(one) for unit, one in told["models"].items()}
            return cls.of(str(told["version"]), models, Rarity.of(told["rarity"]))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not a set of models: {error}") from error

    @classmethod
    def load(cls, path: Path) -> "Models":
        """Raises ValueError, OSError."""
        return cls.from_json(path.read_bytes())

    @classmethod
    def newest(cls, paths: Iterable[Path]) -> "Models":
        """Of the set whose version, the name of its file, comes last. Raises ValueError, OSError."""
        return cls.load(max(paths, key=lambda path: path.stem))
