"""`python -m services.registry` serves; `python -m services.registry migrate` migrates."""

import gc

gc.disable()  # until it serves: what is imported and put together stays, and to look at it takes a sixth of a start

from services.registry.app import MIGRATIONS, create_app
from services.registry.settings import RegistrySettings
from shared.service import main

main(RegistrySettings(), create_app, MIGRATIONS)
