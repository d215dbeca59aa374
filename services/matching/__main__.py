"""`python -m services.matching` serves; `python -m services.matching migrate` migrates."""

import gc

gc.disable()  # until it serves: what is imported and put together stays, and to look at it takes a sixth of a start

from services.matching.app import MIGRATIONS, create_app
from services.matching.settings import MatchingSettings
from shared.service import main

main(MatchingSettings(), create_app, MIGRATIONS)
