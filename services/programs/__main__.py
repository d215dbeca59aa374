"""`python -m services.programs` serves one institution; with the argument `migrate` it migrates its database."""

from services.programs.app import MIGRATIONS, create_app
from services.programs.settings import ProgramsSettings
from shared.service import main

main(ProgramsSettings(), create_app, MIGRATIONS)
