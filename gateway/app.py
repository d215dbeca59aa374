"""The gateway put together."""

from pathlib import Path

from fastapi import APIRouter, FastAPI

from gateway import documentation, health
from gateway.agreements import routes as agreements
from gateway.agreements.admitting import Admission
from gateway.agreements.book import Book
from gateway.agreements.volumes import Volumes
from gateway.agreements.work import agreement_days, agreements_to_decide, first_agreements
from gateway.dashboard import routes as dashboard
from gateway.dashboard.observing import Observatory
from gateway.delivery import routes as feed
from gateway.delivery.bell import Bell
from gateway.delivery.consumers import consumers
from gateway.delivery.work import feed_waiting
from gateway.disclosures.recording import Recorder
from gateway.disclosures.sealing import Sealer
from gateway.disclosures.steps import Recording
from gateway.documentation import ASSETS_PATH, Documentation, described
from gateway.entrance import Gateway
from gateway.limits import Quotas
from gateway.partners import oauth
from gateway.partners.file import load_partners, load_secret_hashes
from gateway.partners.oauth import Clients
from gateway.partners.tokens import Tokens
from gateway.releasing import Releasing
from gateway.routing import Routes
from gateway.settings import GatewaySettings
from shared.service import create_service

MIGRATIONS = Path(__file__).parent / "migrations"
ISSUER = "tekamoul"
"""The issuer of tokens where no public address is configured."""


def create_app(settings: GatewaySettings) -> Gateway:
    """The ASGI application; `.app` is the FastAPI one behind it. Raises NotConfigured where a file is not usable."""
    partners = load_partners(settings.partners_file, settings.institutions_folder)
    clients = Clients(partners, load_secret_hashes(settings.client_secrets_file, partners))
    tokens = Tokens(settings.signing_key_file, partners, str(settings.public_url or ISSUER))
    bell, observatory, book = Bell(), Observatory(settings), Book()
    recorder, sealer = Recorder(), Sealer(lambda: tokens.key)
    recording = Recording(recorder)

    app = create_service(
        settings,
        title="Gateway",
        description="The one door: tokens, agreements, the feed of enrollment changes, the platform's health.",
        routers=[oauth.router, feed.router, agreements.router, dashboard.router],
        migrations=MIGRATIONS,
        consumers=consumers,
        first=first_agreements(settings.agreements_folder, partners, book),
        workers=[bell.listen, observatory.run, recorder.run, sealer.run, book.follow, agreement_days(partners)],
        waiting=feed_waiting,
        to_decide=agreements_to_decide(lambda: admission.held_back()),
    )
    volumes = Volumes(app.state.platform.database)
    admission = Admission(book, volumes, partners, frozenset(settings.service_urls), settings.registry_keeper)
    # The gateway answers for the whole platform at the addresses where a service answers for itself.
    for router in (health.router, documentation.router):
        _first(app, router)
    app.mount(ASSETS_PATH, documentation.assets())
    app.state.partners, app.state.clients, app.state.tokens, app.state.bell = partners, clients, tokens, bell
    app.state.observatory, app.state.recorder, app.state.sealer = observatory, recorder, sealer
    app.state.documentation = Documentation(
        described([oauth.router, feed.router, agreements.router, health.router]), settings.service_urls, partners
    )
    return Gateway(
        settings,
        app,
        tokens,
        Quotas(app.state.platform.database),
        Routes(settings.routes_file),
        admission,
        Releasing([admission.check, recording.record], recording.refused),
    )


def _first(app: FastAPI, router: APIRouter) -> None:
    """Include a router whose routes win over those that are there."""
    app.include_router(router)
    app.router.routes.insert(0, app.router.routes.pop())
