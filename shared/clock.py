"""The one place that asks what time it is, so that rules and tests can be given a time."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC (Mauritania's civil time all year)."""
    return datetime.now(UTC)
