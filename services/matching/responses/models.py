"""Tables of shock response: analyses, the rule by which areas trigger, and the triggers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base
from services.matching.rules.triggering import AnalysisPeriod, TriggerStatus

PEOPLE = "people_1 >= 0 AND people_2 >= 0 AND people_3 >= 0 AND people_4 >= 0 AND people_5 >= 0"
FITS = "people_1::bigint + people_2 + people_3 + people_4 + people_5 <= total"


class AnalysisArea(Base):
    """What the table of a file says of an area in an analysis. Kept as it was read, also where a later file says otherwise."""

    __tablename__ = "analysis_areas"
    __table_args__ = (
        CheckConstraint("period IN ('current', 'projected')", name="period"),
        CheckConstraint(PEOPLE, name="people"),
        CheckConstraint(FITS, name="total"),
        CheckConstraint("total > 0", name="somebody"),
        CheckConstraint("stated_phase BETWEEN 1 AND 5", name="stated_phase"),
    )

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[str] = mapped_column(Text, primary_key=True)
    period: Mapped[AnalysisPeriod] = mapped_column(Text, primary_key=True)
    area_code: Mapped[str] = mapped_column(Text, primary_key=True)
    """A moughataa's."""
    line: Mapped[int] = mapped_column(Integer)
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    validated_by: Mapped[str] = mapped_column(Text)
    people_1: Mapped[int] = mapped_column(Integer)
    people_2: Mapped[int] = mapped_column(Integer)
    people_3: Mapped[int] = mapped_column(Integer)
    people_4: Mapped[int] = mapped_column(Integer)
    people_5: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(Integer)
    stated_phase: Mapped[int | None] = mapped_column(Integer)

    @property
    def people(self) -> tuple[int, ...]:
        return (self.people_1, self.people_2, self.people_3, self.people_4, self.people_5)


class Analysis(Base):
    """A version of an analysis: a round and a period, as a file told it. The last version holds; earlier ones stay."""

    __tablename__ = "analyses"
    __table_args__ = (
        UniqueConstraint("round", "period", "version", name="uq_analyses_round_period_version"),
        UniqueConstraint("import_id", "round", "period", name="uq_analyses_import_id"),
        CheckConstraint("period IN ('current', 'projected')", name="period"),
        CheckConstraint("from_on <= to_on", name="forwards"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[str] = mapped_column(Text)
    period: Mapped[AnalysisPeriod] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    import_id: Mapped[UUID]
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    validated_by: Mapped[str] = mapped_column(Text)
    """Who validated the analysis, as the file says."""
    areas: Mapped[int] = mapped_column(Integer)
    loaded_by: Mapped[str] = mapped_column(Text)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class TriggerRule(Base):
    """A version of the rule by which an area is proposed as a trigger; rows are only added, the last one is in force."""

    __tablename__ = "trigger_rules"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("percent > 0 AND percent <= 100", name="percent"),
        CheckConstraint("least_phase BETWEEN 2 AND 5", name="least_phase"),
    )

    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    by_wilaya: Mapped[dict[str, str]] = mapped_column(JSONB)
    least_phase: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(Text)
    official: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Trigger(Base):
    """An area that calls for a response: proposed by the rule, or by a person with a reason; decided by a person."""

    __tablename__ = "triggers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["import_id", "round", "period", "area_code"],
            [
                "analysis_areas.import_id",
                "analysis_areas.round",
                "analysis_areas.period",
                "analysis_areas.area_code",
            ],
            name="fk_triggers_area",
        ),
        UniqueConstraint("analysis_id", "area_code", name="uq_triggers_analysis_id_area_code"),
        Index("ix_triggers_status", "status", "id"),
        CheckConstraint("status IN ('proposed', 'validated', 'rejected', 'superseded')", name="status"),
        CheckConstraint("phase BETWEEN 1 AND 5", name="phase"),
        CheckConstraint("rule_phase BETWEEN 1 AND 5", name="rule_phase"),
        CheckConstraint("phase = rule_phase OR reason IS NOT NULL", name="overridden_with_reason"),
        CheckConstraint(
            "(status IN ('validated', 'rejected')) = (decided_at IS NOT NULL) OR status = 'superseded'", name="decided"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    analysis_id: Mapped[UUID] = mapped_column(ForeignKey("analyses.id"))
    import_id: Mapped[UUID]
    round: Mapped[str] = mapped_column(Text)
    period: Mapped[AnalysisPeriod] = mapped_column(Text)
    area_code: Mapped[str] = mapped_column(Text)
    wilaya_code: Mapped[str | None] = mapped_column(Text)
    phase: Mapped[int] = mapped_column(Integer)
    """The one that holds: the rule's, or a person's with `reason`."""
    rule_phase: Mapped[int] = mapped_column(Integer)
    rule_version: Mapped[int] = mapped_column(Integer)
    """0: the standard's, before anybody decided otherwise."""
    percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    """The threshold that the rule had for this area."""
    status: Mapped[TriggerStatus] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    official: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


def analysis_of(area: AnalysisArea, **told: Any) -> Analysis:
    """A version of the analysis that an area's line names."""
    same = ("import_id", "round", "period", "from_on", "to_on", "source", "validated_by")
    return Analysis(**{name: getattr(area, name) for name in same}, **told)
