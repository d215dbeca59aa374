"""`python -m services.registry` serves; `python -m services.registry migrate` migrates."""

from services.registry.app import MIGRATIONS, create_app
from services.registry.settings import RegistrySettings
from shared.service import main

main(RegistrySettings(), create_app, MIGRATIONS)
