"""Settings of the gateway process."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl

from gateway.disclosures.bounds import Bounds
from shared.settings import ServiceSettings

SHIPPED_PARTNERS = Path(__file__).parent / "partners.toml"
SHIPPED_ROUTES = Path(__file__).parent / "routes.json"
"""Written by `tekamoul docs`, which `make lint` holds current."""
SHIPPED_AGREEMENTS = Path(__file__).parent / "agreements" / "examples"


class GatewaySettings(ServiceSettings):
    name: str = "gateway"
    signing_key_file: Path
    """The ES256 private key (JWK, or a JWK Set after a rotation) that signs partners' tokens."""
    client_secrets_file: Path
    """JSON: partner -> SHA-256 of its client secret, in hex; for partners that the database does not know yet."""
    sandbox: bool = False
    """Whether this is the gateway of a sandbox: it knows only sandbox partners, and one of the real platform only the others."""
    partners_file: Path = SHIPPED_PARTNERS
    routes_file: Path = SHIPPED_ROUTES
    institutions_folder: Path | None = None
    """Catalogs of institutions that do not ship with this version; each has its partner in it."""
    agreements_folder: Path = SHIPPED_AGREEMENTS
    """Agreements that the first start enters; afterwards the database has them."""
    registry_keeper: str = "taazour"
    """The partner whose data the registry's are: for all others they are another institution's."""
    disclosure_retention_days: int = Field(1_826, ge=90)
    """How long the disclosure log keeps names, at least, counted by months; its rows and their hashes stay. No law names the days:
    five years, within which an act may be contested."""
    most_people_an_hour: int = Field(50_000, ge=1)
    """Of how many different people a partner's answers may tell before somebody looks: the largest list has some 20,000."""
    most_people_an_hour_of_official: int = Field(300, ge=1)
    """The same of one official: a person looks at five a minute at the most."""
    most_guesses: int = Field(100, ge=1)
    """How many ids that are not there a partner may ask for in ten minutes before somebody looks."""
    nats_monitor_url: str | None = None
    public_url: HttpUrl | None = None
    """The address partners know; the issuer of tokens, and by its scheme the sign that TLS is in front."""
    private_socket: Path | None = None
    """A socket of the file system to listen on as well, for the proxy in front alone: it says who calls by which certificate."""
    idle_minutes: int = Field(30, ge=1)
    """How long a session at the dashboard may rest before it ends; the screen of an operator is watched, and stays."""
    oidc_issuer: str | None = None
    """The issuer (OpenID Connect) at which people who sign in to the dashboard have accounts."""
    oidc_client_id: str | None = None
    """What we are called there."""
    oidc_client_secret_file: Path | None = None
    """The secret by which we are known there."""
    oidc_two_factors: str | None = None
    """Values of `acr` or `amr`, apart by spaces, by which it says that it asked for two factors (such as `mfa`); without one it is
    believed for one factor alone."""
    lang: Literal["ar", "fr", "en"] = "fr"
    """The language of what is said to the operator's terminal."""
    answer_seconds: float = 30.0
    """How long a service may take to begin its answer."""
    traffic_days: int = 30
    """How long the traffic record keeps a request."""

    @property
    def by_tls(self) -> bool:
        """Whether partners and browsers reach us by TLS, which a proxy in front speaks."""
        return self.public_url is not None and self.public_url.scheme == "https"

    @property
    def idle(self) -> timedelta:
        return timedelta(minutes=self.idle_minutes)

    def reading_bounds(self) -> Bounds:
        """What alerts are raised by."""
        return Bounds(self.most_people_an_hour, self.most_people_an_hour_of_official, self.most_guesses)
