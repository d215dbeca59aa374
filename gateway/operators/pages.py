"""The pages for signing in and out, and a person's own, in the look of the dashboard."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel

from gateway.dashboard.assets import load_assets
from gateway.dashboard.words import LANGUAGE_NAMES, Writer
from gateway.operators import factors
from gateway.operators.models import Operator, OperatorSession
from gateway.operators.proving import Offer
from gateway.operators.roles import NAMES
from gateway.operators.words import DONE, WORDS
from gateway.security import PAGE_POLICY
from shared.text import Language

HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
    "Content-Security-Policy": PAGE_POLICY.decode(),
    "Referrer-Policy": "same-origin",  # with none at all a browser hides from our own form where it comes from
}


class SessionOut(BaseModel):
    """One session: since when, when last used (to the minute), when it ends at the latest, and from which address.

    `here`: whether it is the one that asks.
    """

    id: str
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str | None
    here: bool

    @classmethod
    def of(cls, row: OperatorSession, *, here: bool) -> Self:
        told = {name: getattr(row, name) for name in ("began_at", "seen_at", "ends_at", "address")}
        return cls(id=row.token_sha256.hex(), here=here, **told)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person's own page tells."""

    operator: Operator
    recovery_codes: int
    sessions: list[SessionOut]


QUIET = 4
"""Squares left white around the picture that an authenticator scans (ISO/IEC 18004)."""


class SignPages:
    """Renders each page from its template. `refused` says why the last attempt failed."""

    def __init__(self) -> None:
        self._assets = load_assets()
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )

    def sign_in(self, language: Language, refused: str = "", *, by_account: bool) -> str:
        """The form. `by_account`: with the way to the institution's issuer."""
        return self._render("sign_in", language, "/dashboard/sign-in", refused=refused, by_account=by_account)

    def first_password(self, language: Language, csrf: str, refused: str = "") -> str:
        """Where another password is chosen in the place of the first one."""
        here = "/dashboard/sign-in/password"
        return self._render("first_password", language, here, refused=refused, csrf=csrf)

    def code(self, language: Language, csrf: str, refused: str = "") -> str:
        """Where the second factor is shown."""
        return self._render("code", language, "/dashboard/sign-in/code", refused=refused, csrf=csrf)

    def first_factor(self, language: Language, name: str, csrf: str, offer: Offer, refused: str = "") -> str:
        """Where a second factor is taken up that the role needs."""
        here = "/dashboard/sign-in/factor"
        return self._factor(language, here, name, csrf, offer, refused, proof="", about="factor_needed")

    def own_factor(self, language: Language, operator: Operator, csrf: str, offer: Offer, refused: str = "") -> str:
        """Where another second factor is taken up, by who shows the one there is, or her password."""
        given = {"proof": _proof_of(operator), "about": "factor_about"}
        return self._factor(language, "/dashboard/own/factor", operator.name, csrf, offer, refused, **given)

    def recovery_codes(self, language: Language, codes: list[str], onward: str) -> str:
        """The recovery codes, which are shown this once: no link to another language, which would lose them."""
        return self._render("recovery_codes", language, "", codes=codes, onward=onward)

    def sign_out(self, language: Language, name: str, role: str, csrf: str) -> str:
        """Who is signed in, and the form that ends it."""
        said = NAMES[role].in_(language)
        return self._render("sign_out", language, "/dashboard/sign-out", name=name, role=said, csrf=csrf)

    def own(self, language: Language, shown: Shown, csrf: str, *, refused: str = "", done: str = "") -> str:
        """What a person may change about her own way in. `done`: what she has just changed."""
        role, said = NAMES[shown.operator.role].in_(language), DONE.get(done, "")
        given: dict[str, Any] = {
            "shown": shown,
            "proof": _proof_of(shown.operator),
            "role": role,
            "csrf": csrf,
            "done": said,
        }
        return self._render("own", language, "/dashboard/own", refused=refused, **given)

    def refused(self, language: Language, reason: str, code: str, request: str) -> str:
        """Why a page was not shown, by which code, and by which id the logs know the request."""
        return self._render("refused", language, "", refused=reason, code=code, request=request)

    def _factor(
        self, language: Language, here: str, name: str, csrf: str, offer: Offer, refused: str, **given: str
    ) -> str:
        address = factors.address(offer.secret, name)
        squares = [bytes(row) for row in segno.make(address, error="m").matrix_iter(border=QUIET)]
        given |= {"csrf": csrf, "offer": offer.sealed, "secret": factors.shown(offer.secret)}
        return self._render("factor", language, here, refused=refused, otpauth=address, squares=squares, **given)

    def _render(self, page: str, language: Language, here: str, *, refused: str = "", **given: Any) -> str:
        write = Writer(language)

        def word(one: str, **values: object) -> str:
            return write.text(WORDS[one]).format(**values)

        return self._templates.get_template(f"{page}.html").render(
            write=write,
            word=word,
            languages=LANGUAGE_NAMES,
            assets=self._assets,
            address=self._address,
            title=page,
            here=here,
            refused=refused,
            **given,
        )

    def _address(self, name: str) -> str:
        return f"/dashboard/static/{name}?v={self._assets[name].etag[1:13]}"


def _proof_of(operator: Operator) -> str:
    """By what a person shows again who she is; nothing for who comes by an account alone."""
    if operator.factor_secret is not None:
        return "present_code"
    return "old_password" if operator.password_hash is not None else ""


pages = SignPages()
