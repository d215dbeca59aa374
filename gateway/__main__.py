"""`python -m gateway` serves; `python -m gateway migrate` migrates."""

import sys

from gateway.app import MIGRATIONS, create_app
from gateway.partners.file import NotConfigured
from gateway.settings import GatewaySettings
from shared.service import main

settings = GatewaySettings()
try:
    main(settings, create_app, MIGRATIONS)
except NotConfigured as fault:
    sys.exit(fault.text.in_(settings.lang))
