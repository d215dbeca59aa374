"""Settings of the registry process."""

from shared.settings import ServiceSettings


class RegistrySettings(ServiceSettings):
    name: str = "registry"
