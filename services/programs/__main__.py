"""`python -m services.programs` serves one institution; with the argument `migrate` it migrates its database."""

import gc

gc.disable()  # until it serves: what is imported and put together stays, and to look at it takes a sixth of a start

from services.programs.app import MIGRATIONS, create_app
from services.programs.settings import ProgramsSettings
from shared.service import main

main(ProgramsSettings(), create_app, MIGRATIONS)
