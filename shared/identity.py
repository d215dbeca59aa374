"""Who calls, and what they may do.

Outside, partners carry the gateway's tokens. Inside, identity travels in a token of 60 s signed with the platform's
internal key; headers that claim an identity count for nothing.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from shared.agreements import Agreement
from shared.errors import NotPermitted, Unauthenticated
from shared.logs import log

AUDIENCE = "tekamoul-internal"
TOKEN_SECONDS = 60
REMINT_SECONDS = 20
"""A cached token is replaced this long before it ends, so that none expires on the way."""
SHORTEST_KEY_BYTES = 32
INTERNAL = "internal"
"""The permission of `/internal/...` routes: services among themselves."""
CACHED_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request acts for. `programs` are those the caller keeps and pushes; `covers`, those about which its agreement
    lets it ask whether a household of its own is in them. `agreement` and `purpose` are those that this request names."""

    name: str
    permissions: frozenset[str]
    programs: frozenset[str] = frozenset()
    covers: frozenset[str] = frozenset()
    agreement: Agreement | None = None
    purpose: str | None = None

    def may(self, permission: str) -> bool:
        return permission in self.permissions


class InternalKey:
    """Signs and verifies the tokens that services show one another."""

    def __init__(self, file: Path) -> None:
        secret = file.read_bytes().strip()
        if len(secret) < SHORTEST_KEY_BYTES:
            raise ValueError(f"{file} holds less than {SHORTEST_KEY_BYTES} bytes: not a key")
        self._key = OctKey.import_key(secret)
        self._minted: dict[Caller, tuple[float, str]] = {}
        self._verified: dict[bytes, tuple[float, Caller]] = {}

    def token(self, caller: Caller) -> str:
        """A token that speaks for `caller`, good for a minute; the same one while it lasts."""
        moment = time.time()
        expires, token = self._minted.get(caller, (0.0, ""))
        if expires - moment < REMINT_SECONDS:
            expires = moment + TOKEN_SECONDS
            claims: dict[str, Any] = {
                "aud": AUDIENCE,
                "sub": caller.name,
                "exp": int(expires),
                "scope": " ".join(sorted(caller.permissions)),
                "programs": sorted(caller.programs),
                "covers": sorted(caller.covers),
            }
            if caller.agreement is not None:
                claims |= {"agreement": caller.agreement.told(), "purpose": caller.purpose}
            token = jwt.encode({"alg": "HS256"}, claims, self._key, algorithms=["HS256"])
            _remember(self._minted, caller, (expires, token))
        return token

    def caller(self, token: str) -> Caller:
        """The caller a token speaks for; Unauthenticated where it is not ours or has expired."""
        fingerprint = hashlib.sha256(token.encode()).digest()
        expires, caller = self._verified.get(fingerprint, (0.0, None))
        if caller is not None and expires > time.time():
            return caller
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            jwt.JWTClaimsRegistry(
                aud={"essential": True, "value": AUDIENCE}, exp={"essential": True}, sub={"essential": True}
            ).validate(claims)
        except (JoseError, ValueError):
            raise Unauthenticated from None
        caller = Caller(
            claims["sub"],
            frozenset(claims["scope"].split()),
            frozenset(claims["programs"]),
            # A gateway of the version before this one does not name them: then none.
            frozenset(claims.get("covers", ())),
            Agreement.read(claims["agreement"]) if claims.get("agreement") else None,
            claims.get("purpose"),
        )
        _remember(self._verified, fingerprint, (float(claims["exp"]), caller))
        return caller


def _remember(cache: dict[Any, Any], key: Any, value: Any) -> None:
    if len(cache) >= CACHED_TOKENS:
        cache.clear()
    cache[key] = value


def bearer(authorization: str | None) -> str:
    """The token in an Authorization header; Unauthenticated where there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    return token.strip()


async def _caller(request: Request) -> Caller:
    key: InternalKey = request.app.state.platform.internal_key
    return key.caller(bearer(request.headers.get("authorization")))


class Permission:
    """A dependency: lets callers pass who hold the permission, and yields who it is.

    Who holds `under_agreement` alone passes where the request names an agreement: the route shows no more than that allows.
    """

    def __init__(self, name: str, under_agreement: str | None = None) -> None:
        self.name, self.under_agreement = name, under_agreement

    async def __call__(self, caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        shared = caller.agreement is not None and self.under_agreement in caller.permissions
        if not caller.may(self.name) and not shared:
            log.warning("permission_missing", caller=caller.name, permission=self.name)
            raise NotPermitted(permission=self.name)
        return caller

    def __repr__(self) -> str:
        return f"Permission({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Permission) and (other.name, other.under_agreement) == (
            self.name,
            self.under_agreement,
        )

    def __hash__(self) -> int:
        return hash((self.name, self.under_agreement))


def permitted(permission: str, *, under_agreement: str | None = None) -> Any:
    """`by: Annotated[Caller, permitted("enrollments:write")]`, or in a route's or router's dependencies."""
    return Depends(Permission(permission, under_agreement))


class Own(Permission):
    """A dependency: lets every known caller pass, and yields who it is. For a route that shows the caller nothing but its own."""

    def __init__(self) -> None:
        super().__init__("own")

    async def __call__(self, caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        return caller


only_own: Any = Depends(Own())
"""`by: Annotated[Caller, only_own]`: whoever is known; never more than the caller's own."""


class Open:
    """The mark of a route that needs no identity and gives nothing of a partner or a person away."""

    async def __call__(self) -> None:
        return None


open_to_all = Depends(Open())


def permission_of(route: Any) -> str | None:
    """The permission a route (or its context, see `api_routes`) declares; "open" or "own" where it says so, None for nothing."""
    declared = _declared(route.dependant)
    if declared is None:
        return None
    return declared.name if isinstance(declared, Permission) else "open"


def permission_under_agreement(route: Any) -> str | None:
    """The permission that is enough for a request which names an agreement; None where there is no such."""
    declared = _declared(route.dependant)
    return declared.under_agreement if isinstance(declared, Permission) else None


def _declared(dependant: Any) -> Permission | Open | None:
    """What a route's dependencies say first of who may call it."""
    if isinstance(dependant.call, Permission | Open):
        return dependant.call
    return next((found for child in dependant.dependencies if (found := _declared(child)) is not None), None)


def api_routes(routes: list[Any]) -> Iterator[RouteContext]:
    """Every API route of an app, as it stands there: with the prefixes and dependencies of its routers.

    An app keeps an included router as one entry of `routes`, so a walk over those alone meets no route at all.
    """
    return (one for one in iter_route_contexts(routes) if isinstance(one.original_route, APIRoute))


class UndeclaredPermission(Exception):
    """A route says neither what permission it needs nor that it is open; the service refuses to start."""


def refuse_undeclared(routes: list[Any]) -> None:
    """Raise UndeclaredPermission for the first route without one. Run when a service is put together."""
    for route in api_routes(routes):
        if permission_of(route) is None:
            raise UndeclaredPermission(f"{sorted(route.methods or ())} {route.path} declares no permission")
