"""The gateway put together."""

from pathlib import Path

from fastapi import APIRouter, FastAPI

from gateway import documentation, health
from gateway.agreements import routes as agreements
from gateway.agreements.admitting import Admission
from gateway.agreements.book import Book
from gateway.agreements.volumes import Volumes
from gateway.agreements.work import agreement_days, agreements_to_decide, first_agreements
from gateway.aliases.naming import Aliases
from gateway.changes import Changes
from gateway.dashboard import routes as dashboard
from gateway.dashboard.observing import Observatory
from gateway.delivery import routes as feed
from gateway.delivery.bell import Bell
from gateway.delivery.consumers import consumers
from gateway.delivery.work import feed_waiting
from gateway.directory import page_routes as partner_pages
from gateway.directory import routes as directory
from gateway.directory import try_routes as trying_out
from gateway.directory.counts import Counts
from gateway.directory.operations import operations
from gateway.disclosures import oversight_routes as oversight
from gateway.disclosures import routes as disclosures
from gateway.disclosures.alerting import watching
from gateway.disclosures.emergency import Emergencies
from gateway.disclosures.erasing import retention
from gateway.disclosures.recording import Recorder
from gateway.disclosures.sealing import Sealer
from gateway.disclosures.steps import Recording
from gateway.disclosures.work import disclosures_to_decide
from gateway.documentation import ASSETS_PATH, Documentation
from gateway.entrance import Gateway
from gateway.files.looking import Looks
from gateway.limits import Quotas
from gateway.operators import own_routes, sign_routes
from gateway.operators import routes as operators
from gateway.operators.factors import FactorKey
from gateway.operators.oidc import issuer_of
from gateway.operators.refusing import show_refusals
from gateway.operators.sessions import Sessions
from gateway.partners import oauth
from gateway.partners import routes as partner_routes
from gateway.partners.books import Books
from gateway.partners.clients import Clients
from gateway.partners.file import load_partners, load_secret_hashes, refuse_weak_internal_key
from gateway.partners.seeding import add_unknown, tell_differing
from gateway.partners.signing import SigningKeys
from gateway.partners.tokens import Tokens
from gateway.partners.work import forget_ended, note_uses, watch_keys
from gateway.releasing import Releasing
from gateway.resolving import routes as resolving
from gateway.routing import Routes
from gateway.settings import GatewaySettings
from gateway.slots import Slots
from gateway.traffic import routes as traffic_routes
from gateway.traffic.recording import TrafficRecorder
from shared.platform import Platform, Waiting
from shared.service import create_service

MIGRATIONS = Path(__file__).parent / "migrations"
ISSUER = "tekamoul"
"""The issuer of tokens where no public address is configured."""


def create_app(settings: GatewaySettings) -> Gateway:
    """The ASGI application; `.app` is the FastAPI one behind it. Raises NotConfigured where a file is not usable."""
    seeds = load_partners(settings.partners_file, settings.institutions_folder)
    hashes = load_secret_hashes(settings.client_secrets_file, seeds)
    refuse_weak_internal_key(settings.internal_key_file)
    keys, issuer = SigningKeys(settings.signing_key_file), str(settings.public_url or ISSUER)
    books, book = Books(sandbox=settings.sandbox), Book()
    changes, partners = Changes([books.read, book.read]), books.partners
    tokens, sessions = Tokens(keys, books, issuer, changes), Sessions(by_tls=settings.by_tls, idle=settings.idle)
    enter_agreements = first_agreements(settings.agreements_folder, seeds, partners)
    bell, observatory = Bell(), Observatory(settings)
    recorder, sealer = Recorder(), Sealer(lambda: tokens.key)
    recording, traffic = Recording(recorder), TrafficRecorder(settings.traffic_days)
    clients = Clients(books, changes, {issuer, f"{issuer.rstrip('/')}/oauth2/token"})
    routes, slots = Routes(settings.routes_file), Slots()

    async def first(platform: Platform) -> None:
        async with platform.database.transaction() as tx:
            await add_unknown(tx, seeds, hashes)
            await tell_differing(tx, seeds)
        await changes.read(platform)  # agreements are entered for the partners there are
        await enter_agreements(platform)
        await changes.read(platform)

    async def waiting(platform: Platform) -> dict[str, int]:
        return await feed_waiting(platform) | keys.waiting()

    app = create_service(
        settings,
        title="Gateway",
        description="The one door: tokens, agreements, the feed of enrollment changes, the platform's health.",
        routers=[
            *(oauth.router, partner_routes.router, partner_routes.own, operators.router),
            *(sign_routes.signing, own_routes.router, own_routes.shown_pages),
            *(feed.router, agreements.router, disclosures.router, oversight.router, resolving.router),
            *(directory.own, directory.partners, directory.exchanges, partner_pages.router, trying_out.router),
            *(traffic_routes.router, dashboard.router, dashboard.files),
        ],
        migrations=MIGRATIONS,
        consumers=consumers,
        first=first,
        workers=[
            *(changes.follow, watch_keys(keys), forget_ended, note_uses(clients), agreement_days(partners)),
            *(slots.run, bell.listen, observatory.run, recorder.run, sealer.run, traffic.run),
            *(watching(settings.reading_bounds()), retention(settings.disclosure_retention_days)),
        ],
        waiting=waiting,
        to_decide=together(agreements_to_decide(lambda: admission.held_back()), disclosures_to_decide),
    )
    volumes = Volumes(app.state.platform.database)
    admission = Admission(book, volumes, partners, frozenset(settings.service_urls), settings.registry_keeper)
    app.state.admission, emergencies = admission, Emergencies(app.state.platform.database)
    # The gateway answers for the whole platform at the addresses where a service answers for itself.
    for router in (health.router, documentation.router):
        _first(app, router)
    show_refusals(app)
    app.mount(ASSETS_PATH, documentation.assets())
    app.state.partners, app.state.tokens, app.state.bell = partners, tokens, bell
    app.state.clients, app.state.seeds, app.state.books = clients, seeds, books
    app.state.sandbox, app.state.counts = settings.sandbox, Counts()
    app.state.operations = operations(routes.all, app.routes, settings.service_urls)
    app.state.sessions, app.state.issuer = sessions, issuer_of(settings)
    app.state.factor_key = FactorKey(settings.internal_key_file)
    app.state.observatory, app.state.recorder, app.state.sealer = observatory, recorder, sealer
    app.state.documentation = Documentation(
        [
            oauth.router,
            partner_routes.own,
            feed.router,
            agreements.router,
            disclosures.router,
            oversight.router,
            resolving.router,
            directory.own,
            traffic_routes.router,
            health.router,
        ],
        settings.service_urls,
        partners,
    )
    app.state.traffic = traffic
    aliases = Aliases(app.state.platform.database, settings.registry_keeper)
    return Gateway(
        settings,
        app,
        tokens,
        Quotas(app.state.platform.database, slots),
        routes,
        admission,
        emergencies,
        aliases,
        traffic,
        Releasing(
            [Looks().look, admission.check, aliases.name, emergencies.check, recording.record], recording.refused
        ),
        sessions,
    )


def together(*counts: Waiting) -> Waiting:
    """What several kinds of work count, as one."""

    async def count(platform: Platform) -> dict[str, int]:
        return {kind: found for one in counts for kind, found in (await one(platform)).items()}

    return count


def _first(app: FastAPI, router: APIRouter) -> None:
    """Include a router whose routes win over those that are there."""
    app.include_router(router)
    app.router.routes.insert(0, app.router.routes.pop())
