"""What matching says, and hears, of models."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.matching.decision_schemas import Official


class ByOfficial(BaseModel):
    """Who does it."""

    model_config = ConfigDict(extra="forbid")

    official: Official


class ModelOut(BaseModel):
    """A set of models. `progress` of its training, 0 to 1; `failure`: why there is none, in three languages."""

    version: str
    status: Literal["training", "ready", "failed", "cancelled"]
    in_force: bool
    progress: float
    trained_from: dict[str, Any] | None
    failure: dict[str, Any] | None
    created_by: str
    official: str
    created_at: datetime
    ended_at: datetime | None


class ModelDetail(ModelOut):
    """With its report, see docs/matching.md; None of an expert's set, and until the training is done."""

    report: dict[str, Any] | None


class PromotionOut(BaseModel):
    """Which version is in force from when, and who said so; `rolled_back`: the version that was taken back by it."""

    version: str
    rolled_back: str | None
    promoted_by: str
    official: str
    promoted_at: datetime
