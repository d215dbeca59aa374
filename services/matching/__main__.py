"""`python -m services.matching` serves; `python -m services.matching migrate` migrates."""

from services.matching.app import MIGRATIONS, create_app
from services.matching.settings import MatchingSettings
from shared.service import main

main(MatchingSettings(), create_app, MIGRATIONS)
