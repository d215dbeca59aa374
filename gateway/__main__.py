"""`python -m gateway` serves; `python -m gateway migrate` migrates."""

import gc

gc.disable()  # until it serves: what is imported and put together stays, and to look at it takes a sixth of a start

import socket
import sys

from gateway.app import MIGRATIONS, create_app
from gateway.fronting import private_socket
from gateway.partners.file import NotConfigured
from gateway.settings import GatewaySettings
from shared.service import main

settings = GatewaySettings()


def sockets() -> list[socket.socket]:
    return [private_socket(settings.private_socket)] if settings.private_socket else []


try:
    main(settings, create_app, MIGRATIONS, sockets)
except NotConfigured as fault:
    sys.exit(fault.text.in_(settings.lang))
