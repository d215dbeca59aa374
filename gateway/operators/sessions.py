"""Who sits at a browser: its cookie, and the proof that a change was asked for by a page of ours."""

import base64
import hashlib
import hmac
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from gateway.asgi import Scope, header
from gateway.operators.errors import FormForeign
from gateway.operators.models import Operator, OperatorSession
from gateway.operators.roles import PERMISSIONS, PERSON, WATCHED
from gateway.operators.signing_in import SESSION_TIME, SIGN_IN_TIME
from gateway.operators.tokens import fingerprint
from shared.clock import now
from shared.errors import Unauthenticated
from shared.identity import Caller
from shared.platform import Platform
from shared.problems import language_of, problem

COOKIE, COOKIE_BY_TLS = "tekamoul_session", "__Host-tekamoul_session"
"""Behind TLS the prefix makes the browser refuse it from any other host or without Secure."""
ATTEMPT = "tekamoul_oidc"
HALFWAY = "tekamoul_sign_in"
CSRF_HEADER = b"tekamoul-csrf"
HOME, SIGN_IN, SIGN_OUT, OWN = "/dashboard", "/dashboard/sign-in", "/dashboard/sign-out", "/dashboard/own"
PARTNER_PAGES = "/dashboard/partners"
LED_TO_SIGN_IN = (PARTNER_PAGES, "/dashboard/traffic", OWN)
"""Pages, beside the screen itself, that a person may have kept the address of."""
OPEN_PAGES = (SIGN_IN, SIGN_OUT, "/dashboard/static/")
BY_ITSELF = ("/dashboard/stream", "/dashboard/fragment")
"""What an open page asks for while nobody touches it."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly a session knows when it was last used: one write a minute."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_COOKIES = 4096


class Sessions:
    """Reads and writes the session's cookie. `idle`: how long a session may rest, but for those of screens that are watched."""

    def __init__(self, *, by_tls: bool, idle: timedelta) -> None:
        self._by_tls, self._idle = by_tls, idle
        self.cookie = COOKIE_BY_TLS if by_tls else COOKIE

    def token(self, scope: Scope) -> str | None:
        """The session's token that the browser shows."""
        return _cookie(scope, self.cookie)

    def halfway(self, scope: Scope) -> str | None:
        """The token of a sign-in that has a step left."""
        return _cookie(scope, HALFWAY)

    def set_cookie(self, token: str) -> str:
        """The Set-Cookie header; an empty token takes the cookie away."""
        seconds = int(SESSION_TIME.total_seconds()) if token else 0
        secure = "; Secure" if self._by_tls else ""
        return f"{self.cookie}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"

    def attempt_cookie(self, value: str, seconds: int) -> str:
        """The Set-Cookie header of an attempt to sign in by an account."""
        return self._of_signing_in(ATTEMPT, value, seconds)

    def halfway_cookie(self, token: str) -> str:
        """The Set-Cookie header of a sign-in that has a step left; an empty token takes the cookie away."""
        return self._of_signing_in(HALFWAY, token, int(SIGN_IN_TIME.total_seconds()) if token else 0)

    def _of_signing_in(self, name: str, value: str, seconds: int) -> str:
        """Lax, since the browser may come back from the institution's issuer."""
        secure = "; Secure" if self._by_tls else ""
        return f"{name}={value}; Path={SIGN_IN}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"

    async def caller(self, platform: Platform, scope: Scope) -> Caller | None:
        """Who signed in at this browser, with the permissions of the role today; None for nobody.

        FormForeign where a change is asked for (by the API) without the word that only a page of ours knows.
        """
        token = self.token(scope)
        used = not scope["path"].startswith(BY_ITSELF)
        operator = await self.operator(platform, token, used=used) if token else None
        if token is None or operator is None:
            return None
        if scope["method"] not in SAFE_METHODS and scope["path"].startswith("/v1/"):
            refuse_foreign(token, header(scope, CSRF_HEADER))
        return Caller(PERSON + operator.name, PERMISSIONS[operator.role])

    async def operator(self, platform: Platform, token: str, *, used: bool = False) -> Operator | None:
        """Whose session it is, asked of the database each time: what ends there ends here. `used`: by the person, just now."""
        mine = OperatorSession.token_sha256 == fingerprint(token)
        wanted = select(Operator, OperatorSession.seen_at).join(
            OperatorSession, OperatorSession.operator == Operator.name
        )
        async with platform.database.transaction() as tx:
            found = (await tx.execute(wanted.where(mine, *self._good()))).first()
            if found is not None and used and now() - found.seen_at > SEEN_EVERY:
                await tx.execute(update(OperatorSession).where(mine).values(seen_at=now()))
        return found.Operator if found is not None else None

    async def of(self, tx: AsyncSession, name: str) -> list[OperatorSession]:
        """The sessions of a person that have not ended, the newest first."""
        wanted = select(OperatorSession).join(Operator, OperatorSession.operator == Operator.name)
        rows = await tx.scalars(
            wanted.where(Operator.name == name, *self._good()).order_by(OperatorSession.began_at.desc())
        )
        return list(rows)

    def _good(self) -> list[ColumnElement[bool]]:
        awake = or_(Operator.role == WATCHED, OperatorSession.seen_at > now() - self._idle)
        return [OperatorSession.ends_at > now(), Operator.disabled_at.is_(None), awake]


def _cookie(scope: Scope, name: str) -> str | None:
    said = header(scope, b"cookie")
    if said is None or len(said) > LONGEST_COOKIES:
        return None
    try:
        found = SimpleCookie(said).get(name)
    except CookieError:
        return None
    return found.value if found is not None and found.value else None


def needs_sign_in(path: str) -> bool:
    """The dashboard's pages; not the page for signing in, nor the files it shows."""
    return path.startswith("/dashboard") and not path.startswith(OPEN_PAGES)


def to_sign_in(scope: Scope) -> Response:
    """Where a person goes who has not signed in: a page is led there, a script or stream of a page is told 401."""
    if scope["method"] == "GET" and (scope["path"] == HOME or scope["path"].startswith(LED_TO_SIGN_IN)):
        return RedirectResponse(SIGN_IN, 303, {"Cache-Control": "no-store"})
    return problem(Unauthenticated(), language_of(header(scope, b"accept-language")))


def csrf_of(token: str) -> str:
    """The word a page of this session sends along; another site can make the browser send the cookie, but not this."""
    digest = hmac.new(token.encode(), b"csrf", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def refuse_foreign(token: str, said: str | None) -> None:
    """FormForeign unless `said` is this session's word."""
    if said is None or not hmac.compare_digest(csrf_of(token).encode(), said.encode("utf-8", "surrogatepass")):
        raise FormForeign


def refuse_from_elsewhere(scope: Scope) -> None:
    """FormForeign for a form that another site's page sends. Before a session there is no word to ask for."""
    site, origin, host = (header(scope, name) for name in (b"sec-fetch-site", b"origin", b"host"))
    if site is not None:  # the browser's own word, which no page can set
        if site != "same-origin":
            raise FormForeign
    elif origin is not None and origin.partition("://")[2] != host:
        raise FormForeign
