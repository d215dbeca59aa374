"""Settings of the matching process."""

from shared.settings import ServiceSettings


class MatchingSettings(ServiceSettings):
    name: str = "matching"
